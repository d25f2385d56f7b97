//! RMSprop.

use latentia_tensor::optimizer;
use serde::{Deserialize, Serialize};

use super::update_rule::{Update, UpdateRule};
use crate::optim::bounds::{Bound, Hyperparameter};

/// RMSprop, by default with Keras's hyperparameters; see [`optimizer::rmsprop`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Rmsprop {
    /// Decay of the squared gradient's moving mean, a step. Example: `rho = 0.99`
    #[cfg_attr(feature = "schema", schemars(range(min = 0), extend("exclusiveMaximum" = 1)))]
    pub rho: f32,
    /// Added to the root of the second moment. Example: `epsilon = 1e-8`
    #[cfg_attr(feature = "schema", schemars(extend("exclusiveMinimum" = 0)))]
    pub epsilon: f32,
}

impl Default for Rmsprop {
    fn default() -> Self {
        Self {
            rho: 0.9,
            epsilon: 1e-7,
        }
    }
}

impl UpdateRule for Rmsprop {
    fn at_step(&self, _step: u64, learning_rate: f32, run: &mut dyn FnMut(&Update<'_>)) {
        let Self { rho, epsilon } = *self;
        run(&move |w, g, _, v| optimizer::rmsprop(w, g, v, learning_rate, rho, epsilon));
    }

    fn hyperparameters(&self) -> Vec<Hyperparameter> {
        vec![
            Hyperparameter {
                name: "rho",
                value: self.rho,
                bound: Bound::Decay,
            },
            Hyperparameter {
                name: "epsilon",
                value: self.epsilon,
                bound: Bound::Positive,
            },
        ]
    }
}
