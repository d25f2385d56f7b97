//! Whether a product replaces or adds.

/// What a product does with the elements that its output already holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accumulate {
    /// They are overwritten and never read.
    Replace,
    /// The product is added to them.
    Add,
}
