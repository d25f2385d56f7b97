//! Adam with decoupled weight decay.

use serde::{Deserialize, Serialize};

use super::adam::Adam;
use super::update_rule::{Update, UpdateRule};
use crate::optim::bounds::{Bound, Hyperparameter};

/// Adam with decoupled weight decay (Loshchilov and Hutter 2019), by default with Keras's hyperparameters; see
/// [`latentia_tensor::optimizer::adam`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Adamw {
    /// Share of a parameter that is taken off it, times the learning rate, at each step. Example: `weight-decay = 0.01`
    #[cfg_attr(feature = "schema", schemars(range(min = 0), extend("exclusiveMaximum" = 1)))]
    pub weight_decay: f32,
    /// Decay of the first moment, a step. Example: `beta1 = 0.5`
    #[cfg_attr(feature = "schema", schemars(range(min = 0), extend("exclusiveMaximum" = 1)))]
    pub beta1: f32,
    /// Decay of the second moment, a step. Example: `beta2 = 0.99`
    #[cfg_attr(feature = "schema", schemars(range(min = 0), extend("exclusiveMaximum" = 1)))]
    pub beta2: f32,
    /// Added to the root of the second moment. Example: `epsilon = 1e-8`
    #[cfg_attr(feature = "schema", schemars(extend("exclusiveMinimum" = 0)))]
    pub epsilon: f32,
}

impl Default for Adamw {
    fn default() -> Self {
        let Adam {
            beta1,
            beta2,
            epsilon,
        } = Adam::default();
        Self {
            weight_decay: 0.004,
            beta1,
            beta2,
            epsilon,
        }
    }
}

impl Adamw {
    fn adam(&self) -> Adam {
        Adam {
            beta1: self.beta1,
            beta2: self.beta2,
            epsilon: self.epsilon,
        }
    }
}

impl UpdateRule for Adamw {
    fn at_step(&self, step: u64, learning_rate: f32, run: &mut dyn FnMut(&Update<'_>)) {
        self.adam()
            .at_step_with_decay(step, learning_rate, self.weight_decay, run);
    }

    fn hyperparameters(&self) -> Vec<Hyperparameter> {
        let mut hyperparameters = self.adam().hyperparameters();
        hyperparameters.push(Hyperparameter {
            name: "weight-decay",
            value: self.weight_decay,
            bound: Bound::Decay,
        });
        hyperparameters
    }
}
