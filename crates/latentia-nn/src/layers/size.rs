//! Sizes and paddings of windows, as a user writes them.

use serde::{Deserialize, Serialize};

/// Numbers down and across: one number for both, or `[down, across]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Size {
    /// The same both ways.
    Square(usize),
    /// Down and across.
    Both([usize; 2]),
}

impl From<Size> for [usize; 2] {
    fn from(size: Size) -> Self {
        match size {
            Size::Square(size) => [size; 2],
            Size::Both(sizes) => sizes,
        }
    }
}

/// What is around a plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Padding {
    /// So many numbers on each side.
    Numbers(Size),
    /// By a word.
    Named(NamedPadding),
}

/// Paddings with a name, as Keras has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NamedPadding {
    /// As much as makes the size depend on the stride alone; where it is odd, the larger half lies below and right.
    Same,
    /// None.
    Valid,
}

impl Default for Padding {
    fn default() -> Self {
        Self::Named(NamedPadding::Same)
    }
}
