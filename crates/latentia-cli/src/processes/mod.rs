//! What a command does in several processes.
//!
//! - [`Shares`]: each process's share of the examples, and the first one's way to what the others made of theirs
//! - [`SharedInput`]: what the first one's standard input is to all
//! - [`agree_on`]: what processes must have in common

mod agreement;
mod shared_input;
mod shares;

pub use agreement::agree_on;
pub use shared_input::SharedInput;
pub use shares::Shares;
