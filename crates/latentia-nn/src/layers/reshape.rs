//! Layers that only change what a row is taken for.

use serde::{Deserialize, Serialize};

use super::kind::LayerKind;
use super::stack::{LayerStack, refuse};
use crate::Shape;
use crate::invalid_spec::InvalidSpec;

/// Takes a flat row for feature maps; nothing is computed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReshapeSpec {
    /// `[channels, height, width]`, of as many elements as the row. Example: `shape = [16, 7, 7]`
    #[cfg_attr(feature = "schema", schemars(inner(range(min = 1))))]
    pub shape: [usize; 3],
}

impl LayerKind for ReshapeSpec {
    fn name(&self) -> &'static str {
        "reshape"
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    fn add_to(&self, stack: &mut LayerStack, _width: usize) -> Result<(), InvalidSpec> {
        let (wanted, given) = (Shape::feature_maps(self.shape), stack.shape());
        if wanted.elements() != given.elements() {
            let valid = format!("{wanted} has {} elements", wanted.elements());
            return refuse(format!("takes {given} for {wanted}"), valid);
        }
        stack.shape = wanted;
        Ok(())
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
}
