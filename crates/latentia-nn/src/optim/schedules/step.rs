//! A fall every few epochs.

use serde::{Deserialize, Serialize};

use super::learning_rate_schedule::LearningRateSchedule;
use super::past_epochs::PastEpochs;
use crate::optim::bounds::{Bound, Hyperparameter};

/// `factor^⌊epoch / every⌋`
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StepSchedule {
    /// Epochs between two falls. Example: `every = 10`
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub every: u32,
    /// Factor at each fall. Example: `factor = 0.5`
    #[cfg_attr(feature = "schema", schemars(extend("exclusiveMinimum" = 0)))]
    pub factor: f32,
}

impl LearningRateSchedule for StepSchedule {
    fn factor(&self, past: &PastEpochs, _epochs: u32) -> f32 {
        let (epoch, every) = (past.epochs as f32, self.every.max(1) as f32);
        self.factor.powf((epoch / every).floor())
    }

    fn hyperparameters(&self) -> Vec<Hyperparameter> {
        let hyperparameter = |name, value, bound| Hyperparameter { name, value, bound };
        vec![
            hyperparameter("every", self.every as f32, Bound::Count),
            hyperparameter("factor", self.factor, Bound::Positive),
        ]
    }
}
