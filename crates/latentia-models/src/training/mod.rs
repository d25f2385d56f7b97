//! How a model learns, and what goes wrong on the way.

mod augmentation;
mod balance;
mod fit;
mod fitted;
mod gradients;
mod penalty_sums;
mod pseudo_inputs;
mod rollback;
mod run;
mod split;
mod standing;
mod state;

pub(crate) use state::RunState;

pub use fit::Observer;
pub use fitted::Fitted;
pub use gradients::{GradientFault, GradientReport, Remedies};
pub use rollback::Rollback;
pub use run::{Attach, Training};
pub use split::{Split, hold_out};
