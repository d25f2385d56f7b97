//! Codes that are the encoder's output.

use serde::{Deserialize, Serialize};

use crate::latent::Latent;
use crate::layer::Layer;

/// The encoder's output itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Deterministic {}

impl Latent for Deterministic {
    fn name(&self) -> &'static str {
        "deterministic"
    }

    fn layers(&self, _inputs: usize, _samples: usize) -> Vec<Box<dyn Layer>> {
        Vec::new()
    }
}
