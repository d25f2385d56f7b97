//! A penalty that a specification asks for by its weight.

use std::sync::Arc;

use crate::invalid_spec::InvalidSpec;
use crate::latent::Latent;
use crate::layer::Layer;
use crate::layers::LayerSpec;
use crate::penalty::Penalty;

/// A penalty that a specification asks for by its weight; 0 leaves it out.
pub trait WeightedPenalty: Penalty {
    /// Its weight, in the loss's unit.
    fn weight(&self) -> f32;

    /// Whether it has a meaning for the codes of `latent`.
    fn fits(&self, latent: &dyn Latent) -> bool;

    /// The kinds of latents that it fits, in words.
    fn needed_latents(&self) -> &'static str;

    /// Refuses values out of range, and an encoder or a decoder that it does not fit.
    ///
    /// # Errors
    /// What is wrong, and what would be valid.
    fn check(&self, _encoder: &[LayerSpec], _decoder: &[LayerSpec]) -> Result<(), InvalidSpec> {
        Ok(())
    }

    /// The layer that it needs before the encoder, for examples of `width` elements.
    fn input_layer(&self, _width: usize) -> Option<Box<dyn Layer>> {
        None
    }

    /// The layer that it needs behind a code of `width` elements, before the decoder.
    fn code_layer(&self, _width: usize) -> Option<Box<dyn Layer>> {
        None
    }

    /// The penalty itself, as training takes it.
    fn shared(&self) -> Arc<dyn Penalty>;
}
