//! Layers that only change what a row is taken for.

use serde::{Deserialize, Serialize};

use super::kind::LayerKind;
use super::sizes::Sizes;
use super::stack::{LayerStack, positive, refuse};
use crate::Shape;
use crate::invalid_spec::InvalidSpec;

/// Takes a flat row for feature maps; nothing is computed. It says their `shape`, or their `channels` alone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReshapeSpec {
    /// `[channels, height, width]`, of as many elements as the row. Example: `shape = [16, 7, 7]`
    #[cfg_attr(feature = "schema", schemars(inner(range(min = 1))))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<[usize; 3]>,
    /// Feature maps; without `shape` they have the height and width from which the decoder's other layers come back to those of an
    /// example, and a `dense` before it without `units` is as wide as they are. Example: `channels = 16`
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<usize>,
}

impl LayerKind for ReshapeSpec {
    fn name(&self) -> &'static str {
        "reshape"
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    fn add_to(&self, stack: &mut LayerStack, _width: usize) -> Result<(), InvalidSpec> {
        let sizes = match (self.shape, self.channels) {
            (None, None) => {
                let valid = "give one: `channels` alone leaves height and width to the decoder";
                return refuse("has neither `shape` nor `channels`".into(), valid);
            }
            (Some(shape), Some(channels)) if channels != shape[0] => {
                let seen = format!("has channels {channels} and a shape of {}", shape[0]);
                return refuse(seen, "give one of them");
            }
            (Some(shape), _) => shape,
            (None, Some(channels)) => {
                positive("channels", channels)?;
                let Some([height, width]) = stack.sizes else {
                    let seen = "leaves height and width open".into();
                    let valid = "the layers behind it do not end with those of an example: give `shape`, \
                                 [channels, height, width], or end a decoder of pictures or series with feature maps";
                    return refuse(seen, valid);
                };
                [channels, height, width]
            }
        };
        let (wanted, given) = (Shape::feature_maps(sizes), stack.shape());
        if wanted.elements() != given.elements() {
            let valid = format!("{wanted} has {} elements", wanted.elements());
            return refuse(format!("takes {given} for {wanted}"), valid);
        }
        stack.shape = wanted;
        Ok(())
    }

    fn sizes(&self, axis: usize, _size: Option<usize>) -> Option<Sizes> {
        Some(match self.shape {
            Some(shape) => Sizes::exactly(shape[axis + 1]),
            None => Sizes::open(),
        })
    }

    fn elements_for(&self, [height, width]: [usize; 2]) -> Option<usize> {
        let channels = self.channels.filter(|_| self.shape.is_none())?;
        Some(Shape::feature_maps([channels, height, width]).elements())
    }
}

/// Takes feature maps for a flat row; nothing is computed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FlattenSpec {}

impl LayerKind for FlattenSpec {
    fn name(&self) -> &'static str {
        "flatten"
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    fn add_to(&self, stack: &mut LayerStack, _width: usize) -> Result<(), InvalidSpec> {
        stack.shape = Shape::Flat(stack.shape.elements());
        Ok(())
    }

    fn sizes(&self, _axis: usize, _size: Option<usize>) -> Option<Sizes> {
        None
    }
}
