//! Kinds of codes.

use latentia_nn::{Activation, Dense, Gaussian, Initializer, Layer};
use serde::{Deserialize, Serialize};

/// What stands between encoder and decoder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Code {
    /// The encoder's output itself
    #[default]
    Deterministic,
    /// A diagonal Gaussian whose means and log-variances are a linear function of the encoder's output; see [`Gaussian`]
    Gaussian {
        /// Numbers in the code.
        units: usize,
    },
}

impl Code {
    pub(crate) fn is_deterministic(&self) -> bool {
        *self == Self::Deterministic
    }

    /// Whether codes have a prior that new ones can be drawn from.
    pub fn has_prior(&self) -> bool {
        matches!(self, Self::Gaussian { .. })
    }

    /// The layers that make the code from `inputs` numbers.
    pub(crate) fn build(self, inputs: usize) -> Vec<Box<dyn Layer>> {
        match self {
            Self::Deterministic => Vec::new(),
            Self::Gaussian { units } => vec![
                Box::new(Dense::new(
                    inputs,
                    units.saturating_mul(2),
                    Activation::Linear,
                    Initializer::Glorot,
                )),
                Box::new(Gaussian::new(units)),
            ],
        }
    }
}
