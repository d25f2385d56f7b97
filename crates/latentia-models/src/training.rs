//! The training loop.

use std::ops::ControlFlow;
use std::time::Instant;

use latentia_nn::{Step, StepOptions};
use latentia_tensor::{Matrix, Noise, Rows};
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use crate::{Autoencoder, ModelError, Scaled, Scaling, TrainingSpec, in_blocks};

/// The noise stream that shuffles.
const SHUFFLE_STREAM: u32 = u32::MAX;

/// One epoch's results.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Number of the epoch, from 1.
    pub epoch: u32,
    /// Loss over the training examples while they were learned from, in the likelihood's unit.
    pub train_loss: f64,
    /// Loss over the validation examples after the epoch.
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
    /// The validation loss found no new minimum for as long as the patience lasted.
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

/// A training run: a model, its examples, and all that a checkpoint has to hold.
pub struct Training<'a> {
    pub(crate) model: &'a mut Autoencoder,
    pub(crate) spec: TrainingSpec,
    pub(crate) seed: u64,
    pub(crate) step: Step,
    pub(crate) history: Vec<Epoch>,
    /// Parameters after the epoch with the least validation loss.
    pub(crate) best: Option<Vec<Matrix>>,
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
        // Refuses another width before anything is learned.
        model.scaled(examples)?;
        let validation = validation.filter(|rows| rows.rows() > 0);
        let scaling = Scaling::learn(model.spec.preprocessing, examples)?;
        for rows in [Some(examples), validation].into_iter().flatten() {
            check_range(model, &Scaled::new(rows, &scaling))?;
        }
        model.scaling = Some(scaling);
        let options = StepOptions {
            likelihood: model.likelihood(),
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

    /// The epoch with the least validation loss, where there is validation.
    pub fn best_epoch(&self) -> Option<&Epoch> {
        self.history
            .iter()
            .filter(|epoch| epoch.validation_loss.is_some())
            .min_by(|a, b| a.watched_loss().total_cmp(&b.watched_loss()))
    }

    /// Trains until an end is reached, on the threads of the current rayon pool.
    ///
    /// With patience, the model then has the weights of its best epoch; so it has after an interrupt, if an epoch was
    /// validated.
    ///
    /// # Errors
    /// When an example cannot be read, the loss is no number any more, or the observer fails.
    pub fn run(&mut self, observer: &mut dyn Observer) -> Result<StoppedBy, ModelError> {
        // On a thread of the pool, where waking its neighbours costs least.
        let stopped_by = rayon::scope(|_| self.epochs(observer))?;
        if self.spec.patience.is_some() || stopped_by == StoppedBy::Interrupt {
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
            let ControlFlow::Continue(train_loss) =
                self.epoch(&mut order, learning_rate, observer)?
            else {
                return Ok(StoppedBy::Interrupt);
            };
            let seconds = start.elapsed().as_secs_f64();
            let epoch = Epoch {
                epoch: self.history.len() as u32 + 1,
                train_loss,
                validation_loss: self.validation.map(|rows| self.loss(rows)).transpose()?,
                learning_rate,
            };
            let least = self.best_epoch().map_or(f64::INFINITY, Epoch::watched_loss);
            if epoch.validation_loss.is_some_and(|loss| loss < least) {
                self.keep_best();
            }
            self.history.push(epoch);
            observer.epoch_ended(self, &epoch, seconds)?;
        }
    }

    /// One pass over the training examples in a fresh order; breaks when the observer asks for it.
    fn epoch(
        &mut self,
        order: &mut [u32],
        learning_rate: f32,
        observer: &mut dyn Observer,
    ) -> Result<ControlFlow<(), f64>, ModelError> {
        let past = self.history.len() as u32;
        for (place, index) in (0..).zip(&mut *order) {
            *index = place;
        }
        order.shuffle(&mut Noise::new(self.seed, SHUFFLE_STREAM).at_step(past).row(0));

        let scaling = self.model.scaling().clone();
        let examples = Scaled::new(self.examples, &scaling);
        let (mut sum, mut done) = (0.0, 0);
        for (number, batch) in order.chunks(self.spec.batch_size).enumerate() {
            let loss = self
                .step
                .run(&mut self.model.chain, &examples, batch, learning_rate)?;
            if !loss.is_finite() {
                self.restore_best();
                return Err(ModelError::Diverged {
                    loss,
                    epoch: past + 1,
                    batch: number + 1,
                    learning_rate,
                });
            }
            sum += loss * batch.len() as f64;
            done += batch.len();
            if observer
                .batch_ended(past + 1, done, order.len(), sum / done as f64)
                .is_break()
            {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(sum / done as f64))
    }

    fn end(&self) -> Option<StoppedBy> {
        let last = self.history.last()?;
        if self
            .spec
            .stop_at_loss
            .is_some_and(|threshold| last.watched_loss() <= threshold)
        {
            return Some(StoppedBy::StopAtLoss);
        }
        let waited = self.best_epoch().map_or(0, |best| last.epoch - best.epoch);
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
        let likelihood = self.model.likelihood();
        let mut sum = 0.0;
        let mut slopes = Matrix::default();
        self.model.for_each_output(rows, |_, inputs, outputs| {
            if slopes.rows() < inputs.rows() {
                slopes = Matrix::zeros(inputs.rows(), inputs.cols());
            }
            sum += likelihood.loss(outputs, inputs, rows.rows(), slopes.top_mut(inputs.rows()));
        })?;
        Ok(sum)
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

    fn restore_best(&mut self) {
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
    let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
    let mut finite = true;
    in_blocks(examples, |_, block| {
        for &x in block.span() {
            (low, high) = (low.min(x), high.max(x));
            finite &= x.is_finite();
        }
    })?;
    if !finite {
        let reason = "a value is not finite";
        return Err(std::io::Error::other(reason).into());
    }
    // Held-out examples of a min-max scale may lie a little outside; the loss is defined there too.
    let slack = match model.spec.preprocessing {
        crate::Preprocessing::MinMax => 0.5,
        _ => 0.0,
    };
    if model.likelihood().is_binary() && (low < -slack || high > 1.0 + slack) {
        let likelihood = model.likelihood().name();
        return Err(ModelError::Range {
            likelihood,
            low,
            high,
        });
    }
    Ok(())
}
