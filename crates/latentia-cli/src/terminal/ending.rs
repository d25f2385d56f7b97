//! How a command ended.

/// The exit code of an interrupted run, as shells give it: 128 + SIGINT.
pub const INTERRUPTED: u8 = 130;

/// How a command ended, when nothing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It did what it was asked for.
    Done,
    /// The user stopped it; what there was has been kept.
    Interrupted,
}
