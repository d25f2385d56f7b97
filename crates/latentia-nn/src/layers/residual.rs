//! Residual blocks.

use std::ops::Deref;

use serde::{Deserialize, Serialize};

use super::activate::Activate;
use super::activation::Activation;
use super::chosen_sizes::heights_and_widths;
use super::kind::LayerKind;
use super::stack::{LayerStack, refuse};
use crate::invalid_spec::InvalidSpec;

/// Layers whose input is added to their output, `y = f(g(x) + x)` (He et al. 2016); see [`Activate::residual`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ResidualSpec<L> {
    /// The layers `g`, from a shape to the same shape, at least one; what enlarges comes back to its height and width, as in a decoder.
    /// Example: `layers = [{ layer = "conv", channels = 16, kernel = 3 }]`
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub layers: Vec<L>,
    /// The function applied to the sum. Example: `activation = "relu"`
    #[serde(default)]
    pub activation: Activation,
}

// Of any list of layers, so that this file does not need the list that it stands in.
impl<L: std::fmt::Debug + Deref<Target = dyn LayerKind>> LayerKind for ResidualSpec<L> {
    fn name(&self) -> &'static str {
        "residual"
    }

    fn add_to(&self, stack: &mut LayerStack, width: usize) -> Result<(), InvalidSpec> {
        let (shape, first) = (stack.shape, stack.layers.len());
        let kinds: Vec<&dyn LayerKind> = self.layers.iter().map(Deref::deref).collect();
        let end = shape
            .as_feature_maps()
            .map(|[_, height, width]| [height, width]);
        let sizes = heights_and_widths(&kinds, shape, end);
        for (number, (layer, sizes)) in kinds.into_iter().zip(sizes).enumerate() {
            stack.sizes = sizes;
            layer.add_to(stack, width).map_err(|(seen, valid)| {
                let inner = format!("has a layer {number} ({}) that {seen}", layer.name());
                (inner, valid)
            })?;
        }
        let layers = stack.layers.len() - first;
        if layers == 0 {
            let valid = "it adds its input to what they make of it";
            return refuse("has no layers".into(), valid);
        }
        if stack.shape != shape {
            let seen = format!("goes from {shape} to {}", stack.shape);
            let valid = "its layers must end with the shape that they begin with";
            return refuse(seen, valid);
        }
        stack.add(Activate::residual(shape, self.activation, layers));
        Ok(())
    }

    fn activation(&self) -> Activation {
        self.activation
    }

    fn is_random(&self) -> bool {
        self.layers.iter().any(|layer| layer.is_random())
    }

    fn mixes_examples(&self) -> bool {
        self.layers.iter().any(|layer| layer.mixes_examples())
    }

    fn needs_feature_maps(&self) -> bool {
        self.layers.iter().any(|layer| layer.needs_feature_maps())
    }
}
