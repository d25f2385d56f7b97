//! A training run.

use std::ops::ControlFlow;
use std::sync::Arc;

use latentia_nn::{
    Adversary, AdversaryStep, Collective, Discriminator, Objective, Step, StepOptions,
};
use latentia_tensor::{Matrix, Rows, Subset, Targets};

use super::balance::Balance;
use super::fitted::Fitted;
use super::gradients::{GradientFault, GradientReport};
use super::penalty_sums::PenaltySums;
use super::pseudo_inputs;
use super::split::Split;
use super::standing::Standing;
use super::state::RunState;
use crate::autoencoder::inference::column_means;
use crate::{
    Autoencoder, BoxError, Epoch, FrozenPart, ModelError, Scaled, Scaling, StoppedBy, StoredTensor,
    TrainingSpec,
};

/// A training run: a model, its examples, and all that a checkpoint has to hold.
///
/// [`Autoencoder::fit`] is the whole of it in one call. Epoch by epoch:
///
/// ```
/// use std::ops::ControlFlow;
///
/// use latentia_models::{ModelSpec, Training, TrainingSpec, Validation};
/// use latentia_tensor::Matrix;
///
/// let spec: ModelSpec = toml::from_str(r#"
///     likelihood = "mse"
///     encoder = [{ layer = "dense", units = 1 }]
///     decoder = [{ layer = "dense" }]
/// "#)?;
/// let mut model = spec.build(&[2], 42)?;
/// let line = (0..50).flat_map(|i| [i as f32 / 50.0, 1.0 - i as f32 / 25.0]).collect();
/// let points = Matrix::from_vec(50, 2, line);
///
/// let spec = TrainingSpec { epochs: 3, validation: Validation::Share(0.2), ..TrainingSpec::default() };
/// let mut training = Training::new(&mut model, spec, 42, &points, None)?;
/// assert_eq!(training.split().validation_rows().map(|rows| rows.rows()), Some(10));
/// while let ControlFlow::Continue(epoch) = training.fit_epoch(&mut ())? {
///     // The model may be looked at and used in between.
///     assert_eq!(training.model().encode(&points)?.rows(), 50);
///     assert!(epoch.validation_loss.is_some_and(f64::is_finite));
/// }
/// assert_eq!(training.history().len(), 3);
/// training.restore_best();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Training<'a> {
    pub(crate) model: &'a mut Autoencoder,
    pub(crate) spec: TrainingSpec,
    pub(crate) seed: u64,
    pub(crate) step: Step,
    /// The training of a discriminator, where there is one.
    pub(crate) adversary: Option<AdversaryStep>,
    pub(crate) state: RunState,
    /// What follows from its history.
    standing: Standing,
    /// Parameters after the best epoch.
    pub(crate) best: Option<Vec<Matrix>>,
    /// Those that the run began with, until it has better ones to go back to.
    pub(crate) initial: Option<Vec<Matrix>>,
    pub(super) split: Split<'a>,
    /// Numbers of the training examples, in the order of the epoch under way.
    pub(super) order: Vec<u32>,
    /// What penalties have added to the losses of the epoch under way, a discriminator's loss, and of how many examples.
    pub(super) penalties: PenaltySums,
    /// Where every class is to come equally often.
    pub(super) balance: Option<Balance>,
    /// Whether the model had learned before.
    warm_start: bool,
    /// Whether the model has the weights that it is to keep.
    pub(super) is_over: bool,
    attach: Vec<&'a Attach<'a>>,
}

