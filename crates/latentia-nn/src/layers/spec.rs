//! Layers as plain data.

use serde::{Deserialize, Serialize};

use super::size::{NamedPadding, Padding, Size};
use super::stack::Parts;
use crate::{Activation, Initializer, Layer, Shape};

/// A layer as a user writes it. A new layer is a file of its own and a variant here.
///
/// Layers that work on planes take `[channels, height, width]` and give planes; the others take and give rows of numbers, into
/// which planes turn by themselves, channel after channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "layer",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    deny_unknown_fields
)]
pub enum LayerSpec {
    /// See [`Dense`](crate::Dense).
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
    /// A convolution, see [`Conv`](crate::Conv).
    Conv {
        /// Planes of the output; left out, as many as make the numbers that an example has, or that the likelihood asks for at
        /// the end of a decoder.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channels: Option<usize>,
        /// Numbers in the window.
        kernel: Size,
        /// How far the window moves.
        #[serde(default = "one")]
        stride: Size,
        /// Zeros around a plane; `same` gives `⌈size / stride⌉` places.
        #[serde(default)]
        padding: Padding,
        /// Distance of the window's numbers.
        #[serde(default = "one")]
        dilation: Size,
        /// The function applied to the output.
        #[serde(default)]
        activation: Activation,
        /// The first values of the weight.
        #[serde(default)]
        initializer: Initializer,
    },
    /// A transposed convolution, see [`Conv`](crate::Conv).
    TransposedConv {
        /// As of `conv`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channels: Option<usize>,
        /// Numbers in the window.
        kernel: Size,
        /// How far the window moves over the output.
        #[serde(default = "one")]
        stride: Size,
        /// Numbers that are cut off around a plane; `same` gives `size · stride` places.
        #[serde(default)]
        padding: Padding,
        /// Numbers that are added below and right of what the window reaches, less than `stride`.
        #[serde(default, skip_serializing_if = "is_zero")]
        output_padding: usize,
        /// Distance of the window's numbers.
        #[serde(default = "one")]
        dilation: Size,
        /// The function applied to the output.
        #[serde(default)]
        activation: Activation,
        /// The first values of the weight.
        #[serde(default)]
        initializer: Initializer,
    },
    /// The largest number of each window, see [`Pool`](crate::Pool).
    MaxPool {
        /// Numbers in the window.
        size: Size,
        /// How far the window moves; left out, by its size.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stride: Option<Size>,
        /// Places around a plane that count for nothing; by itself none.
        #[serde(default = "valid")]
        padding: Padding,
    },
    /// The mean of each window, see [`Pool`](crate::Pool).
    AveragePool {
        /// Numbers in the window.
        size: Size,
        /// How far the window moves; left out, by its size.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stride: Option<Size>,
        /// Places around a plane that count for nothing; by itself none.
        #[serde(default = "valid")]
        padding: Padding,
    },
    /// See [`Upsample`](crate::Upsample).
    Upsample {
        /// Copies of each number, down and across.
        factor: Size,
    },
    /// See [`BatchNorm`](crate::BatchNorm).
    BatchNorm {
        /// Share of the moving means that stays at a step.
        #[serde(default = "momentum")]
        momentum: f32,
        /// The function applied to the output.
        #[serde(default)]
        activation: Activation,
    },
    /// [`GroupNorm`](crate::GroupNorm) with one group.
    LayerNorm {
        /// The function applied to the output.
        #[serde(default)]
        activation: Activation,
    },
    /// See [`GroupNorm`](crate::GroupNorm).
    GroupNorm {
        /// Groups of channels.
        groups: usize,
        /// The function applied to the output.
        #[serde(default)]
        activation: Activation,
    },
    /// Layers whose input is added to their output, see [`Activate::residual`](crate::Activate::residual).
    Residual {
        /// The layers, from a shape to the same shape.
        layers: Vec<LayerSpec>,
        /// The function applied to the sum.
        #[serde(default)]
        activation: Activation,
    },
    /// See [`Activate`](crate::Activate).
    Activation {
        /// The function.
        activation: Activation,
    },
    /// See [`Dropout`](crate::Dropout).
    Dropout {
        /// Probability that a number is set to zero.
        rate: f32,
    },
    /// Takes a row of numbers for planes.
    Reshape {
        /// `[channels, height, width]`.
        shape: [usize; 3],
    },
    /// Takes planes for a row of numbers.
    Flatten,
}

