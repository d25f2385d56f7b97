//! How a model is trained.

use latentia_nn::{Optimizer, Schedule};
use serde::{Deserialize, Serialize};

use crate::ModelError;

/// The numbers of a training run, as plain data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct TrainingSpec {
    /// Passes over the training examples.
    pub epochs: u32,
    /// Examples in a batch; the last one of an epoch may be shorter.
    pub batch_size: usize,
    /// Step size of the optimiser.
    pub learning_rate: f32,
    /// The rule of the update.
    pub optimizer: Optimizer,
    /// Factor on the learning rate, epoch by epoch.
    pub schedule: Schedule,
    /// Upper bound of the gradient's norm over all parameters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f32>,
    /// Where the validation examples come from.
    pub validation: Validation,
    /// Stop after this many epochs without a new minimum of the validation loss, and go back to the best weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patience: Option<u32>,
    /// Stop when the loss (of validation, where there is one) is at most this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_at_loss: Option<f64>,
}

/// Where the validation examples come from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Validation {
    /// A share of the training examples, held out; 0 for none.
    Share(f64),
    /// A part of its own that the data comes with.
    Part(Part),
}

/// A part of a data set beside the training examples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The test examples, as in the articles; where there are none, a tenth is held out.
    Test,
}

impl Default for TrainingSpec {
    fn default() -> Self {
        Self {
            epochs: 50,
            batch_size: 256,
            learning_rate: 1e-3,
            optimizer: Optimizer::default(),
            schedule: Schedule::default(),
            clip_norm: None,
            validation: Validation::Share(0.1),
            patience: None,
            stop_at_loss: None,
        }
    }
}

impl TrainingSpec {
    /// Refuses numbers out of range.
    ///
    /// # Errors
    /// Names the first such number, its value and what would be valid.
    pub fn check(&self) -> Result<(), ModelError> {
        let positive = |x: f32| x.is_finite() && x > 0.0;
        let refuse = |name, seen: String, valid| Err(ModelError::Option { name, seen, valid });
        if self.epochs == 0 {
            return refuse("epochs", "0".into(), "at least 1");
        }
        if self.batch_size == 0 {
            return refuse("batch-size", "0".into(), "at least 1");
        }
        if !positive(self.learning_rate) {
            let seen = self.learning_rate.to_string();
            return refuse("learning-rate", seen, "a positive number");
        }
        if let Some(limit) = self.clip_norm.filter(|&x| !positive(x)) {
            return refuse("clip-norm", limit.to_string(), "a positive number");
        }
        if let Validation::Share(share) = self.validation
            && !(0.0..1.0).contains(&share)
        {
            return refuse(
                "validation",
                share.to_string(),
                "at least 0 and less than 1, or `test`",
            );
        }
        if self.patience == Some(0) {
            return refuse("patience", "0".into(), "at least 1");
        }
        Ok(())
    }
}