/// What fits something to a model and the examples that it learned from and was validated on, as tensors to keep with it.
pub type Attach<'a> =
    dyn Fn(&Autoencoder, &Split<'_>) -> Result<Vec<StoredTensor>, BoxError> + Sync + 'a;

impl<'a> Training<'a> {
    /// Prepares to train `model` on `examples`, without those that `spec.validation` and `spec.test` hold out; `test` are those that the
    /// data keeps apart.
    ///
    /// The preprocessing constants are learned from the training examples alone. A model that [has learned before](
    /// Autoencoder::is_fitted) keeps its own, and goes on from its weights; see [`Autoencoder::forget_scaling`].
    ///
    /// # Errors
    /// When a value of `spec` is out of range or cannot be had of these examples, there are none, or they do not fit the model.
    pub fn new(
        model: &'a mut Autoencoder,
        spec: TrainingSpec,
        seed: u64,
        examples: &'a dyn Rows,
        test: Option<&'a dyn Rows>,
    ) -> Result<Self, ModelError> {
        spec.check()?;
        let split = Split::new(examples, test, &spec, model.windows(), seed)?;
        let examples = &split.training;
        let spec = spec.resolved(examples.rows());
        check(model, &spec, examples)?;
        let adversary = model
            .discriminator
            .map(|own| Adversary::new(own, model.code_width(), seed));
        let options = StepOptions {
            objective: Objective {
                adversary: adversary.transpose()?,
                ..model.objective()
            },
            optimizer: spec.optimizer,
            clip_norm: spec.clip_norm,
            seed,
            frozen: model.frozen_layers(&spec.freeze),
        };
        let batch_size = spec.batch_size.min(examples.rows());
        let step = Step::new(&model.chain, batch_size, options);
        if !step.learns(&model.chain) {
            return Err(nothing_learns(&spec.freeze));
        }
        let balanced = spec.balance_classes.then(|| Balance::new(examples));
        let balance = balanced.transpose()?;
        let parts = [Some(examples as &dyn Rows), split.validation_rows()];
        // Refuses another width, and labels that are missing, before anything is learned.
        for rows in parts.into_iter().flatten() {
            model.scaled(rows)?;
        }
        let scaling = scaling(model, &split)?;
        model.scaling = scaling;
        if !model.is_fitted {
            learn_statistic(model, examples)?;
            pseudo_inputs::begin_at_examples(model, examples, seed)?;
        }
        if let Some(bias) = model.output_bias.filter(|_| !model.is_fitted) {
            let means = column_means(&Scaled::new(&Targets(examples), &model.scaling))?;
            bias.set(&mut model.chain, &means);
        }
        Ok(Self {
            warm_start: model.is_fitted,
            is_over: false,
            adversary: AdversaryStep::new(&model.chain, &step),
            step,
            best: None,
            initial: Some(weights(model)),
            standing: Standing::of(&[], model.warm_up(), &spec.schedule),
            model,
            spec,
            seed,
            state: RunState::default(),
            order: (0..split.training.rows() as u32).collect(),
            penalties: PenaltySums::default(),
            split,
            balance,
            attach: Vec::new(),
        })
    }

    /// The same run in several processes, each of which works its own part of every batch. All have been given the same model, examples,
    /// specification and seed, and get the model of one process alone, to the bit. Whether a run goes on is for the observer of the first
    /// process to say; an error ends it in one process alone.
    #[must_use]
    pub fn across(mut self, collective: Arc<dyn Collective>) -> Self {
        if let Some(adversary) = &mut self.adversary {
            adversary.share(Arc::clone(&collective));
        }
        self.step.share(&self.model.chain, collective);
        self
    }

    /// What the observer of the first process says.
    pub(super) fn agreed(&self, flow: ControlFlow<()>) -> ControlFlow<()> {
        let mut breaks = [u8::from(flow.is_break())];
        self.step.collective().broadcast(0, &mut breaks);
        match breaks {
            [0] => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        }
    }

    /// The same run; [`Self::fit`] keeps with the model what `attach` fits to it and to its training examples: the quantiser of
    /// a compressor.
    #[must_use]
    pub fn attaching(mut self, attach: &'a Attach<'a>) -> Self {
        self.attach.push(attach);
        self
    }

    /// The model as it is now.
    pub fn model(&self) -> &Autoencoder {
        self.model
    }

    /// The examples to learn from, and those held out.
    pub fn split(&self) -> &Split<'a> {
        &self.split
    }

    /// The hyperparameters of the run.
    pub fn spec(&self) -> &TrainingSpec {
        &self.spec
    }

    /// Norm of the last batch's gradient over all parameters that are learned, as the update had it: at most `clip-norm`.
    pub fn gradient_norm(&self) -> f64 {
        self.step.gradient_norm(&self.model.chain)
    }

    /// What each penalty has added to the loss of the last epoch, by its name: a mean over the training examples, with the weights then in
    /// force. The rest of the loss is the likelihood's. Nothing without penalties, and of an epoch that a checkpoint has cut, for it
    /// keeps no such sums.
    pub fn penalties(&self) -> Vec<(&'static str, f64)> {
        let PenaltySums { sums, examples, .. } = &self.penalties;
        let means = sums.iter().map(|sum| sum / *examples as f64);
        let named = self.model.penalties.iter().map(|penalty| penalty.name());
        match *examples == self.split.training.rows() {
            true => named.zip(means).collect(),
            false => Vec::new(),
        }
    }

    /// Binary cross-entropy of the discriminator in the last epoch, in nats, where it learned from all training examples: `ln 2` where it cannot
    /// tell codes from what they are to be like. None without a discriminator.
    pub fn discriminator_loss(&self) -> Option<f64> {
        let PenaltySums {
            discriminator,
            examples,
            ..
        } = self.penalties;
        let is_whole = examples == self.split.training.rows();
        let mean = discriminator / examples as f64;
        (is_whole && self.model.discriminator.is_some()).then_some(mean)
    }

    /// The epochs so far.
    pub fn history(&self) -> &[Epoch] {
        &self.state.history
    }

    /// Training examples seen so far, over all epochs.
    pub fn examples_done(&self) -> usize {
        self.state.history.len() * self.split.training.rows()
            + self.state.progress.examples as usize
    }

    /// The epoch with the least loss, of validation where there is one. While a divergence or a code warms up, losses of
    /// different epochs do not compare: the last one is the best until the warm-up is over.
    pub fn best_epoch(&self) -> Option<&Epoch> {
        self.state.history.get(self.standing.best()?)
    }

    /// Adds an epoch to the history.
    pub(super) fn push_epoch(&mut self, epoch: Epoch) {
        self.standing.observe(&epoch, &self.spec.schedule);
        self.state.history.push(epoch);
    }

    /// Sets what the run remembers.
    pub(crate) fn set_state(&mut self, state: RunState) {
        let warm_up = self.model.warm_up();
        self.standing = Standing::of(&state.history, warm_up, &self.spec.schedule);
        self.state = state;
        self.is_over = false;
    }

    /// Forgets the epochs after the first `epochs`.
    pub(super) fn truncate_history(&mut self, epochs: usize) {
        self.state.history.truncate(epochs);
        let warm_up = self.model.warm_up();
        self.standing = Standing::of(&self.state.history, warm_up, &self.spec.schedule);
    }

    /// The first report of a fault of the gradients.
    pub fn gradients(&self, fault: GradientFault) -> Option<&GradientReport> {
        self.state.gradients.report(fault)
    }

    /// What the run gave, having ended as `ended` says, with the weights that the model is to keep.
    pub(super) fn fitted(&self, ended: Result<StoppedBy, ModelError>) -> Fitted {
        let best = self.best_epoch().copied();
        let (stopped_by, error) = match ended {
            Ok(stopped_by) => (stopped_by, None),
            Err(error) => (StoppedBy::Error, Some(error)),
        };
        // Nothing is kept of a run without a result.
        let has_result = error.is_none() && best.is_some();
        let attach = self.attach.iter().filter(|_| has_result);
        let attachments = attach.map(|attach| attach(self.model, &self.split));
        Fitted {
            stopped_by,
            error,
            spec: self.spec.clone(),
            seed: self.seed,
            warm_start: self.warm_start,
            history: self.state.history.clone(),
            best,
            rollbacks: self.state.rollbacks,
            gradients: self.state.gradients.reports().to_vec(),
            attachments: attachments
                .collect::<Result<Vec<_>, _>>()
                .map(|all| all.concat()),
        }
    }

    /// Learning rate of the epoch under way: that of the specification by the schedule, halved with each rollback.
    pub(crate) fn learning_rate(&self) -> f32 {
        let past = self.standing.past();
        let factor = self.spec.schedule.factor(past, self.spec.epochs);
        self.spec.learning_rate * factor * 0.5f32.powi(self.state.rollbacks as i32)
    }

    /// Whether this run would have had the learning rates of one of `epochs` epochs over those of `history`.
    pub(crate) fn had_rates_of(&self, epochs: u32, history: &[Epoch]) -> bool {
        let mut standing = Standing::of(&[], self.model.warm_up(), &self.spec.schedule);
        history.iter().all(|epoch| {
            let factor = |epochs| self.spec.schedule.factor(standing.past(), epochs);
            let is_same = factor(epochs) == factor(self.spec.epochs);
            standing.observe(epoch, &self.spec.schedule);
            is_same
        })
    }

    /// Keeps the weights as those of the best epoch.
    pub(super) fn keep_best(&mut self) {
        match &mut self.best {
            Some(best) => {
                for (best, parameter) in best.iter_mut().zip(self.model.chain.parameters()) {
                    best.as_mut_slice()
                        .copy_from_slice(parameter.value.as_slice());
                }
            }
            None => self.best = Some(weights(self.model)),
        }
    }

    /// Gives the model the weights of its best epoch, where one is complete.
    pub fn restore_best(&mut self) {
        if let Some(best) = &self.best {
            self.model.set_weights(best);
        }
    }
}

