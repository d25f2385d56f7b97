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
    /// The rule of the update, one of these kinds. Defaults are those of Keras.
    #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
    #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
    #[serde(tag = "kind", rename_all = "lowercase")]
    pub enum Optimizer: UpdateRule {
        /// Stochastic gradient descent, with momentum where asked for. Example: `{ kind = "sgd", momentum = 0.9 }`
        Sgd(Sgd),
        /// RMSprop (Tieleman and Hinton 2012). Example: `{ kind = "rmsprop" }`
        Rmsprop(Rmsprop),
        /// Adam (Kingma and Ba 2015). Example: `{ kind = "adam", epsilon = 1e-8 }`
        Adam(Adam),
        /// Adam with decoupled weight decay (Loshchilov and Hutter 2019). Example: `{ kind = "adamw", weight-decay = 0.01 }`
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
