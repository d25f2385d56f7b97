//! Learning-rate schedules: one file for each, and the list of them.

mod burda;
mod constant;
mod cosine;
mod learning_rate_schedule;
mod past_epochs;
mod plateau;
mod step;

use serde::{Deserialize, Serialize};

use crate::kinds::kinds;

pub use burda::BurdaSchedule;
pub use constant::ConstantSchedule;
pub use cosine::CosineSchedule;
pub use learning_rate_schedule::LearningRateSchedule;
pub use past_epochs::PastEpochs;
pub use plateau::PlateauSchedule;
pub use step::StepSchedule;

kinds! {
    /// The factor on the learning rate, epoch by epoch, one of these kinds.
    #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
    #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
    #[serde(tag = "kind", rename_all = "lowercase")]
    pub enum Schedule: LearningRateSchedule {
        /// No schedule: a factor of 1. Example: `{ kind = "constant" }`
        Constant(ConstantSchedule),
        /// A fall every few epochs, `factor^⌊epoch / every⌋`. Example: `{ kind = "step", every = 10, factor = 0.5 }`
        Step(StepSchedule),
        /// A fall along half a cosine over all epochs, from 1 to `floor` (Loshchilov and Hutter 2017).
        /// Example: `{ kind = "cosine", floor = 0.01 }`
        Cosine(CosineSchedule),
        /// That of the importance-weighted autoencoder: `10^(-i/7)` for `3^i` epochs, with `i` from 0 to 7, which are 3,280
        /// epochs in all (Burda et al. 2016). Example: `{ kind = "burda" }`
        Burda(BurdaSchedule),
        /// A fall where the loss, of validation where there is one, goes some epochs without a new minimum.
        /// Example: `{ kind = "plateau", factor = 0.5, patience = 5 }`
        Plateau(PlateauSchedule),
    }
}

impl Default for Schedule {
    fn default() -> Self {
        Self::Constant(ConstantSchedule {})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(schedule: impl LearningRateSchedule, losses: &[f64], expected: &[f32]) {
        let epochs = losses.len() as u32;
        let mut past = PastEpochs::default();
        let mut factors = vec![schedule.factor(&past, epochs)];
        for &loss in losses {
            schedule.observe(&mut past, loss);
            factors.push(schedule.factor(&past, epochs));
        }
        for (obtained, expected) in factors.iter().zip(expected) {
            assert!(
                (obtained - expected).abs() < 1e-6,
                "{schedule:?}: {factors:?}"
            );
        }
        assert_eq!(factors.len(), expected.len());
    }

    #[test]
    fn factors_follow_their_definitions() {
        check(ConstantSchedule {}, &[1.0, 2.0], &[1.0, 1.0, 1.0]);
        let step = StepSchedule {
            every: 2,
            factor: 0.1,
        };
        check(step, &[0.0; 4], &[1.0, 1.0, 0.1, 0.1, 0.01]);
        check(
            CosineSchedule { floor: 0.2 },
            &[0.0; 4],
            &[1.0, 0.882_842_7, 0.6, 0.317_157_3, 0.2],
        );
        let stages = [0, 1, 3, 4, 12, 13, 1092, 1093, 4000];
        let factors = stages.map(|epochs| {
            let past = PastEpochs {
                epochs,
                ..PastEpochs::default()
            };
            BurdaSchedule {}.factor(&past, 3280)
        });
        let expected = [0, 1, 1, 2, 2, 3, 6, 7, 7].map(|i| 10f32.powf(-(i as f32) / 7.0));
        assert_eq!(factors, expected);
        let plateau = PlateauSchedule {
            factor: 0.5,
            patience: 2,
        };
        check(
            plateau,
            &[3.0, 2.0, 2.5, 2.0, 1.0, 1.0, 1.0],
            &[1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25],
        );
    }
}
