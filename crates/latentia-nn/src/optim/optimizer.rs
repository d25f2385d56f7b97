//! Optimisers as plain data.

use latentia_tensor::optimizer::{self, Adam};
use serde::{Deserialize, Serialize};

/// The rule by which a gradient changes a parameter. Defaults are those of Keras.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "lowercase",
    rename_all_fields = "kebab-case",
    deny_unknown_fields
)]
pub enum Optimizer {
    /// Stochastic gradient descent; see [`optimizer::sgd`].
    Sgd {
        /// Decay of the moving sum of gradients.
        #[serde(default)]
        momentum: f32,
    },
    /// See [`optimizer::rmsprop`].
    Rmsprop {
        /// Decay of the squared gradient's moving mean.
        #[serde(default = "rho")]
        rho: f32,
        /// Added to the root.
        #[serde(default = "epsilon")]
        epsilon: f32,
    },
    /// See [`optimizer::adam`].
    Adam {
        /// Decay of the first moment.
        #[serde(default = "beta1")]
        beta1: f32,
        /// Decay of the second moment.
        #[serde(default = "beta2")]
        beta2: f32,
        /// Added to the root.
        #[serde(default = "epsilon")]
        epsilon: f32,
    },
    /// Adam with decoupled weight decay; see [`optimizer::adam`].
    Adamw {
        /// Share of a parameter that is taken off it, times the learning rate, at each step.
        #[serde(default = "weight_decay")]
        weight_decay: f32,
        /// Decay of the first moment.
        #[serde(default = "beta1")]
        beta1: f32,
        /// Decay of the second moment.
        #[serde(default = "beta2")]
        beta2: f32,
        /// Added to the root.
        #[serde(default = "epsilon")]
        epsilon: f32,
    },
}

fn rho() -> f32 {
    0.9
}
fn beta1() -> f32 {
    0.9
}
fn beta2() -> f32 {
    0.999
}
fn epsilon() -> f32 {
    1e-7
}
fn weight_decay() -> f32 {
    0.004
}

impl Default for Optimizer {
    fn default() -> Self {
        Self::Adam {
            beta1: beta1(),
            beta2: beta2(),
            epsilon: epsilon(),
        }
    }
}

/// The rule of one step, with all that follows from the step worked out.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Update {
    Sgd { lr: f32, momentum: f32 },
    Rmsprop { lr: f32, rho: f32, epsilon: f32 },
    Adam(Adam),
}

impl Optimizer {
    /// The rule at step `step`, which counts from 1, with learning rate `lr`.
    pub(crate) fn at_step(self, step: u64, lr: f32) -> Update {
        match self {
            Self::Sgd { momentum } => Update::Sgd { lr, momentum },
            Self::Rmsprop { rho, epsilon } => Update::Rmsprop { lr, rho, epsilon },
            Self::Adam {
                beta1,
                beta2,
                epsilon,
            } => Update::Adam(Adam::at_step(step, lr, 0.0, beta1, beta2, epsilon)),
            Self::Adamw {
                weight_decay,
                beta1,
                beta2,
                epsilon,
            } => Update::Adam(Adam::at_step(step, lr, weight_decay, beta1, beta2, epsilon)),
        }
    }
}

impl Update {
    /// Changes `w` by its gradient `g`. All slices have the same length.
    pub(crate) fn apply(self, w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) {
        match self {
            Self::Sgd { lr, momentum } => optimizer::sgd(w, g, m, lr, momentum),
            Self::Rmsprop { lr, rho, epsilon } => optimizer::rmsprop(w, g, v, lr, rho, epsilon),
            Self::Adam(constants) => optimizer::adam(w, g, m, v, constants),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn left_out_numbers_are_those_of_keras() {
        let parse = |text| toml::from_str::<Optimizer>(text);
        assert_eq!(parse("kind = 'adam'"), Ok(Optimizer::default()));
        assert_eq!(parse("kind = 'sgd'"), Ok(Optimizer::Sgd { momentum: 0.0 }));
        let error = parse("kind = 'adam'\nbeta = 1").expect_err("no such number");
        assert!(
            error.to_string().contains("unknown field `beta`"),
            "{error}"
        );
    }
}
