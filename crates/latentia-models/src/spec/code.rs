//! Kinds of codes.

use latentia_nn::terms::{Commitment, Rate};
use latentia_nn::{
    Activation, Dense, Gaussian, Initializer, Layer, Likelihood, Rounding, Shape, Term, TopK,
    VectorQuantiser,
};
use serde::{Deserialize, Serialize};

/// What stands between encoder and decoder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    deny_unknown_fields
)]
pub enum Code {
    /// The encoder's output itself
    #[default]
    Deterministic,
    /// A diagonal Gaussian whose means and log-variances are a linear function of the encoder's output; see [`Gaussian`]
    Gaussian {
        /// Numbers in the code.
        units: usize,
    },
    /// The encoder's output, cut into vectors that are replaced by the nearest of a codebook; see [`VectorQuantiser`]
    VectorQuantised {
        /// Vectors in the codebook.
        codebook: usize,
        /// Numbers in a vector; the encoder's output is a multiple of it.
        dimension: usize,
        /// Weight of the squared distance from the encoder's output to its vectors: a mean over the code's numbers where the
        /// likelihood's loss is a mean over elements, else a sum.
        #[serde(default = "commitment")]
        commitment: f32,
        /// Decay a step of the moving means that the codebook is made of.
        #[serde(default = "decay")]
        decay: f32,
    },
    /// The encoder's output, rounded; see [`Rounding`]
    Rounded {
        /// Factor on the nats that an entropy coder needs for a code, in the loss's unit; see [`Rate`].
        rate: f32,
        /// Decay a step of the moments of the prior.
        #[serde(default = "decay")]
        decay: f32,
    },
    /// The largest numbers of the encoder's output, the others 0; see [`TopK`]
    TopK {
        /// Numbers that stay.
        k: usize,
        /// Epochs over which fewer and fewer stay, from all to `k`.
        #[serde(default)]
        warm_up: u32,
    },
}

fn commitment() -> f32 {
    0.25
}

fn decay() -> f32 {
    0.99
}

impl Code {
    pub(crate) fn is_deterministic(&self) -> bool {
        *self == Self::Deterministic
    }

    /// Its name in a specification.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Deterministic => "deterministic",
            Self::Gaussian { .. } => "gaussian",
            Self::VectorQuantised { .. } => "vector-quantised",
            Self::Rounded { .. } => "rounded",
            Self::TopK { .. } => "top-k",
        }
    }

    /// Whether codes have a prior that new ones can be drawn from.
    pub fn has_prior(&self) -> bool {
        matches!(self, Self::Gaussian { .. })
    }

    /// Epochs after which codes are made as in use; losses of epochs before do not compare.
    pub(crate) fn warm_up(&self) -> u32 {
        match self {
            Self::TopK { warm_up, .. } => *warm_up,
            Self::Deterministic
            | Self::Gaussian { .. }
            | Self::VectorQuantised { .. }
            | Self::Rounded { .. } => 0,
        }
    }

    /// What is wrong with the code's numbers for an encoder that ends with rows of shape `row`, and what would be valid.
    pub(crate) fn problem(&self, row: Shape) -> Option<(String, String)> {
        let width = match (self, row) {
            // Vectors do not reach over places.
            (Self::VectorQuantised { .. }, Shape::Planes([channels, ..])) => channels,
            _ => row.numbers(),
        };
        let wrong = |seen: String, valid: String| Some((seen, valid));
        match *self {
            Self::Gaussian { units: 0 } => {
                wrong("has 0 units".into(), "it needs at least 1".into())
            }
            Self::TopK { k, .. } if k == 0 || k > width => wrong(
                format!("keeps {k} of {width} numbers"),
                format!("`k` must be from 1 to {width}, the width of the encoder's output"),
            ),
            Self::VectorQuantised { codebook, .. } if !(2..=1 << 16).contains(&codebook) => wrong(
                format!("has a codebook of {codebook}"),
                "it must be from 2 to 65,536".into(),
            ),
            Self::VectorQuantised { dimension, .. }
                if dimension == 0 || !width.is_multiple_of(dimension) =>
            {
                wrong(
                    match row {
                        Shape::Flat(_) => {
                            format!("cuts {width} numbers into vectors of dimension {dimension}")
                        }
                        Shape::Planes(_) => format!(
                            "cuts the {width} channels of {row} into vectors of dimension {dimension}"
                        ),
                    },
                    "the width of the encoder's output, or its channels, must be a multiple of it"
                        .into(),
                )
            }
            Self::VectorQuantised { commitment, .. }
                if !(commitment.is_finite() && commitment >= 0.0) =>
            {
                wrong(
                    format!("has commitment {commitment}"),
                    "it must be finite and at least 0".into(),
                )
            }
            Self::Rounded { rate, .. } if !(rate.is_finite() && rate >= 0.0) => wrong(
                format!("has rate {rate}"),
                "it must be finite and at least 0".into(),
            ),
            Self::VectorQuantised { decay, .. } | Self::Rounded { decay, .. }
                if !(0.0..1.0).contains(&decay) =>
            {
                wrong(
                    format!("has decay {decay}"),
                    "it must be at least 0 and less than 1".into(),
                )
            }
            _ => None,
        }
    }

    /// The layers that make the code from `inputs` numbers, a Gaussian one with `samples` samples of each.
    pub(crate) fn build(self, inputs: usize, samples: usize) -> Vec<Box<dyn Layer>> {
        match self {
            Self::Deterministic => Vec::new(),
            Self::Gaussian { units } => vec![
                Box::new(Dense::new(
                    inputs,
                    units.saturating_mul(2),
                    Activation::Linear,
                    Initializer::Glorot,
                )),
                Box::new(Gaussian::new(units, samples)),
            ],
            Self::VectorQuantised {
                codebook,
                dimension,
                decay,
                ..
            } => vec![Box::new(VectorQuantiser::new(
                inputs, codebook, dimension, decay,
            ))],
            Self::Rounded { decay, .. } => vec![Box::new(Rounding::new(inputs, decay))],
            Self::TopK { k, warm_up } => vec![Box::new(TopK::new(inputs, k, warm_up))],
        }
    }

    /// The code's own term of the objective, where it has one without being asked.
    pub(crate) fn term(self, width: usize, likelihood: Likelihood) -> Option<Box<dyn Term>> {
        match self {
            Self::VectorQuantised { commitment, .. } => {
                let numbers = match likelihood.is_in_nats_per_example() {
                    true => 1.0,
                    false => width as f32,
                };
                let weight = commitment / numbers;
                Some(Box::new(Commitment { weight }))
            }
            Self::Rounded { rate, .. } => Some(Box::new(Rate { weight: rate })),
            Self::Deterministic | Self::Gaussian { .. } | Self::TopK { .. } => None,
        }
    }
}
