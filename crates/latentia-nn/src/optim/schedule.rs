//! Learning-rate schedules.

use serde::{Deserialize, Serialize};

/// The factor on the learning rate, epoch by epoch. It depends on the run's history alone, so there is no state to keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Schedule {
    /// 1
    #[default]
    Constant,
    /// `factor` to the number of whole stretches of `every` epochs
    Step {
        /// Epochs in a stretch.
        every: u32,
        /// Factor after each stretch.
        factor: f32,
    },
    /// From 1 to `floor` along half a cosine over all epochs (Loshchilov and Hutter 2017)
    Cosine {
        /// Factor at the end.
        #[serde(default)]
        floor: f32,
    },
    /// `10^(-i/7)` for `3^i` epochs, with `i` from 0 to 7: 3,280 epochs in all (Burda et al. 2016)
    Burda,
    /// `factor` to the number of times that the loss went `patience` epochs without a new minimum
    Plateau {
        /// Factor after each wait.
        factor: f32,
        /// Epochs to wait.
        patience: u32,
    },
}

impl Schedule {
    /// The factor in epoch `losses.len()` of `epochs`, after epochs that ended with `losses` (of the validation set where
    /// there is one).
    pub fn factor(self, losses: &[f64], epochs: u32) -> f32 {
        let epoch = losses.len() as f32;
        match self {
            Self::Constant => 1.0,
            Self::Step { every, factor } => factor.powf((epoch / every.max(1) as f32).floor()),
            Self::Cosine { floor } => {
                let progress = (epoch / epochs.max(1) as f32).min(1.0);
                floor + (1.0 - floor) * 0.5 * (1.0 + (std::f32::consts::PI * progress).cos())
            }
            Self::Burda => {
                // Stage i ends after (3^(i + 1) - 1) / 2 epochs.
                let stage = (1..8).take_while(|&i| losses.len() >= (3usize.pow(i) - 1) / 2);
                10f32.powf(-(stage.count() as f32) / 7.0)
            }
            Self::Plateau { factor, patience } => {
                let (mut best, mut waited, mut result) = (f64::INFINITY, 0, 1.0);
                for &loss in losses {
                    waited += 1;
                    if loss < best {
                        (best, waited) = (loss, 0);
                    } else if waited >= patience {
                        (waited, result) = (0, result * factor);
                    }
                }
                result
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(schedule: Schedule, losses: &[f64], expected: &[f32]) {
        let factors: Vec<f32> = (0..=losses.len())
            .map(|epoch| schedule.factor(&losses[..epoch], losses.len() as u32))
            .collect();
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
        check(Schedule::Constant, &[1.0, 2.0], &[1.0, 1.0, 1.0]);
        let step = Schedule::Step {
            every: 2,
            factor: 0.1,
        };
        check(step, &[0.0; 4], &[1.0, 1.0, 0.1, 0.1, 0.01]);
        let cosine = Schedule::Cosine { floor: 0.2 };
        check(
            cosine,
            &[0.0; 4],
            &[1.0, 0.882_842_7, 0.6, 0.317_157_3, 0.2],
        );
        let stages = [0, 1, 3, 4, 12, 13, 1092, 1093, 4000];
        let factors = stages.map(|epochs| Schedule::Burda.factor(&vec![0.0; epochs], 3280));
        let expected = [0, 1, 1, 2, 2, 3, 6, 7, 7].map(|i| 10f32.powf(-(i as f32) / 7.0));
        assert_eq!(factors, expected);
        let plateau = Schedule::Plateau {
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
