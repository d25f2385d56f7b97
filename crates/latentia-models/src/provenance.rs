//! How a model came to be.

use serde::{Deserialize, Serialize};

use crate::history::best_epoch;
use crate::spec::is_false;
use crate::{Autoencoder, Epoch, StoppedBy, TrainingSpec};

/// How a model came to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// The preset or the specification's file.
    pub preset: String,
    /// The data's name or path.
    pub data: String,
    /// What its examples were to be reconstructed as, where not as themselves: a name or a path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// SHA-256 of the training examples.
    pub fingerprint: String,
    /// Seed of initial values, order and noise.
    pub seed: u64,
    /// Whether it went on from the weights of a model that had learned before.
    #[serde(default, skip_serializing_if = "is_false")]
    pub warm_start: bool,
    /// How it was trained.
    pub training: TrainingSpec,
    /// Why training ended.
    pub stopped_by: StoppedBy,
    /// Every epoch.
    pub history: Vec<Epoch>,
    /// What may have gone wrong in training, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl Provenance {
    /// The epoch whose weights `model` has that came to be so: the best where training waited for a better one or did not come to
    /// its end, else the last.
    pub fn weights_epoch(&self, model: &Autoencoder) -> Option<&Epoch> {
        let was_cut_short = match self.stopped_by {
            StoppedBy::Interrupt | StoppedBy::Error => true,
            StoppedBy::Epochs | StoppedBy::Patience | StoppedBy::StopAtLoss => false,
        };
        match was_cut_short || self.training.patience.is_some() {
            true => best_epoch(&self.history, model.warm_up()),
            false => self.history.last(),
        }
    }
}
