//! Stochastic gradient descent.

use latentia_tensor::optimizer;
use serde::{Deserialize, Serialize};

use super::update_rule::{Update, UpdateRule};
use crate::optim::bounds::{Bound, Hyperparameter};

/// Stochastic gradient descent with momentum; see [`optimizer::sgd`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Sgd {
    /// Decay of the moving sum of gradients, a step. Example: `momentum = 0.9`
    #[cfg_attr(feature = "schema", schemars(range(min = 0), extend("exclusiveMaximum" = 1)))]
    #[serde(default)]
    pub momentum: f32,
}

impl UpdateRule for Sgd {
    fn at_step(&self, _step: u64, learning_rate: f32, run: &mut dyn FnMut(&Update<'_>)) {
        let momentum = self.momentum;
        run(&move |w, g, m, _| optimizer::sgd(w, g, m, learning_rate, momentum));
    }

    fn hyperparameters(&self) -> Vec<Hyperparameter> {
        vec![Hyperparameter {
            name: "momentum",
            value: self.momentum,
            bound: Bound::Decay,
        }]
    }
}
