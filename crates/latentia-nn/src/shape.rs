//! The shape of a row.

use std::fmt;

/// The shape of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// So many elements.
    Flat(usize),
    /// Feature maps, one after another.
    FeatureMaps {
        /// How many there are.
        channels: usize,
        /// Rows of each.
        height: usize,
        /// Columns of each.
        width: usize,
    },
}

impl Shape {
    /// Feature maps `[channels, height, width]`.
    pub fn feature_maps([channels, height, width]: [usize; 3]) -> Self {
        Self::FeatureMaps {
            channels,
            height,
            width,
        }
    }

    /// `[channels, height, width]` of feature maps.
    pub fn as_feature_maps(self) -> Option<[usize; 3]> {
        match self {
            Self::Flat(_) => None,
            Self::FeatureMaps {
                channels,
                height,
                width,
            } => Some([channels, height, width]),
        }
    }

    /// Elements in a row, as far as they can be counted.
    pub fn elements(self) -> usize {
        match self.as_feature_maps() {
            None => self.channels()[0],
            Some(sizes) => sizes.into_iter().fold(1, usize::saturating_mul),
        }
    }

    /// How many channels there are and how many elements each has; of a flat row every element is a channel.
    pub fn channels(self) -> [usize; 2] {
        match self {
            Self::Flat(elements) => [elements, 1],
            Self::FeatureMaps {
                channels,
                height,
                width,
            } => [channels, height.saturating_mul(width)],
        }
    }
}

impl fmt::Display for Shape {
    /// `392`, or `8x7x7`: channels, height, width.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flat(elements) => write!(f, "{elements}"),
            Self::FeatureMaps {
                channels,
                height,
                width,
            } => write!(f, "{channels}x{height}x{width}"),
        }
    }
}
