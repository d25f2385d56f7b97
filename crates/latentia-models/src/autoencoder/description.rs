//! What a file says of how to build a model.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ModelSpec;

/// What a file says of how to build a model.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Description {
    /// By the specification's lists alone.
    Spec(Box<ModelSpec>),
    /// By whoever knows the parts.
    Foreign(Foreign),
}

/// How to build a model that has parts of which no specification knows: by whom, and of what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Foreign {
    /// The name under which a [`crate::Registry`] knows how to build it.
    pub name: String,
    /// What that is handed: plain data.
    pub settings: Value,
}
