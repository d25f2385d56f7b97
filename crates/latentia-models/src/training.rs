//! The training loop.

use std::ops::ControlFlow;
use std::time::Instant;

use latentia_nn::{Rates, Step, StepOptions};
use latentia_tensor::{Matrix, Noise, Rows};
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use crate::extent::Extent;
use crate::inference::{ROW_SLOTS, Run, column_means, fold_rows};
use crate::stream;
use crate::{Autoencoder, ModelError, ModelSpec, Preprocessing, Scaled, Scaling, TrainingSpec};

/// One epoch's results.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Number of the epoch, from 1.
    pub epoch: u32,
    /// Loss over the training examples while they were learned from, in the likelihood's unit, with the code's terms at the
    /// weights then in force.
    pub train_loss: f64,
    /// Loss over the validation examples after the epoch, with the code's terms at their full weights. Examples are not
    /// spoilt for it, a denoising model's neither.
    pub validation_loss: Option<f64>,
    /// Learning rate in force.
    pub learning_rate: f32,
}

impl Epoch {
    /// The loss that stops and schedules look at.
    fn watched_loss(&self) -> f64 {
        self.validation_loss.unwrap_or(self.train_loss)
    }
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoppedBy {
    /// All epochs were run.
    Epochs,
    /// The loss found no new minimum for as long as the patience lasted.
    Patience,
    /// The loss fell to the threshold.
    StopAtLoss,
    /// The observer asked for it.
    Interrupt,
}

/// Someone who watches a run, and may end it.
pub trait Observer: Send {
    /// After each batch: `done` of `total` examples of epoch `epoch` (from 1), and the mean loss so far.
    fn batch_ended(
        &mut self,
        _epoch: u32,
        _done: usize,
        _total: usize,
        _loss: f64,
    ) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// After each epoch and its validation. `seconds` are those of training alone, by the wall clock: they are no part of
    /// the result, which repeats to the bit.
    ///
    /// # Errors
    /// Ends the run with the observer's own error, as when a file of it cannot be written.
    fn epoch_ended(
        &mut self,
        _training: &Training<'_>,
        _epoch: &Epoch,
        _seconds: f64,
    ) -> Result<(), ModelError> {
        Ok(())
    }
}

impl Observer for () {}

/// How far the epoch under way has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Begun {
    /// Examples seen.
    pub(crate) examples: u64,
    /// Sum of their losses.
    pub(crate) loss: f64,
}

impl Begun {
    fn mean(self) -> f64 {
        self.loss / self.examples as f64
    }
}

/// A training run: a model, its examples, and all that a checkpoint has to hold.
pub struct Training<'a> {
    pub(crate) model: &'a mut Autoencoder,
    pub(crate) spec: TrainingSpec,
    pub(crate) seed: u64,
    pub(crate) step: Step,
    pub(crate) history: Vec<Epoch>,
    /// Parameters after the best epoch.
    pub(crate) best: Option<Vec<Matrix>>,
    pub(crate) begun: Begun,
    examples: &'a dyn Rows,
    validation: Option<&'a dyn Rows>,
}

impl<'a> Training<'a> {
    /// Prepares to train `model` on `examples`. The preprocessing constants are learned from them alone.
    ///
    /// # Errors
    /// When a number of `spec` is out of range, there are no examples, or they do not fit the model.
    pub fn new(
        model: &'a mut Autoencoder,
        spec: TrainingSpec,
        seed: u64,
        examples: &'a dyn Rows,
        validation: Option<&'a dyn Rows>,
    ) -> Result<Self, ModelError> {
        spec.check()?;
        if examples.rows() == 0 {
            return Err(ModelError::NoExamples {
                purpose: "train on",
            });
        }
        if model.spec.objective.needs_pairs() && spec.batch_size == 1 {
            return Err(ModelError::Option {
                name: "batch-size",
                seen: "1".into(),
                valid: "at least 2 for an objective with mmd, which compares codes with each other",
            });
        }
        let validation = validation.filter(|rows| rows.rows() > 0);
        let parts = [Some(examples), validation];
        // Refuses another width, and labels that are missing, before anything is learned.
        for rows in parts.into_iter().flatten() {
            model.scaled(rows)?;
        }
        let scaling = Scaling::learn(model.spec.preprocessing, examples)?;
        for rows in parts.into_iter().flatten() {
            check_range(model, &Scaled::new(rows, &scaling))?;
        }
        model.scaling = scaling;
        let means = || column_means(&Scaled::new(examples, &model.scaling));
        if let Some(bias) = model.spec.output_bias.values(&model.spec, means)? {
            model.set_output_bias(&bias);
        }
        let options = StepOptions {
            objective: model.objective(),
            optimizer: spec.optimizer,
            clip_norm: spec.clip_norm,
            seed,
        };
        let batch_size = spec.batch_size.min(examples.rows());
        Ok(Self {
            step: Step::new(&model.chain, batch_size, options),
            model,
            spec,
            seed,
            history: Vec::new(),
            best: None,
            begun: Begun::default(),
            examples,
            validation,
        })
    }

