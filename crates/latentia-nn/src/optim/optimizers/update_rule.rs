//! What an optimiser is.

use std::fmt::Debug;

use crate::optim::bounds::Hyperparameter;

/// The update of one step: changes `w` by its gradient `g`, with the moments `m` and `v`. All slices have the same length.
pub type Update<'a> = dyn Fn(&mut [f32], &[f32], &mut [f32], &mut [f32]) + Sync + 'a;

/// The rule by which a gradient changes a parameter.
pub trait UpdateRule: Debug + Send + Sync {
    /// Hands the update of step `step`, which counts from 1, with learning rate `learning_rate` to `run`: what follows from
    /// the step is worked out once for all parameters.
    fn at_step(&self, step: u64, learning_rate: f32, run: &mut dyn FnMut(&Update<'_>));

    /// Its hyperparameters.
    fn hyperparameters(&self) -> Vec<Hyperparameter>;
}
