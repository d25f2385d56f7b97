//! What a learning-rate schedule is.

use std::fmt::Debug;

use super::past_epochs::PastEpochs;
use crate::optim::bounds::Hyperparameter;

/// The factor on the learning rate, epoch by epoch. It depends on the run's history alone: what it remembers of that follows from
/// the losses, and no file keeps it.
pub trait LearningRateSchedule: Debug + Send + Sync {
    /// The factor in the epoch of `epochs` that follows on `past`.
    fn factor(&self, past: &PastEpochs, epochs: u32) -> f32;

    /// Takes an epoch into account that ended with `loss`, of the validation set where there is one.
    fn observe(&self, past: &mut PastEpochs, _loss: f64) {
        past.epochs += 1;
    }

    /// Its hyperparameters.
    fn hyperparameters(&self) -> Vec<Hyperparameter> {
        Vec::new()
    }
}