    /// The model as it is now.
    pub fn model(&self) -> &Autoencoder {
        self.model
    }

    /// The epochs so far.
    pub fn history(&self) -> &[Epoch] {
        &self.history
    }

    /// Training examples seen so far, over all epochs.
    pub fn examples_done(&self) -> usize {
        self.history.len() * self.examples.rows() + self.begun.examples as usize
    }

    /// The epoch with the least loss, of validation where there is one. While a divergence warms up, losses of different
    /// epochs do not compare: the last one is the best until the warm-up is over.
    pub fn best_epoch(&self) -> Option<&Epoch> {
        let warm_up = self.model.spec.objective.warm_up as usize;
        let Some(comparable) = self
            .history
            .get(warm_up..)
            .filter(|epochs| !epochs.is_empty())
        else {
            return self.history.last();
        };
        comparable
            .iter()
            .min_by(|a, b| a.watched_loss().total_cmp(&b.watched_loss()))
    }

    /// Trains until an end is reached, on the threads of the current rayon pool.
    ///
    /// With patience, the model then has the weights of its best epoch. After an interrupt it has those of the last batch,
    /// so that a checkpoint can go on from there; [`Self::restore_best`] then takes the best.
    ///
    /// # Errors
    /// When an example cannot be read, the loss is no number any more, or the observer fails.
    pub fn run(&mut self, observer: &mut dyn Observer) -> Result<StoppedBy, ModelError> {
        // On a thread of the pool, where waking its neighbours costs least.
        let stopped_by = rayon::scope(|_| self.epochs(observer))?;
        if self.spec.patience.is_some() && stopped_by != StoppedBy::Interrupt {
            self.restore_best();
        }
        Ok(stopped_by)
    }

    fn epochs(&mut self, observer: &mut dyn Observer) -> Result<StoppedBy, ModelError> {
        let mut order: Vec<u32> = (0..self.examples.rows() as u32).collect();
        loop {
            // Asked first, so that a resumed run that had ended ends again.
            if let Some(end) = self.end() {
                return Ok(end);
            }
            let losses: Vec<f64> = self.history.iter().map(Epoch::watched_loss).collect();
            let factor = self.spec.schedule.factor(&losses, self.spec.epochs);
            let learning_rate = self.spec.learning_rate * factor;
            let start = Instant::now();
            if self.epoch(&mut order, learning_rate, observer)?.is_break() {
                return Ok(StoppedBy::Interrupt);
            }
            let seconds = start.elapsed().as_secs_f64();
            let epoch = Epoch {
                epoch: self.history.len() as u32 + 1,
                train_loss: self.begun.mean(),
                validation_loss: self.validation.map(|rows| self.loss(rows)).transpose()?,
                learning_rate,
            };
            // The last batch's loss was taken before its update.
            if !epoch.watched_loss().is_finite() || !self.parameters_are_finite() {
                let loss = epoch.validation_loss.unwrap_or(f64::NAN);
                let batches = order.len().div_ceil(self.spec.batch_size);
                return Err(self.diverged(loss, batches, learning_rate));
            }
            self.history.push(epoch);
            if self
                .best_epoch()
                .is_some_and(|best| best.epoch == epoch.epoch)
            {
                self.keep_best();
            }
            self.begun = Begun::default();
            observer.epoch_ended(self, &epoch, seconds)?;
        }
    }

