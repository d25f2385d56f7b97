//! Adam.

use latentia_tensor::optimizer;
use serde::{Deserialize, Serialize};

use super::update_rule::{Update, UpdateRule};
use crate::optim::bounds::{Bound, Hyperparameter};

/// Adam, by default with Keras's hyperparameters; see [`optimizer::adam`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Adam {
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

impl Default for Adam {
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-7,
        }
    }
}

impl Adam {
    /// The update of a step with decoupled weight decay.
    pub(super) fn at_step_with_decay(
        &self,
        step: u64,
        learning_rate: f32,
        weight_decay: f32,
        run: &mut dyn FnMut(&Update<'_>),
    ) {
        let Self {
            beta1,
            beta2,
            epsilon,
        } = *self;
        let constants =
            optimizer::Adam::at_step(step, learning_rate, weight_decay, beta1, beta2, epsilon);
        run(&move |w, g, m, v| optimizer::adam(w, g, m, v, constants));
    }
}

impl UpdateRule for Adam {
    fn at_step(&self, step: u64, learning_rate: f32, run: &mut dyn FnMut(&Update<'_>)) {
        self.at_step_with_decay(step, learning_rate, 0.0, run);
    }

    fn hyperparameters(&self) -> Vec<Hyperparameter> {
        let hyperparameter = |name, value, bound| Hyperparameter { name, value, bound };
        vec![
            hyperparameter("beta1", self.beta1, Bound::Decay),
            hyperparameter("beta2", self.beta2, Bound::Decay),
            hyperparameter("epsilon", self.epsilon, Bound::Positive),
        ]
    }
}
