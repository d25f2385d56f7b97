//! Optimisers: one file for each, and the list of them.

mod adam;
mod adamw;
mod rmsprop;
mod sgd;
mod update_rule;

use serde::{Deserialize, Serialize};

use crate::kinds::kinds;

pub use adam::Adam;
pub use adamw::Adamw;
pub use rmsprop::Rmsprop;
pub use sgd::Sgd;
pub use update_rule::{Update, UpdateRule};

kinds! {
    /// The optimiser as a user writes it: the list of all kinds. Defaults are those of Keras.
    #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "kind", rename_all = "lowercase")]
    pub enum Optimizer: UpdateRule {
        /// Stochastic gradient descent.
        Sgd(Sgd),
        /// RMSprop.
        Rmsprop(Rmsprop),
        /// Adam.
        Adam(Adam),
        /// Adam with decoupled weight decay.
        Adamw(Adamw),
    }
}

impl Default for Optimizer {
    fn default() -> Self {
        Self::Adam(Adam::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn left_out_hyperparameters_are_those_of_keras() {
        let parse = |text| toml::from_str::<Optimizer>(text);
        assert_eq!(parse("kind = 'adam'"), Ok(Optimizer::default()));
        assert_eq!(parse("kind = 'sgd'"), Ok(Sgd { momentum: 0.0 }.into()));
        let error = parse("kind = 'adam'\nbeta = 1").expect_err("no such hyperparameter");
        assert!(
            error.to_string().contains("unknown field `beta`"),
            "{error}"
        );
    }
}
