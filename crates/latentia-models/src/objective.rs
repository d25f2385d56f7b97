//! What is weighed beside the likelihood.

use serde::{Deserialize, Serialize};

/// The weights of the terms that a code adds to the likelihood.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Objective {
    /// Factor on the divergence of a Gaussian code from its prior, in nats per example: 1 is the ELBO, more is a β-VAE
    /// (Higgins et al. 2017).
    pub beta: f32,
    /// Epochs over which the factor rises from 0 to `beta`, in a straight line (Bowman et al. 2016).
    #[serde(skip_serializing_if = "is_zero")]
    pub warm_up: u32,
}

impl Default for Objective {
    fn default() -> Self {
        Self {
            beta: 1.0,
            warm_up: 0,
        }
    }
}

fn is_zero(epochs: &u32) -> bool {
    *epochs == 0
}

impl Objective {
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The factor on the divergence after `epochs` epochs, whole and begun.
    pub(crate) fn kl_weight(&self, epochs: f64) -> f32 {
        match self.warm_up {
            0 => self.beta,
            warm_up => self.beta * (epochs / f64::from(warm_up)).min(1.0) as f32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_divergence_warms_up_in_a_straight_line() {
        let objective = Objective {
            beta: 4.0,
            warm_up: 2,
        };
        let weights = [0.0, 0.5, 1.0, 2.0, 9.0].map(|epochs| objective.kl_weight(epochs));
        assert_eq!(weights, [0.0, 1.0, 2.0, 4.0, 4.0]);
        assert_eq!(Objective::default().kl_weight(0.0), 1.0);
    }
}
