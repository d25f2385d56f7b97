//! The schedule of the importance-weighted autoencoder.

use serde::{Deserialize, Serialize};

use super::learning_rate_schedule::LearningRateSchedule;
use super::past_epochs::PastEpochs;

/// `10^(-i/7)` for `3^i` epochs, with `i` from 0 to 7: 3,280 epochs in all (Burda et al. 2016).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BurdaSchedule {}

impl LearningRateSchedule for BurdaSchedule {
    fn factor(&self, past: &PastEpochs, _epochs: u32) -> f32 {
        // Stage i ends after (3^(i + 1) - 1) / 2 epochs.
        let stage = (1..8).take_while(|&i| past.epochs >= (3usize.pow(i) - 1) / 2);
        10f32.powf(-(stage.count() as f32) / 7.0)
    }
}