fn one() -> Size {
    Size::Square(1)
}

pub(super) fn valid() -> Padding {
    Padding::Named(NamedPadding::Valid)
}

fn momentum() -> f32 {
    0.9
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// Why a chain cannot be built: a layer and what it was given do not fit.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("layer {layer} ({name}) {seen}; {valid}")]
pub struct SpecError {
    /// Number of the layer in its part, from 0.
    pub layer: usize,
    /// What kind of layer it is.
    pub name: &'static str,
    /// What it has or was given.
    pub seen: String,
    /// What would be valid.
    pub valid: String,
}

/// How wide layers are that do not say it.
#[derive(Clone, Copy, Debug)]
pub struct Widths {
    /// Numbers of the last of them.
    pub last: usize,
    /// Numbers of those before.
    pub others: usize,
}

impl LayerSpec {
    /// Builds the layers of one part of a model, for rows of shape `input`, and gives back the shape of a row behind them too.
    ///
    /// # Errors
    /// When a layer's numbers are out of range, or it does not fit what comes before; the first such layer is named.
    pub fn build(
        specs: &[Self],
        input: Shape,
        widths: Widths,
    ) -> Result<(Vec<Box<dyn Layer>>, Shape), SpecError> {
        let mut parts = Parts {
            shape: input,
            layers: Vec::with_capacity(specs.len()),
        };
        let last = specs.iter().rposition(Self::has_width);
        for (layer, spec) in specs.iter().enumerate() {
            let width = match Some(layer) == last {
                true => widths.last,
                false => widths.others,
            };
            let misfit = |(seen, valid)| SpecError {
                layer,
                name: spec.name(),
                seen,
                valid,
            };
            parts.add_spec(spec, width).map_err(misfit)?;
        }
        Ok((parts.layers, parts.shape))
    }

    /// Its name in a specification.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Dense { .. } => "dense",
            Self::Conv { .. } => "conv",
            Self::TransposedConv { .. } => "transposed-conv",
            Self::MaxPool { .. } => "max-pool",
            Self::AveragePool { .. } => "average-pool",
            Self::Upsample { .. } => "upsample",
            Self::BatchNorm { .. } => "batch-norm",
            Self::LayerNorm { .. } => "layer-norm",
            Self::GroupNorm { .. } => "group-norm",
            Self::Residual { .. } => "residual",
            Self::Activation { .. } => "activation",
            Self::Dropout { .. } => "dropout",
            Self::Reshape { .. } => "reshape",
            Self::Flatten => "flatten",
        }
    }

    /// Whether it is a dense layer.
    pub fn is_dense(&self) -> bool {
        matches!(self, Self::Dense { .. })
    }

    /// Whether it learns a weight, and says how wide its output is.
    pub fn has_width(&self) -> bool {
        matches!(
            self,
            Self::Dense { .. } | Self::Conv { .. } | Self::TransposedConv { .. }
        )
    }

    /// Whether it works on planes.
    pub fn needs_planes(&self) -> bool {
        match self {
            Self::Conv { .. }
            | Self::TransposedConv { .. }
            | Self::MaxPool { .. }
            | Self::AveragePool { .. }
            | Self::Upsample { .. } => true,
            Self::Residual { layers, .. } => layers.iter().any(Self::needs_planes),
            _ => false,
        }
    }

    /// Sets how wide the output is: units, or channels.
    pub fn set_width(&mut self, width: usize) {
        match self {
            Self::Dense { units, .. } => *units = Some(width),
            Self::Conv { channels, .. } | Self::TransposedConv { channels, .. } => {
                *channels = Some(width);
            }
            _ => {}
        }
    }

    /// The function applied to the layer's output.
    pub fn activation(&self) -> Activation {
        match self {
            Self::Dense { activation, .. }
            | Self::Conv { activation, .. }
            | Self::TransposedConv { activation, .. }
            | Self::BatchNorm { activation, .. }
            | Self::LayerNorm { activation }
            | Self::GroupNorm { activation, .. }
            | Self::Residual { activation, .. }
            | Self::Activation { activation } => *activation,
            _ => Activation::Linear,
        }
    }
}
