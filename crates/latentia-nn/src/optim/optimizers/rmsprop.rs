//! RMSprop.

use latentia_tensor::optimizer;
use serde::{Deserialize, Serialize};

use super::update_rule::{Update, UpdateRule};
use crate::optim::bounds::{Bound, Hyperparameter};

/// RMSprop, by default with Keras's hyperparameters; see [`optimizer::rmsprop`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Rmsprop {
    /// Decay of the squared gradient's moving mean.
    pub rho: f32,
    /// Added to the root.
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
