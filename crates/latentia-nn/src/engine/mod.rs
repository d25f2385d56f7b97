//! A chain of layers and the step that trains it.

mod activations;
mod batch_codes;
mod block;
mod chain;
mod importance;
mod loops;
mod non_finite;
pub(crate) mod objective;
pub(crate) mod step;

pub use block::{BLOCK_ROWS, Block, Place};
pub use chain::Chain;
pub use non_finite::Origin;
pub use objective::{Objective, Slopes, State, Term};
pub use step::{Moments, Rates, Step, StepOptions};
