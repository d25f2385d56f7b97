//! A fall along half a cosine.

use serde::{Deserialize, Serialize};

use super::learning_rate_schedule::LearningRateSchedule;
use super::past_epochs::PastEpochs;
use crate::optim::bounds::{Bound, Hyperparameter};

/// From 1 to `floor` along half a cosine over all epochs (Loshchilov and Hutter 2017).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CosineSchedule {
    /// Factor at the end. Example: `floor = 0.01`
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 1)))]
    #[serde(default)]
    pub floor: f32,
}

impl LearningRateSchedule for CosineSchedule {
    fn factor(&self, past: &PastEpochs, epochs: u32) -> f32 {
        let floor = self.floor;
        let progress = (past.epochs as f32 / epochs.max(1) as f32).min(1.0);
        floor + (1.0 - floor) * 0.5 * (1.0 + (std::f32::consts::PI * progress).cos())
    }

    fn hyperparameters(&self) -> Vec<Hyperparameter> {
        vec![Hyperparameter {
            name: "floor",
            value: self.floor,
            bound: Bound::Share,
        }]
    }
}
