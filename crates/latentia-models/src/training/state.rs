//! What a run remembers.

use serde::{Deserialize, Serialize};

use super::gradients::GradientWatch;
use crate::Epoch;

/// What a run remembers beside weights and the optimiser: plain data, which a checkpoint keeps whole. Checkpoints of format
/// 1 keep it as JSON, under the names that differ here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RunState {
    /// The epochs that are over.
    pub(crate) history: Vec<Epoch>,
    /// How far the one under way has come.
    #[serde(alias = "begun")]
    pub(crate) progress: EpochProgress,
    /// Loss of the first batch, before anything was learned.
    pub(crate) first_loss: Option<f64>,
    /// How often the run rolled back.
    #[serde(alias = "setbacks")]
    pub(crate) rollbacks: u32,
    /// What is known of its gradients.
    pub(crate) gradients: GradientWatch,
}

/// How far the epoch under way has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct EpochProgress {
    /// Examples seen.
    pub(crate) examples: u64,
    /// Sum of their losses.
    pub(crate) loss: f64,
    /// Loss of the last batch.
    pub(crate) last: f64,
}

impl EpochProgress {
    pub(crate) fn mean(self) -> f64 {
        self.loss / self.examples as f64
    }
}
