//! How a model learns, and what goes wrong on the way.

mod augmentation;
mod balance;
mod fit;
mod gradients;
mod history;
mod rollback;
mod run;
mod standing;
mod state;

pub(crate) use state::RunState;

pub use fit::Observer;
pub use gradients::{GradientFault, GradientReport, Remedies};
pub use history::{Epoch, StoppedBy};
pub use rollback::Rollback;
pub use run::Training;
