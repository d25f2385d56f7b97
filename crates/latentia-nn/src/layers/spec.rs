//! The list of layers, as users write them.

use serde::{Deserialize, Serialize};

use super::activate::ActivationSpec;
use super::batch_norm::BatchNormSpec;
use super::chosen_sizes::{comes_back, heights_and_widths};
use super::conv::{Conv1dSpec, ConvSpec};
use super::dense::DenseSpec;
use super::dropout::DropoutSpec;
use super::group_norm::{GroupNormSpec, LayerNormSpec};
use super::kind::LayerKind;
use super::pool::{AveragePool1dSpec, AveragePoolSpec, MaxPool1dSpec, MaxPoolSpec};
use super::reshape::{FlattenSpec, ReshapeSpec};
use super::residual::ResidualSpec;
use super::stack::LayerStack;
use super::transposed_conv::{TransposedConv1dSpec, TransposedConvSpec};
use super::upsample::{Upsample1dSpec, UpsampleSpec};
use crate::Shape;
use crate::kinds::kinds;
use crate::layer::Layer;

kinds! {
    /// A layer, one of these kinds.
    ///
    /// Layers that work on feature maps take `[channels, height, width]` and give feature maps; the others take and give flat
    /// rows, into which feature maps turn by themselves, channel after channel. Layers in one dimension take and give feature maps of
    /// height 1, `[channels, 1, time]`.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    ///
    /// use latentia_nn::{LayerSpec, Shape, Widths};
    ///
    /// let parts: BTreeMap<String, Vec<LayerSpec>> = toml::from_str(r#"
    ///     encoder = [
    ///         { layer = "conv", channels = 8, kernel = 3, stride = 2, activation = "relu" },
    ///         { layer = "dense", units = 32, activation = "relu" },
    ///         { layer = "dense" },
    ///     ]
    /// "#)?;
    /// // The last layer does not say how wide it is.
    /// let widths = Widths { last: 10, others: 784, sizes: None };
    /// let (layers, row) = LayerSpec::build(&parts["encoder"], Shape::feature_maps([1, 28, 28]), widths)?;
    /// assert_eq!((layers.len(), row), (3, Shape::Flat(10)));
    /// assert_eq!(layers[0].output(), Shape::feature_maps([8, 14, 14]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
    #[serde(tag = "layer", rename_all = "kebab-case")]
    pub enum LayerSpec: LayerKind {
        /// Fully connected, `y = f(x W + b)`. Example: `{ layer = "dense", units = 32, activation = "relu" }`
        Dense(DenseSpec),
        /// A convolution, `y = f(w * x + b)`. Example: `{ layer = "conv", channels = 16, kernel = 3, stride = 2 }`
        Conv(ConvSpec),
        /// A transposed convolution, which goes from few positions to many (Dumoulin and Visin 2016).
        /// Example: `{ layer = "transposed-conv", channels = 16, kernel = 3, stride = 2 }`
        TransposedConv(TransposedConvSpec),
        /// The largest element of each window. Example: `{ layer = "max-pool", size = 2 }`
        MaxPool(MaxPoolSpec),
        /// The mean of each window, of its elements that are not padding. Example: `{ layer = "average-pool", size = 2 }`
        AveragePool(AveragePoolSpec),
        /// Enlargement by the nearest neighbour: each element becomes a block of copies.
        /// Example: `{ layer = "upsample", factor = 2 }`
        Upsample(UpsampleSpec),
        /// A convolution of a series, feature maps `[channels, 1, time]`. Example: `{ layer = "conv-1d", channels = 16, kernel = 5, stride = 2 }`
        #[serde(rename = "conv-1d")]
        Conv1d(Conv1dSpec),
        /// A transposed convolution of a series. Example: `{ layer = "transposed-conv-1d", channels = 16, kernel = 5, stride = 2 }`
        #[serde(rename = "transposed-conv-1d")]
        TransposedConv1d(TransposedConv1dSpec),
        /// The largest element of each window of a series. Example: `{ layer = "max-pool-1d", size = 2 }`
        #[serde(rename = "max-pool-1d")]
        MaxPool1d(MaxPool1dSpec),
        /// The mean of each window of a series. Example: `{ layer = "average-pool-1d", size = 2 }`
        #[serde(rename = "average-pool-1d")]
        AveragePool1d(AveragePool1dSpec),
        /// Enlargement of a series by the nearest neighbour. Example: `{ layer = "upsample-1d", factor = 2 }`
        #[serde(rename = "upsample-1d")]
        Upsample1d(Upsample1dSpec),
        /// Normalisation of each channel over the examples and positions of a batch (Ioffe and Szegedy 2015): in training by
        /// the batch's mean and variance, else by running ones. Example: `{ layer = "batch-norm", activation = "relu" }`
        BatchNorm(BatchNormSpec),
        /// Normalisation over all elements of an example (Ba et al. 2016). Example: `{ layer = "layer-norm" }`
        LayerNorm(LayerNormSpec),
        /// Normalisation over each group of channels of an example (Wu and He 2018). Example: `{ layer = "group-norm", groups = 4 }`
        GroupNorm(GroupNormSpec),
        /// Layers whose input is added to their output, `y = f(g(x) + x)` (He et al. 2016).
        /// Example: `{ layer = "residual", layers = [{ layer = "conv", channels = 16, kernel = 3 }] }`
        Residual(ResidualSpec<LayerSpec>),
        /// An activation by itself. Example: `{ layer = "activation", activation = "tanh" }`
        Activation(ActivationSpec),
        /// Elements set to zero at random in training, the others scaled up so that the mean stays (Srivastava et al. 2014).
        /// Example: `{ layer = "dropout", rate = 0.2 }`
        Dropout(DropoutSpec),
        /// A flat row as feature maps; nothing is computed. Example: `{ layer = "reshape", channels = 16 }`
        Reshape(ReshapeSpec),
        /// Feature maps as a flat row, channel after channel; nothing is computed. Example: `{ layer = "flatten" }`
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

/// How wide layers are that do not say it, and how large their feature maps.
#[derive(Clone, Copy, Debug)]
pub struct Widths {
    /// Elements of the last of them.
    pub last: usize,
    /// Elements of those before.
    pub others: usize,
    /// Height and width of the feature maps behind the last layer, where they are those of an example: layers that enlarge then come
    /// back to them. A layer says what sizes it can have, and of these each has the one that ends so, as written where that does;
    /// where none does, all are as written.
    pub sizes: Option<[usize; 2]>,
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
        let kinds = Self::kinds(specs);
        let sizes = heights_and_widths(&kinds, input, widths.sizes);
        let mut stack = LayerStack::new(input);
        let last = specs.iter().rposition(|spec| spec.has_width());
        for (layer, spec) in kinds.iter().enumerate() {
            let width = match Some(layer) == last {
                true => widths.last,
                false => widths.others,
            };
            // What a `reshape` takes that leaves its sizes open.
            let behind = kinds.iter().zip(&sizes).skip(layer + 1);
            let mut behind = behind.take_while(|(kind, _)| !kind.has_width());
            let wanted = behind.find_map(|(kind, sizes)| kind.elements_for((*sizes)?));
            let width = wanted.unwrap_or(width);
            let invalid = |(seen, valid)| SpecError {
                layer,
                name: spec.name(),
                seen,
                valid,
            };
            stack.sizes = sizes[layer];
            spec.add_to(&mut stack, width).map_err(invalid)?;
        }
        let shape = stack.shape();
        Ok((stack.into_layers(), shape))
    }

    /// Whether feature maps that have `size` along `axis`, 0 down and 1 across, fit an encoder, and come back to it behind a decoder
    /// that ends with feature maps.
    pub fn comes_back(encoder: &[Self], decoder: &[Self], axis: usize, size: usize) -> bool {
        let parts = [encoder, decoder].map(Self::kinds);
        comes_back([&parts[0], &parts[1]], axis, size)
    }

    fn kinds(specs: &[Self]) -> Vec<&dyn LayerKind> {
        specs.iter().map(|spec| &**spec).collect()
    }
}
