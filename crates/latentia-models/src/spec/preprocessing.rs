//! From raw values to those a model sees.

use serde::{Deserialize, Serialize};

/// How raw values become the model's input; columns are those of the training examples.
///
/// Raw values are first divided by their full scale: bytes become values in `[0, 1]`, floats stay. See
/// [`latentia_tensor::Rows::full_scale`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Preprocessing {
    /// Nothing more
    #[default]
    UnitRange,
    /// Each column minus its mean, over its standard deviation
    Standardise,
    /// Each column from its smallest and largest value to 0 and 1
    MinMax,
    /// Each column to normal scores by its quantiles, whatever its tails: the value at the share `p` of the training examples
    /// becomes the normal quantile `Φ⁻¹(p)` (`QuantileTransformer` of scikit-learn)
    Robust,
    /// Each value `p` in `[0, 1]` drawn as 1 with probability `p`, else 0, once and for all: the same example is always
    /// drawn alike (Salakhutdinov and Murray 2008)
    BinariseStatic,
    /// The same, drawn anew in each epoch of training (Burda et al. 2016)
    BinariseFresh,
}

impl Preprocessing {
    /// Its name in a specification.
    pub fn name(self) -> &'static str {
        match self {
            Self::UnitRange => "unit-range",
            Self::Standardise => "standardise",
            Self::MinMax => "min-max",
            Self::Robust => "robust",
            Self::BinariseStatic => "binarise-static",
            Self::BinariseFresh => "binarise-fresh",
        }
    }

    /// Whether values are drawn as 0 or 1, and must lie in `[0, 1]` before.
    pub fn binarises(self) -> bool {
        matches!(self, Self::BinariseStatic | Self::BinariseFresh)
    }

    /// The draw that training sees in epoch `epoch`, which counts from 1; in use, all see draw 0.
    pub(crate) fn draw(self, epoch: u32) -> u32 {
        match self {
            Self::BinariseFresh => epoch,
            Self::UnitRange
            | Self::Standardise
            | Self::MinMax
            | Self::Robust
            | Self::BinariseStatic => 0,
        }
    }
}
