//! A kind of layer as a user writes it.

use std::fmt::Debug;

use super::activation::Activation;
use super::sizes::Sizes;
use super::stack::LayerStack;
use crate::invalid_spec::InvalidSpec;

/// A kind of layer as a user writes it: what a specification asks of it before it is built.
pub trait LayerKind: Debug {
    /// Its name in a specification.
    fn name(&self) -> &'static str;

    /// Adds its layers to those before; one that does not say how wide it is has `width` elements.
    ///
    /// # Errors
    /// When its values are out of range, or it does not fit what comes before.
    fn add_to(&self, stack: &mut LayerStack, width: usize) -> Result<(), InvalidSpec>;

    /// The sizes that feature maps can have behind it along `axis`, 0 down and 1 across, where they have `size` before it. Both are nothing
    /// where a row is flat. They grow with `size`, and without gaps.
    fn sizes(&self, _axis: usize, size: Option<usize>) -> Option<Sizes> {
        size.map(Sizes::exactly)
    }

    /// Elements of the flat row that it makes feature maps of `[height, width]` of, where it leaves their sizes open.
    fn elements_for(&self, _sizes: [usize; 2]) -> Option<usize> {
        None
    }

    /// The function applied to its output.
    fn activation(&self) -> Activation {
        Activation::Linear
    }

    /// Whether it is a dense layer.
    fn is_dense(&self) -> bool {
        false
    }

    /// Whether each element of its output is made of the same element of its input alone, and nothing is learned.
    fn is_elementwise(&self) -> bool {
        false
    }

    /// Whether its output is random in training.
    fn is_random(&self) -> bool {
        false
    }

    /// Whether the examples of a batch depend on each other through it in training.
    fn mixes_examples(&self) -> bool {
        false
    }

    /// Whether it learns a weight, and says how wide its output is.
    fn has_width(&self) -> bool {
        false
    }

    /// Sets how wide the output is: units, or channels.
    fn set_width(&mut self, _width: usize) {}

    /// Whether it works on feature maps.
    fn needs_feature_maps(&self) -> bool {
        false
    }
}
