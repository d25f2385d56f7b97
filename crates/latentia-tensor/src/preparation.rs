//! How pictures are made examples.

use serde::{Deserialize, Serialize};

/// How pictures of any size are made examples of one shape: what a model that learned from such examples keeps, so that others are
/// made in the same way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Preparation {
    /// How a picture of another aspect ratio is made to fit.
    pub fit: Fit,
    /// What lies behind transparent pixels.
    pub background: Background,
}

/// How a picture of another aspect ratio is made to fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Fit {
    /// The largest part around its centre that has the examples' aspect ratio is taken.
    #[default]
    Crop,
    /// Its sides are scaled, each by its own factor.
    Stretch,
}

/// What lies behind transparent pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Background {
    /// Level 0
    #[default]
    Black,
    /// Level 255
    White,
    /// Squares of 8 pixels a side, by turns of level 102 and 153: neither white nor black is lost on it.
    Checker,
}

impl Background {
    /// The level behind pixel `(x, y)`, from 0 to 255.
    pub fn level(self, x: u32, y: u32) -> u8 {
        match self {
            Self::Black => 0,
            Self::White => 255,
            Self::Checker if (x / 8 + y / 8).is_multiple_of(2) => 102,
            Self::Checker => 153,
        }
    }

    /// What messages call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Black => "black",
            Self::White => "white",
            Self::Checker => "checker",
        }
    }
}
