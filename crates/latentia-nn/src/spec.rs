//! Layers as plain data.

use serde::{Deserialize, Serialize};

use crate::{Activation, Dense, Dropout, Initializer, Layer};

/// A layer as a user writes it. A new layer is a file of its own and a variant here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "layer", rename_all = "kebab-case", deny_unknown_fields)]
pub enum LayerSpec {
    /// See [`Dense`].
    Dense {
        /// Numbers in a row of the output; left out, as many as an example has, or as the likelihood asks for at the end of
        /// a decoder.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        units: Option<usize>,
        /// The function applied to the output.
        #[serde(default)]
        activation: Activation,
        /// The first values of the weight.
        #[serde(default)]
        initializer: Initializer,
    },
    /// See [`Dropout`].
    Dropout {
        /// Probability that a number is set to zero.
        rate: f32,
    },
}

/// Why a chain cannot be built.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SpecError {
    /// A layer without output.
    #[error("layer {layer} (dense) has 0 units; it needs at least 1")]
    NoUnits {
        /// Number of the layer in its part, from 0.
        layer: usize,
    },
    /// A rate that is no probability below one.
    #[error("layer {layer} (dropout) has rate {rate}; it must be at least 0 and less than 1")]
    Rate {
        /// Number of the layer in its part, from 0.
        layer: usize,
        /// The value seen.
        rate: f32,
    },
}

impl LayerSpec {
    /// Builds the layers of one part of a model, for rows of `inputs` numbers.
    ///
    /// `default_units` is the width of a dense layer that names none.
    ///
    /// # Errors
    /// When a layer's numbers are out of range; the first such layer is named.
    pub fn build(
        specs: &[Self],
        inputs: usize,
        default_units: usize,
    ) -> Result<Vec<Box<dyn Layer>>, SpecError> {
        let mut width = inputs;
        let mut layers: Vec<Box<dyn Layer>> = Vec::with_capacity(specs.len());
        for (layer, spec) in specs.iter().enumerate() {
            let built: Box<dyn Layer> = match *spec {
                Self::Dense {
                    units,
                    activation,
                    initializer,
                } => match units.unwrap_or(default_units) {
                    0 => return Err(SpecError::NoUnits { layer }),
                    units => Box::new(Dense::new(width, units, activation, initializer)),
                },
                Self::Dropout { rate } if !(0.0..1.0).contains(&rate) => {
                    return Err(SpecError::Rate { layer, rate });
                }
                Self::Dropout { rate } => Box::new(Dropout::new(width, rate)),
            };
            width = built.outputs();
            layers.push(built);
        }
        Ok(layers)
    }

    /// Whether it is a dense layer, which alone has units.
    pub fn is_dense(&self) -> bool {
        matches!(self, Self::Dense { .. })
    }

    /// The function applied to the layer's output.
    pub fn activation(&self) -> Activation {
        match self {
            Self::Dense { activation, .. } => *activation,
            Self::Dropout { .. } => Activation::Linear,
        }
    }
}
