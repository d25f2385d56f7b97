//! What becomes of the numbers that are there.

/// What a product does with the numbers that its output already holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accumulate {
    /// They are overwritten and never read.
    Replace,
    /// The product is added to them.
    Add,
}
