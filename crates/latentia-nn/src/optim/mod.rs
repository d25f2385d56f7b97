//! How parameters change.

mod optimizer;
mod schedule;

pub use optimizer::Optimizer;
pub use schedule::Schedule;
