//! Kinds of layers in one dimension.

use std::fmt::Debug;

use super::activation::Activation;
use super::kind::LayerKind;
use super::sizes::Sizes;
use super::stack::{LayerStack, refuse};
use crate::invalid_spec::InvalidSpec;

/// A kind of layer in one dimension as a user writes it: a kind on feature maps whose height is 1, `[channels, 1, time]`.
pub trait OneDimension: Debug {
    /// Its name in a specification.
    const NAME: &'static str;
    /// The kind in two dimensions.
    type Planar: LayerKind;

    /// The kind in two dimensions with a height of 1.
    fn planar(&self) -> Self::Planar;

    /// Sets the channels, where it has some.
    fn set_channels(&mut self, _channels: usize) {}
}

impl<T: OneDimension> LayerKind for T {
    fn name(&self) -> &'static str {
        T::NAME
    }

    fn add_to(&self, stack: &mut LayerStack, width: usize) -> Result<(), InvalidSpec> {
        let [_, height, _] = stack.feature_maps()?;
        let planar = self.planar();
        match height {
            1 => planar.add_to(stack, width),
            _ => refuse(
                format!("gets feature maps {}", stack.shape()),
                format!(
                    "it works on series, feature maps [channels, 1, time]: use `{}`",
                    planar.name()
                ),
            ),
        }
    }

    fn sizes(&self, axis: usize, size: Option<usize>) -> Option<Sizes> {
        self.planar().sizes(axis, size)
    }

    fn activation(&self) -> Activation {
        self.planar().activation()
    }

    fn has_width(&self) -> bool {
        self.planar().has_width()
    }

    fn set_width(&mut self, width: usize) {
        self.set_channels(width);
    }

    fn needs_feature_maps(&self) -> bool {
        true
    }
}
