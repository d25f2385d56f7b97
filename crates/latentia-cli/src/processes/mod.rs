//! What a command does in several processes.
//!
//! - [`Shares`]: each process's share of the examples, and the first one's way to what the others made of theirs
//! - [`agree_on`]: what processes must have in common

mod agreement;
mod shares;

pub use agreement::agree_on;
pub use shares::Shares;