/// The constants of the preprocessing, learned from the training examples unless the model has learned before; refuses values that the model
/// cannot have with them.
fn scaling(model: &Autoencoder, split: &Split<'_>) -> Result<Scaling, ModelError> {
    let examples = &split.training;
    let scaling = match model.is_fitted {
        true => model.scaling.clone(),
        false => Scaling::learn_columns(model.preprocessing, examples, &model.kinds())?,
    };
    let parts = [
        Some(examples),
        split.validation.as_ref(),
        split.test.as_ref(),
    ];
    for rows in parts.into_iter().flatten() {
        let checked = model
            .check_scaled(rows, &scaling)
            .and_then(|()| match rows.has_targets() {
                true => model.check_scaled(&Targets(rows), &scaling),
                false => Ok(()),
            });
        checked.map_err(|error| in_data(error, rows))?;
    }
    Ok(scaling)
}

/// Sets the statistic that the likelihood keeps of training examples, where it keeps one.
fn learn_statistic(model: &mut Autoencoder, examples: &dyn Rows) -> Result<(), ModelError> {
    let targets = Targets(examples);
    let scaled = Scaled::new(&targets, &model.scaling);
    let values = model.likelihood().statistic(&scaled)?;
    if let (Some(values), Some(last)) = (values, model.chain.parameters_mut().last_mut()) {
        last.value.as_mut_slice().copy_from_slice(&values);
    }
    Ok(())
}

