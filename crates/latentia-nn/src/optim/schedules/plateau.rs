//! A fall where the loss stays.

use serde::{Deserialize, Serialize};

use super::learning_rate_schedule::LearningRateSchedule;
use super::past_epochs::PastEpochs;
use crate::optim::bounds::{Bound, Hyperparameter};

/// `factor` to the number of times that the loss went `patience` epochs without a new minimum.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PlateauSchedule {
    /// Factor after each wait. Example: `factor = 0.5`
    #[cfg_attr(feature = "schema", schemars(extend("exclusiveMinimum" = 0)))]
    pub factor: f32,
    /// Epochs to wait. Example: `patience = 5`
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub patience: u32,
}

impl LearningRateSchedule for PlateauSchedule {
    fn factor(&self, past: &PastEpochs, _epochs: u32) -> f32 {
        past.factor
    }

    fn observe(&self, past: &mut PastEpochs, loss: f64) {
        past.epochs += 1;
        past.waited += 1;
        if loss < past.least {
            (past.least, past.waited) = (loss, 0);
        } else if past.waited >= self.patience {
            (past.waited, past.factor) = (0, past.factor * self.factor);
        }
    }

    fn hyperparameters(&self) -> Vec<Hyperparameter> {
        let hyperparameter = |name, value, bound| Hyperparameter { name, value, bound };
        vec![
            hyperparameter("patience", self.patience as f32, Bound::Count),
            hyperparameter("factor", self.factor, Bound::Positive),
        ]
    }
}
