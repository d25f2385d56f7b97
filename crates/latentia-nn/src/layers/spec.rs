//! The list of layers, as users write them.

use serde::{Deserialize, Serialize};

use super::activate::ActivationSpec;
use super::batch_norm::BatchNormSpec;
use super::conv::ConvSpec;
use super::dense::DenseSpec;
use super::dropout::DropoutSpec;
use super::group_norm::{GroupNormSpec, LayerNormSpec};
use super::kind::LayerKind;
use super::pool::{AveragePoolSpec, MaxPoolSpec};
use super::reshape::{FlattenSpec, ReshapeSpec};
use super::residual::ResidualSpec;
use super::stack::LayerStack;
use super::transposed_conv::TransposedConvSpec;
use super::upsample::UpsampleSpec;
use crate::Shape;
use crate::kinds::kinds;
use crate::layer::Layer;

kinds! {
    /// A layer as a user writes it: the list of all kinds.
    ///
    /// Layers that work on feature maps take `[channels, height, width]` and give feature maps; the others take and give flat
    /// rows, into which feature maps turn by themselves, channel after channel.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "layer", rename_all = "kebab-case")]
    pub enum LayerSpec: LayerKind {
        /// Fully connected.
        Dense(DenseSpec),
        /// A convolution.
        Conv(ConvSpec),
        /// A transposed convolution.
        TransposedConv(TransposedConvSpec),
        /// The largest element of each window.
        MaxPool(MaxPoolSpec),
        /// The mean of each window.
        AveragePool(AveragePoolSpec),
        /// Nearest-neighbour enlargement.
        Upsample(UpsampleSpec),
        /// Normalisation over the batch.
        BatchNorm(BatchNormSpec),
        /// Normalisation over an example.
        LayerNorm(LayerNormSpec),
        /// Normalisation over groups of channels of an example.
        GroupNorm(GroupNormSpec),
        /// Layers whose input is added to their output.
        Residual(ResidualSpec<LayerSpec>),
        /// An activation by itself.
        Activation(ActivationSpec),
        /// Elements set to zero at random in training.
        Dropout(DropoutSpec),
        /// A flat row as feature maps.
        Reshape(ReshapeSpec),
        /// Feature maps as a flat row.
        Flatten(FlattenSpec),
    }
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
    /// Elements of the last of them.
    pub last: usize,
    /// Elements of those before.
    pub others: usize,
}

impl LayerSpec {
    /// Builds the layers of one part of a model, for rows of shape `input`, and returns the shape of a row behind them too.
    ///
    /// # Errors
    /// When a layer's values are out of range, or it does not fit what comes before; the first such layer is named.
    pub fn build(
        specs: &[Self],
        input: Shape,
        widths: Widths,
    ) -> Result<(Vec<Box<dyn Layer>>, Shape), SpecError> {
        let mut stack = LayerStack::new(input);
        let last = specs.iter().rposition(|spec| spec.has_width());
        for (layer, spec) in specs.iter().enumerate() {
            let width = match Some(layer) == last {
                true => widths.last,
                false => widths.others,
            };
            let invalid = |(seen, valid)| SpecError {
                layer,
                name: spec.name(),
                seen,
                valid,
            };
            spec.add_to(&mut stack, width).map_err(invalid)?;
        }
        let shape = stack.shape();
        Ok((stack.into_layers(), shape))
    }
}