/// What is wrong with an example of `part`, by its number in the data.
fn in_data(error: ModelError, part: &Subset<'_>) -> ModelError {
    let indices = part.indices();
    error.of_example(|row| indices.get(row).map_or(row, |&index| index as usize))
}

/// Refuses what `spec` asks of a model and examples that cannot have it.
fn check(model: &Autoencoder, spec: &TrainingSpec, examples: &dyn Rows) -> Result<(), ModelError> {
    let penalties = model.penalties.iter().filter(|p| p.compares_codes());
    let names = penalties.map(|penalty| penalty.name());
    let discriminator = model.discriminator.filter(|own| own.compares_codes());
    let mut names = names.chain(discriminator.map(|_| Discriminator::NAME));
    if let Some(name) = names.next().filter(|_| spec.batch_size == 1) {
        return Err(ModelError::Option {
            name: "batch-size",
            seen: format!("1 beside {name}"),
            valid: "at least 2 where a penalty compares the codes of a batch",
        });
    }
    if let Some(augmentation) = spec.augmentation {
        augmentation.check(&model.shape)?;
        let bytes = examples.full_scale() == 255.0;
        if augmentation.crop > 0.0 && model.likelihood().is_discrete() && !bytes {
            return Err(ModelError::Option {
                name: "crop",
                seen: augmentation.crop.to_string(),
                valid: "0 under a likelihood of 8-bit values, or the data stored as bytes",
            });
        }
    }
    Ok(())
}

fn nothing_learns(freeze: &[FrozenPart]) -> ModelError {
    let parts = freeze.iter().map(|part| format!("{part:?}").to_lowercase());
    ModelError::Option {
        name: "freeze",
        seen: format!("[{}]", parts.collect::<Vec<_>>().join(", ")),
        valid: "a list that leaves something to learn",
    }
}

fn weights(model: &Autoencoder) -> Vec<Matrix> {
    let parameters = model.chain.parameters().iter();
    parameters.map(|p| p.value.clone()).collect()
}
