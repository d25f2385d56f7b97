//! A chain of layers and the step that trains it: two parallel loops.

mod batch_codes;
mod block;
mod chain;
mod chain_error;
mod frozen;
mod grouped_penalties;
mod importance;
mod loops;
mod non_finite;
mod objective;
mod position;
mod statistics;
mod step;
mod tape;

pub use chain::{BLOCK_ROWS, Chain};
pub use chain_error::ChainError;
pub use grouped_penalties::GroupedPenalties;
pub use importance::ImportanceBound;
pub use non_finite::NonFinite;
pub use objective::{Objective, ObjectiveBuffers};
pub use position::Position;
pub use step::{Rates, Step, StepOptions};
pub use tape::Tape;
