//! No schedule.

use serde::{Deserialize, Serialize};

use super::learning_rate_schedule::LearningRateSchedule;
use super::past_epochs::PastEpochs;

/// 1
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ConstantSchedule {}

impl LearningRateSchedule for ConstantSchedule {
    fn factor(&self, _past: &PastEpochs, _epochs: u32) -> f32 {
        1.0
    }
}
