//! The training loop.

use std::ops::ControlFlow;
use std::time::Instant;

use latentia_nn::{BLOCK_ROWS, GroupedPenalties, Objective, ObjectiveBuffers, Rates};
use latentia_tensor::{Noise, Rows};
use rand::seq::SliceRandom;

use super::augmentation::Augmented;
use super::fitted::Fitted;
use super::gradients::GradientReport;
use super::rollback::Rollback;
use super::run::Training;
use super::state::EpochProgress;
use crate::autoencoder::inference::{Run, fold_and_see_blocks};
use crate::{
    Autoencoder, Epoch, ModelError, NonFiniteLoss, Scaled, StoppedBy, TrainingSpec, stream,
};

/// An epoch leaves weights worth going back to when neither its loss nor that of its last batch is more than this, ten times
/// that of the first batch where it was positive: a loss that is finite may have exploded already. Batches of one example
/// differ by less.
fn acceptable_loss(first: f64) -> f64 {
    first + 9.0 * first.abs()
}

/// Someone who watches a run, and may end it.
///
/// ```
/// use std::ops::ControlFlow;
///
/// use latentia_models::{Epoch, ModelError, ModelSpec, Observer, StoppedBy, Training, TrainingSpec};
/// use latentia_tensor::Matrix;
///
/// /// Ends a run when a loss is hardly less than the one before.
/// struct Plateau(f64);
///
/// impl Observer for Plateau {
///     fn on_epoch_end(&mut self, _: &Training<'_>, epoch: &Epoch, _: f64) -> Result<ControlFlow<()>, ModelError> {
///         let before = std::mem::replace(&mut self.0, epoch.train_loss);
///         Ok(match epoch.train_loss > 0.99 * before {
///             true => ControlFlow::Break(()),
///             false => ControlFlow::Continue(()),
///         })
///     }
/// }
///
/// let spec: ModelSpec = toml::from_str(r#"
///     likelihood = "mse"
///     encoder = [{ layer = "dense", units = 1 }]
///     decoder = [{ layer = "dense" }]
/// "#)?;
/// let mut model = spec.build(&[2], 42)?;
/// let line = (0..50).flat_map(|i| [i as f32 / 50.0, 1.0 - i as f32 / 25.0]).collect();
/// let points = Matrix::from_vec(50, 2, line);
/// let spec = TrainingSpec { epochs: 1000, batch_size: 5, learning_rate: 0.01, ..TrainingSpec::default() };
/// let mut training = Training::new(&mut model, spec, 42, &points, None)?;
/// let fitted = training.fit(&mut Plateau(f64::INFINITY)).into_result()?;
/// assert_eq!(fitted.stopped_by, StoppedBy::Interrupt);
/// assert!(fitted.history.len() < 1000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Observer: Send {
    /// After each batch: `done` examples of the epoch under way, and the mean loss so far.
    ///
    /// # Errors
    /// Ends the run with the observer's own error, as when a file of it cannot be written.
    fn on_batch_end(
        &mut self,
        _training: &Training<'_>,
        _done: usize,
        _loss: f64,
    ) -> Result<ControlFlow<()>, ModelError> {
        Ok(ControlFlow::Continue(()))
    }

    /// After each epoch and its validation. `seconds` are those of training alone, by the wall clock, and 0 on `wasm32-unknown-unknown`,
    /// which has none: they are no part of the result, which repeats to the bit.
    ///
    /// # Errors
    /// Ends the run with the observer's own error, as when a file of it cannot be written.
    fn on_epoch_end(
        &mut self,
        _training: &Training<'_>,
        _epoch: &Epoch,
        _seconds: f64,
    ) -> Result<ControlFlow<()>, ModelError> {
        Ok(ControlFlow::Continue(()))
    }

    /// When [`Training::fit`] has ended, before the model is given its best weights: the last moment to write a checkpoint.
    ///
    /// # Errors
    /// Takes the place of how the run ended.
    fn on_end(
        &mut self,
        _training: &Training<'_>,
        _ended: &Result<StoppedBy, ModelError>,
    ) -> Result<(), ModelError> {
        Ok(())
    }

    /// After a loss that was not finite, when the run has gone back to its last good weights.
    fn on_rollback(&mut self, _rollback: &Rollback) {}

    /// After an epoch with gradients that vanish or explode; once a run for each of both.
    fn on_gradient_warning(&mut self, _report: &GradientReport) {}
}

