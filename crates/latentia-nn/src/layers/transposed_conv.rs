//! Transposed convolutions, as a user writes them; the layer is a [`Conv`].

use serde::{Deserialize, Serialize};

use super::activation::Activation;
use super::conv::Conv;
use super::kind::LayerKind;
use super::one_dimension::OneDimension;
use super::sizes::Sizes;
use super::stack::{LayerStack, too_large};
use super::window::{Padding, Padding1d, Size, WindowSpec, channels_of, one};
use crate::invalid_spec::InvalidSpec;
use crate::layer::Initializer;

/// A transposed convolution as a user writes it, see [`Conv::transposed`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TransposedConvSpec {
    /// Feature maps of the output, left out as of `conv`. Example: `channels = 16`
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<usize>,
    /// Elements in the window: one number, or `[down, across]`. Example: `kernel = 3`
    #[cfg_attr(feature = "schema", schemars(extend("minimum" = 1, "items" = { "minimum": 1 })))]
    pub kernel: Size,
    /// Elements by which the window moves over the output. Example: `stride = 2`
    #[cfg_attr(feature = "schema", schemars(extend("minimum" = 1, "items" = { "minimum": 1 })))]
    #[serde(default = "Size::one")]
    pub stride: Size,
    /// Elements that are cut off around a feature map; `same` gives `size · stride` positions, or the less than `stride` fewer with which
    /// a decoder ends with the height and width of an example. Example: `padding = 1`
    #[serde(default)]
    pub padding: Padding,
    /// Elements that are added below and right of what the window covers, less than `stride`, where a decoder does not itself need others
    /// to end with the height and width of an example; with `same`, none.
    /// Example: `output-padding = 0`
    #[cfg_attr(feature = "schema", schemars(!skip_serializing_if))]
    #[serde(default = "Size::zero", skip_serializing_if = "Size::is_zero")]
    pub output_padding: Size,
    /// Distance of the window's elements (Yu and Koltun 2016). Example: `dilation = 2`
    #[cfg_attr(feature = "schema", schemars(extend("minimum" = 1, "items" = { "minimum": 1 })))]
    #[serde(default = "Size::one")]
    pub dilation: Size,
    /// The function applied to the output. Example: `activation = "relu"`
    #[serde(default)]
    pub activation: Activation,
    /// How the weight is drawn before training. Example: `initializer = "he"`
    #[serde(default)]
    pub initializer: Initializer,
}

impl TransposedConvSpec {
    fn window(&self) -> WindowSpec {
        WindowSpec {
            kernel: self.kernel,
            stride: self.stride,
            dilation: self.dilation,
            padding: self.padding,
        }
    }
}

impl LayerKind for TransposedConvSpec {
    fn name(&self) -> &'static str {
        "transposed-conv"
    }

    fn add_to(&self, stack: &mut LayerStack, width: usize) -> Result<(), InvalidSpec> {
        let input = stack.feature_maps()?;
        let own = self.window();
        let (window, size) = own.transposed(self.output_padding, &input, stack.sizes)?;
        let channels = channels_of(self.channels, width, size)?;
        let output = [channels, size[0], size[1]];
        let conv = Conv::transposed(input, output, window, self.activation, self.initializer);
        stack.add(conv.ok_or_else(|| too_large(output))?);
        Ok(())
    }

    fn sizes(&self, axis: usize, size: Option<usize>) -> Option<Sizes> {
        let window = self.window();
        size.map(|size| window.transposed_sizes(axis, size, self.output_padding))
    }

    fn activation(&self) -> Activation {
        self.activation
    }

    fn has_width(&self) -> bool {
        true
    }

    fn set_width(&mut self, width: usize) {
        self.channels = Some(width);
    }

    fn needs_feature_maps(&self) -> bool {
        true
    }
}

/// A transposed convolution of a series as a user writes it, see [`Conv::transposed`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TransposedConv1dSpec {
    /// Feature maps of the output, left out as of `conv`. Example: `channels = 16`
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<usize>,
    /// Steps in the window. Example: `kernel = 5`
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub kernel: usize,
    /// Steps by which the window moves over the output. Example: `stride = 2`
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    #[serde(default = "one")]
    pub stride: usize,
    /// Steps that are cut off at either end; named as of `transposed-conv`. Example: `padding = 1`
    #[serde(default)]
    pub padding: Padding1d,
    /// Steps that are added at the end, as of `transposed-conv`. Example: `output-padding = 0`
    #[cfg_attr(feature = "schema", schemars(!skip_serializing_if))]
    #[serde(default, skip_serializing_if = "is_zero")]
    pub output_padding: usize,
    /// Distance of the window's steps (Yu and Koltun 2016). Example: `dilation = 2`
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    #[serde(default = "one")]
    pub dilation: usize,
    /// The function applied to the output. Example: `activation = "relu"`
    #[serde(default)]
    pub activation: Activation,
    /// How the weight is drawn before training. Example: `initializer = "he"`
    #[serde(default)]
    pub initializer: Initializer,
}

fn is_zero(steps: &usize) -> bool {
    *steps == 0
}

impl OneDimension for TransposedConv1dSpec {
    const NAME: &'static str = "transposed-conv-1d";
    type Planar = TransposedConvSpec;

    fn planar(&self) -> TransposedConvSpec {
        TransposedConvSpec {
            channels: self.channels,
            kernel: Size::along(self.kernel),
            stride: Size::along(self.stride),
            padding: self.padding.into(),
            output_padding: Size::Both([0, self.output_padding]),
            dilation: Size::along(self.dilation),
            activation: self.activation,
            initializer: self.initializer,
        }
    }

    fn set_channels(&mut self, channels: usize) {
        self.channels = Some(channels);
    }
}
