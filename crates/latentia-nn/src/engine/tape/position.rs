//! Where a block of examples stands in a run.

/// Where a block of examples stands in a run: what its noise depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Position {
    /// Seed of the run.
    pub seed: u64,
    /// Step of the run.
    pub step: u64,
    /// Number in the batch of the block's first example.
    pub first_row: u32,
    /// Epochs trained so far, fractional within an epoch.
    pub epochs: f64,
}
