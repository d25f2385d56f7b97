//! How parameters change: optimisers, learning-rate schedules, and what an optimiser remembers.

mod bounds;
mod moments;
mod optimizers;
mod schedules;

pub use bounds::{Bound, Hyperparameter};
pub use moments::Moments;
pub use optimizers::{Adam, Adamw, Optimizer, Rmsprop, Sgd, Update, UpdateRule};
pub use schedules::{
    BurdaSchedule, ConstantSchedule, CosineSchedule, LearningRateSchedule, PastEpochs,
    PlateauSchedule, Schedule, StepSchedule,
};
