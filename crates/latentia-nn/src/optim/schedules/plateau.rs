//! A fall where the loss stays.

use serde::{Deserialize, Serialize};

use super::learning_rate_schedule::LearningRateSchedule;
use crate::optim::bounds::{Bound, Hyperparameter};

/// `factor` to the number of times that the loss went `patience` epochs without a new minimum.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlateauSchedule {
    /// Factor after each wait.
    pub factor: f32,
    /// Epochs to wait.
    pub patience: u32,
}

impl LearningRateSchedule for PlateauSchedule {
    fn factor(&self, losses: &[f64], _epochs: u32) -> f32 {
        let (mut best, mut waited, mut result) = (f64::INFINITY, 0, 1.0);
        for &loss in losses {
            waited += 1;
            if loss < best {
                (best, waited) = (loss, 0);
            } else if waited >= self.patience {
                (waited, result) = (0, result * self.factor);
            }
        }
        result
    }

    fn hyperparameters(&self) -> Vec<Hyperparameter> {
        let hyperparameter = |name, value, bound| Hyperparameter { name, value, bound };
        vec![
            hyperparameter("patience", self.patience as f32, Bound::Count),
            hyperparameter("factor", self.factor, Bound::Positive),
        ]
    }
}
