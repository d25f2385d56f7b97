//! Which part of a product is computed at a time.

/// A part of a product: rows of the output, and steps of their sums.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) top: usize,
    pub(super) rows: usize,
    pub(super) first: usize,
    pub(super) steps: usize,
}