    /// One pass over the training examples in a fresh order, or what an interrupt left of it; breaks when the observer asks
    /// for it.
    fn epoch(
        &mut self,
        order: &mut [u32],
        learning_rate: f32,
        observer: &mut dyn Observer,
    ) -> Result<ControlFlow<()>, ModelError> {
        let past = self.history.len() as u32;
        for (place, index) in (0..).zip(&mut *order) {
            *index = place;
        }
        order.shuffle(&mut Noise::new(self.seed, stream::SHUFFLE).at_step(past).row(0));

        let Autoencoder {
            chain,
            scaling,
            spec: ModelSpec { preprocessing, .. },
            ..
        } = &mut *self.model;
        let draw = preprocessing.draw(past + 1);
        let examples = Scaled::new(self.examples, scaling).drawn(*preprocessing, draw);
        let total = order.len();
        let begun = total.min(self.begun.examples as usize);
        let first = begun / self.spec.batch_size;
        for (number, batch) in (first..).zip(order[begun..].chunks(self.spec.batch_size)) {
            let rates = Rates {
                learning_rate,
                epochs: f64::from(past) + self.begun.examples as f64 / total as f64,
            };
            let loss = self.step.run(chain, &examples, batch, rates)?;
            if !loss.is_finite() {
                return Err(self.diverged(loss, number + 1, learning_rate));
            }
            self.begun.examples += batch.len() as u64;
            self.begun.loss += loss * batch.len() as f64;
            let done = self.begun.examples as usize;
            if observer
                .batch_ended(past + 1, done, total, self.begun.mean())
                .is_break()
            {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn parameters_are_finite(&self) -> bool {
        let mut numbers = Extent::new();
        for parameter in self.model.chain.parameters() {
            numbers.add(parameter.value.as_slice());
        }
        numbers.finite
    }

    /// Goes back to the best weights from ones that are worth nothing.
    fn diverged(&mut self, loss: f64, batch: usize, learning_rate: f32) -> ModelError {
        self.restore_best();
        ModelError::Diverged {
            loss,
            epoch: self.history.len() as u32 + 1,
            batch,
            learning_rate,
        }
    }

    fn end(&self) -> Option<StoppedBy> {
        let last = self.history.last()?;
        let warm = last.epoch > self.model.spec.objective.warm_up;
        if warm
            && self
                .spec
                .stop_at_loss
                .is_some_and(|threshold| last.watched_loss() <= threshold)
        {
            return Some(StoppedBy::StopAtLoss);
        }
        let waited = self
            .best_epoch()
            .map_or(0, |best| last.epoch.saturating_sub(best.epoch));
        if self
            .spec
            .patience
            .is_some_and(|patience| waited >= patience)
        {
            return Some(StoppedBy::Patience);
        }
        (last.epoch >= self.spec.epochs).then_some(StoppedBy::Epochs)
    }

    fn loss(&self, rows: &dyn Rows) -> Result<f64, ModelError> {
        let (chain, objective) = (self.model.chain(), self.model.objective());
        let run = Run::sampled(0..chain.layers().len(), self.seed);
        let parts = self.model.fold_outputs(
            run,
            rows,
            || 0.0,
            |sum, _, block| {
                *sum += block.objective(chain, &objective, rows.rows());
            },
        )?;
        Ok(parts.iter().sum())
    }

    fn keep_best(&mut self) {
        let parameters = self.model.chain.parameters();
        match &mut self.best {
            Some(best) => {
                for (best, parameter) in best.iter_mut().zip(parameters) {
                    best.as_mut_slice()
                        .copy_from_slice(parameter.value.as_slice());
                }
            }
            None => self.best = Some(parameters.iter().map(|p| p.value.clone()).collect()),
        }
    }

    /// Gives the model the weights of its best epoch, where one is complete.
    pub fn restore_best(&mut self) {
        if let Some(best) = &self.best {
            for (parameter, best) in self.model.chain.parameters_mut().iter_mut().zip(best) {
                parameter
                    .value
                    .as_mut_slice()
                    .copy_from_slice(best.as_slice());
            }
        }
    }
}

/// Refuses examples that the likelihood gives no probability, and values that are no numbers.
fn check_range(model: &Autoencoder, examples: &dyn Rows) -> Result<(), ModelError> {
    let extents = fold_rows(examples, ROW_SLOTS, Extent::new, |extent, block| {
        extent.add(block.span());
    })?;
    let extent = extents.into_iter().fold(Extent::new(), Extent::join);
    let Extent {
        low, high, finite, ..
    } = extent;
    if !finite {
        let reason = "a value is not finite";
        return Err(std::io::Error::other(reason).into());
    }
    if let Some(value) = extent
        .no_byte()
        .filter(|_| model.likelihood().is_discrete())
    {
        let likelihood = model.likelihood().name();
        return Err(ModelError::NotBytes { likelihood, value });
    }
    // Held-out examples of a min-max scale may lie a little outside; the loss is defined there too.
    let (slack, hint) = match model.spec.preprocessing {
        Preprocessing::MinMax => (
            0.5,
            "validation examples lie far outside those to train on: \
             use likelihood `mse` with a decoder that ends linear",
        ),
        _ => (
            0.0,
            "use preprocessing `min-max`, or likelihood `mse` with a decoder that ends linear",
        ),
    };
    let needs = match model.spec.preprocessing.binarises() {
        true => Some("binarise"),
        false => {
            let likelihood = model.likelihood();
            likelihood.is_binary().then(|| likelihood.name())
        }
    };
    if let Some(needs) = needs
        && (low < -slack || high > 1.0 + slack)
    {
        return Err(ModelError::Range {
            needs,
            low,
            high,
            hint,
        });
    }
    Ok(())
}
