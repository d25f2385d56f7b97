//! What a learning-rate schedule is.

use std::fmt::Debug;

use crate::optim::bounds::Hyperparameter;

/// The factor on the learning rate, epoch by epoch. It depends on the run's history alone, so there is no state to keep.
pub trait LearningRateSchedule: Debug + Send + Sync {
    /// The factor in epoch `losses.len()` of `epochs`, after epochs that ended with `losses` (of the validation set where
    /// there is one).
    fn factor(&self, losses: &[f64], epochs: u32) -> f32;

    /// Its hyperparameters.
    fn hyperparameters(&self) -> Vec<Hyperparameter> {
        Vec::new()
    }
}
