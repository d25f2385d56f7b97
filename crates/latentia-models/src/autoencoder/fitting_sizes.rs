//! Sizes of pictures that a specification fits, where it does not fit those that there are.

use latentia_nn::LayerSpec;
use latentia_tensor::{Axes, ExampleShape};

use crate::{ModelError, ModelSpec, Picture};

/// How far sizes are looked for.
const FARTHEST: usize = 1024;

impl ModelSpec {
    /// `error`, which refuses examples of shape `shape`, with the next heights and widths that are not refused, smaller and larger,
    /// where there are some between half and twice the size.
    pub(super) fn with_fitting_sizes(
        &self,
        mut error: ModelError,
        shape: &ExampleShape,
    ) -> ModelError {
        let valid = match &mut error {
            ModelError::Layer { source, .. } => &mut source.valid,
            ModelError::Part { valid, .. } => valid,
            _ => return error,
        };
        let Some([channels, height, width]) = shape.picture().map(Picture::feature_maps) else {
            return error;
        };
        let comes_back =
            |axis, size: &usize| LayerSpec::comes_back(&self.encoder, &self.decoder, axis, *size);
        let smaller = |(axis, size): (usize, usize)| {
            let sizes = (size.div_ceil(2)..=size).rev();
            sizes.take(FARTHEST).find(|size| comes_back(axis, size))
        };
        let larger = |(axis, size): (usize, usize)| {
            let mut sizes = (size..=size.saturating_mul(2)).take(FARTHEST);
            sizes.find(|size| comes_back(axis, size))
        };
        let axes = [(0, height), (1, width)];
        let mut fitting = Vec::new();
        for next in [axes.map(smaller), axes.map(larger)] {
            let [Some(height), Some(width)] = next else {
                continue;
            };
            let shape = ExampleShape::new(vec![channels, height, width], Axes::Nchw);
            let fits = shape.is_some_and(|shape| self.parts_over(&shape, None).is_ok());
            let size = format!("{height}x{width}");
            if fits && !fitting.contains(&size) {
                fitting.push(size);
            }
        }
        if !fitting.is_empty() {
            let fitting = fitting.join(" or ");
            *valid += &format!("; examples of {fitting}, height by width, would fit");
        }
        error
    }
}