impl Observer for () {}

/// How a pass over the training examples ended.
enum EpochEnd {
    /// After all of them.
    Complete,
    /// By the observer.
    Interrupted,
    /// By a loss that was not finite, in a batch that counts from 1.
    NonFinite { loss: f64, batch: usize },
}

impl Autoencoder {
    /// Learns from `examples` as `spec` says, on the threads of the current rayon pool, and returns how that went. The same seed
    /// gives the same weights, on any number of threads.
    ///
    /// It is [`Training::fit`] without an observer. A model that has learned before goes on from its weights and keeps its
    /// scale.
    ///
    /// # Errors
    /// When `spec` is out of range or cannot be had of these examples, they do not fit the model or cannot be read, or the loss
    /// stays infinite. The model then has its best weights so far.
    pub fn fit(
        &mut self,
        examples: &dyn Rows,
        spec: &TrainingSpec,
        seed: u64,
    ) -> Result<Fitted, ModelError> {
        let mut training = Training::new(self, spec.clone(), seed, examples, None)?;
        training.fit(&mut ()).into_result()
    }
}

impl Training<'_> {
    /// Trains until the run ends, and says what it gave. The model has its best weights where the run had patience, was
    /// interrupted or could not go on, and those of the last epoch otherwise. The run is over then: only a checkpoint goes on.
    pub fn fit(&mut self, observer: &mut dyn Observer) -> Fitted {
        let ended = self.run(observer);
        let written = observer.on_end(self, &ended);
        let ended = match (written, ended) {
            // The first error tells more.
            (Err(error), Ok(_)) => Err(error),
            (_, ended) => ended,
        };
        if !matches!(
            ended,
            Ok(StoppedBy::Epochs | StoppedBy::Patience | StoppedBy::StopAtLoss)
        ) {
            self.restore_best();
        }
        self.is_over = true;
        self.fitted(ended)
    }

    /// Trains until an end is reached, on the threads of the current rayon pool.
    ///
    /// With patience, the model then has the weights of its best epoch. After an interrupt it has those of the last batch,
    /// so that a checkpoint can go on from there; [`Self::restore_best`] then takes the best.
    ///
    /// A loss that is not finite stops its step. The run then goes back to the weights of its best epoch, or to the initial
    /// ones, and on with half the learning rate; three times at most.
    ///
    /// # Errors
    /// When an example cannot be read, the loss is not finite for a fourth time, or the observer fails.
    pub fn run(&mut self, observer: &mut dyn Observer) -> Result<StoppedBy, ModelError> {
        // On a thread of the pool from the first epoch to the last: to change to one takes as long as ten steps of a small model.
        let stopped_by = rayon::scope(|_| {
            loop {
                if let ControlFlow::Break(stopped_by) = self.fit_epoch(observer)? {
                    return Ok::<_, ModelError>(stopped_by);
                }
            }
        })?;
        if self.spec.patience.is_some() && stopped_by != StoppedBy::Interrupt {
            self.restore_best();
        }
        Ok(stopped_by)
    }

    /// Trains for one more epoch, and after rollbacks until it has one, or says why the run is over. The model has the weights of
    /// the last epoch; see [`Self::restore_best`].
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn fit_epoch(
        &mut self,
        observer: &mut dyn Observer,
    ) -> Result<ControlFlow<StoppedBy, Epoch>, ModelError> {
        loop {
            // Asked first, so that a resumed run that had ended ends again.
            if let Some(end) = self.end() {
                return Ok(ControlFlow::Break(end));
            }
            if self.is_over {
                return Ok(ControlFlow::Break(StoppedBy::Interrupt));
            }
            let learning_rate = self.learning_rate();
            self.model.is_fitted = true;
            // A page in a browser has no clock that the standard library knows of.
            let has_clock = !cfg!(all(target_family = "wasm", target_os = "unknown"));
            let start = has_clock.then(Instant::now);
            // On a thread of the pool, where waking its neighbours costs least.
            match rayon::scope(|_| self.epoch(learning_rate, observer))? {
                EpochEnd::Complete => {}
                EpochEnd::Interrupted => return Ok(ControlFlow::Break(StoppedBy::Interrupt)),
                EpochEnd::NonFinite { loss, batch } => {
                    let cause = self.non_finite_loss(loss, batch, None)?;
                    observer.on_rollback(&self.roll_back(cause)?);
                    continue;
                }
            }
            let seconds = start.map_or(0.0, |start| start.elapsed().as_secs_f64());
            let validation = self.split.validation_rows();
            let epoch = Epoch {
                epoch: self.state.history.len() as u32 + 1,
                train_loss: self.state.progress.mean(),
                validation_loss: validation.map(|rows| self.loss(rows)).transpose()?,
                learning_rate,
            };
            // The last batch's loss was taken before its update.
            if !epoch.watched_loss().is_finite() || self.model.chain.first_not_finite().is_some() {
                let loss = epoch.validation_loss.unwrap_or(f64::NAN);
                let batches = self.order.len().div_ceil(self.spec.batch_size);
                let cause = self.non_finite_loss(loss, batches, validation)?;
                observer.on_rollback(&self.roll_back(cause)?);
                continue;
            }
            let reports = self.complete(epoch);
            for report in reports {
                observer.on_gradient_warning(&report);
            }
            let flow = observer.on_epoch_end(self, &epoch, seconds)?;
            return Ok(match self.agreed(flow) {
                ControlFlow::Continue(()) => ControlFlow::Continue(epoch),
                ControlFlow::Break(()) => ControlFlow::Break(StoppedBy::Interrupt),
            });
        }
    }

    /// Takes `epoch`, which is over, into account; returns what is wrong with its gradients.
    fn complete(&mut self, epoch: Epoch) -> Vec<GradientReport> {
        self.push_epoch(epoch);
        if self.state.first_loss.is_some_and(|first| {
            epoch.train_loss.max(self.state.progress.last) <= acceptable_loss(first)
        }) {
            self.initial = None;
        }
        if self
            .best_epoch()
            .is_some_and(|best| best.epoch == epoch.epoch)
        {
            self.keep_best();
        }
        self.state.progress = EpochProgress::default();
        let clips = self.spec.clip_norm.is_some();
        let gradients = &mut self.state.gradients;
        let frozen = |layer| self.step.is_frozen(layer);
        gradients.on_epoch_end(self.model, frozen, epoch.epoch, clips)
    }

    /// One pass over the training examples in a fresh order, or what an interrupt left of it.
    fn epoch(
        &mut self,
        learning_rate: f32,
        observer: &mut dyn Observer,
    ) -> Result<EpochEnd, ModelError> {
        let past = self.state.history.len() as u32;
        // Taken away, as the observer sees the whole run while it is gone through.
        let mut order = std::mem::take(&mut self.order);
        let ended = self.batches(&mut order, past, learning_rate, observer);
        self.order = order;
        ended
    }

    fn batches(
        &mut self,
        order: &mut [u32],
        past: u32,
        learning_rate: f32,
        observer: &mut dyn Observer,
    ) -> Result<EpochEnd, ModelError> {
        match &self.balance {
            Some(balance) => balance.draw(self.seed, past, self.state.rollbacks, order),
            None => (0..)
                .zip(&mut *order)
                .for_each(|(place, index)| *index = place),
        }
        let noise = Noise::new(self.seed, stream::SHUFFLE).at_step(past);
        order.shuffle(&mut noise.row(self.state.rollbacks));

        // Copies, as the observer sees the whole run while examples are read through them.
        let (scaling, shape) = (self.model.scaling.clone(), self.model.shape.clone());
        let preprocessing = self.model.preprocessing;
        let draw = preprocessing.draw(past + 1);
        let change = self.spec.augmentation;
        let examples = Augmented::new(&self.split.training, change, &shape, self.seed, past + 1);
        let examples = Scaled::new(&examples, &scaling).drawn(preprocessing, draw);
        let total = order.len();
        let begun = total.min(self.state.progress.examples as usize);
        let first = begun / self.spec.batch_size;
        for (number, batch) in (first..).zip(order[begun..].chunks(self.spec.batch_size)) {
            let rates = Rates {
                learning_rate,
                epochs: f64::from(past) + self.state.progress.examples as f64 / total as f64,
            };
            let loss = self
                .step
                .run(&mut self.model.chain, &examples, batch, rates)?;
            let adversary = self.adversary.as_mut().filter(|_| loss.is_finite());
            let discriminator = adversary.map(|own| own.run(&mut self.step)).transpose()?;
            let discriminator = discriminator.unwrap_or(0.0);
            let loss = if discriminator.is_finite() {
                loss
            } else {
                discriminator
            };
            if !loss.is_finite() {
                let batch = number + 1;
                return Ok(EpochEnd::NonFinite { loss, batch });
            }
            let begins = self.state.progress.examples == 0;
            self.penalties
                .add(self.step.penalties(), discriminator, batch.len(), begins);
            self.state.first_loss = self.state.first_loss.or(Some(loss));
            self.state.progress.examples += batch.len() as u64;
            self.state.progress.loss += loss * batch.len() as f64;
            self.state.progress.last = loss;
            let done = self.state.progress.examples as usize;
            let gradients = (&self.model.chain, self.step.moments());
            self.state
                .gradients
                .on_batch_end(gradients, past + 1, batch.len(), done, total);
            let mean = self.state.progress.mean();
            let flow = observer.on_batch_end(self, done, mean)?;
            if self.agreed(flow).is_break() {
                return Ok(EpochEnd::Interrupted);
            }
        }
        Ok(EpochEnd::Complete)
    }

    /// What is known of a loss that is not finite; after an epoch, with the examples that found out.
    fn non_finite_loss(
        &self,
        loss: f64,
        batch: usize,
        validation: Option<&dyn Rows>,
    ) -> Result<NonFiniteLoss, ModelError> {
        let origin = self.origin(validation)?;
        Ok(NonFiniteLoss {
            loss,
            epoch: self.state.history.len() as u32 + 1,
            batch,
            origin: self.model.origin_label(origin),
        })
    }

    /// Why the run is over, where it is: no further epoch would be trained.
    pub fn end(&self) -> Option<StoppedBy> {
        let last = self.state.history.last()?;
        let warm = last.epoch > self.model.warm_up();
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

    /// The loss over validation examples. Penalties that need a whole batch are computed over groups of as many examples as a
    /// batch has in training, in order.
    fn loss(&self, rows: &dyn Rows) -> Result<f64, ModelError> {
        let (chain, objective) = (self.model.chain(), self.model.objective());
        let run = Run::to_evaluate(&objective, chain, self.seed);
        let batch = self.spec.batch_size.min(self.split.training.rows());
        let sizes = [rows.rows(), batch];
        let mut grouped = GroupedPenalties::new(chain, &objective, run.mode, sizes, self.seed);
        let parts = fold_and_see_blocks(
            chain,
            run,
            &self.model.scaled(rows)?,
            || (0.0, self.validation_buffers(&objective)),
            |(sum, buffers), _, tape| {
                *sum += objective.evaluate(chain, tape, buffers, rows.rows());
            },
            |tape| {
                if let Some(grouped) = &mut grouped {
                    grouped.add(tape);
                }
            },
        )?;
        let sum: f64 = parts.iter().map(|(sum, _)| sum).sum();
        Ok(sum + grouped.map_or(0.0, GroupedPenalties::total))
    }

    /// What the objective needs beside a tape of validation examples.
    pub(super) fn validation_buffers(&self, objective: &Objective) -> ObjectiveBuffers {
        let mode = objective.validation_mode();
        ObjectiveBuffers::new(self.model.chain(), objective, mode, BLOCK_ROWS)
    }
}
