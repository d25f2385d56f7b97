//! What a row's numbers are.

use std::fmt;

/// The shape of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// So many numbers.
    Flat(usize),
    /// Planes one after another: `[channels, height, width]`.
    Planes([usize; 3]),
}

impl Shape {
    /// Numbers in a row, as far as they can be counted.
    pub fn numbers(self) -> usize {
        match self {
            Self::Flat(numbers) => numbers,
            Self::Planes(sizes) => sizes.into_iter().fold(1, usize::saturating_mul),
        }
    }

    /// How many channels there are and how many numbers each has; of a flat row every number is one.
    pub fn channels(self) -> [usize; 2] {
        match self {
            Self::Flat(numbers) => [numbers, 1],
            Self::Planes([channels, height, width]) => [channels, height.saturating_mul(width)],
        }
    }
}

impl fmt::Display for Shape {
    /// `392`, or `8x7x7`: channels, height, width.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flat(numbers) => write!(f, "{numbers}"),
            Self::Planes([channels, height, width]) => write!(f, "{channels}x{height}x{width}"),
        }
    }
}
