//! What tells the codes of examples from others, as a user writes it.

use serde::{Deserialize, Serialize};

use crate::invalid_spec::{InvalidSpec, require};
use crate::latent::Latent;

/// A network that learns, beside the autoencoder and with an optimiser of its own, to tell the codes of a batch from draws of another
/// distribution, while the encoder learns to be taken for it.
///
/// With `t(z) = ln p(other | z) / p(code | z)`, the output of the network, it minimises the binary cross-entropy over as many codes as draws,
/// `½ E[softplus(t(z))] + ½ E[softplus(-t(z'))]`, `ln 2` nats where it cannot tell them apart. The encoder's loss has, besides,
///
/// - against the `prior`, `λ E[softplus(-t(z))]`: an adversarial autoencoder (Makhzani et al. 2016), with a Gaussian code and its divergence
///   an adversarial relative of InfoVAE
/// - against `permuted` codes, whose dimensions each come from another example of the batch, `λ E[-t(z)]`, an estimate of the total correlation
///   `KL(q(z) ‖ Π q(zⱼ))`: the FactorVAE (Kim and Mnih 2018)
///
/// Dense layers with leaky ReLUs, Adam with `β₁ = 0.5` and `β₂ = 0.9`, as Kim and Mnih have it. It is no part of the model: files keep it
/// with a run's checkpoints alone.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Discriminator {
    /// `λ`, the factor on what the encoder's loss has of it, in the likelihood's unit for each nat: a weight of more than a hundredth or so of the
    /// likelihood's loss can make training unstable. Example: `weight = 10.0`
    #[cfg_attr(feature = "schema", schemars(extend("exclusiveMinimum" = 0)))]
    pub weight: f32,
    /// What the codes are told from. Example: `against = "permuted"`
    pub against: Against,
    /// Units of each of its hidden layers. Example: `units = 1000`
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 4096)))]
    pub units: usize,
    /// Its hidden layers. Example: `layers = 6`
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 16)))]
    pub layers: usize,
    /// Its learning rate, the same in all epochs. Example: `learning-rate = 1e-4`
    #[cfg_attr(feature = "schema", schemars(extend("exclusiveMinimum" = 0)))]
    pub learning_rate: f32,
}

impl Default for Discriminator {
    fn default() -> Self {
        Self {
            weight: 1.0,
            against: Against::default(),
            units: 256,
            layers: 2,
            learning_rate: 1e-3,
        }
    }
}

/// What a discriminator tells codes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Against {
    /// Draws from the standard normal prior: an adversarial autoencoder.
    #[default]
    Prior,
    /// Codes each of whose dimensions comes from another example of the batch: a FactorVAE.
    Permuted,
}

/// The most units, and the most layers.
const MOST: [usize; 2] = [4096, 16];

impl Discriminator {
    /// Its name in a specification and in messages.
    pub const NAME: &'static str = "discriminator";

    /// Whether it compares the codes of a batch with each other.
    pub fn compares_codes(self) -> bool {
        self.against == Against::Permuted
    }

    /// Whether it holds the codes of all examples together to the standard normal prior.
    pub fn holds_to_prior(self) -> bool {
        self.against == Against::Prior
    }

    /// Refuses values out of range, and codes that cannot be held to the standard normal.
    ///
    /// # Errors
    /// What is wrong, and what would be valid.
    pub fn check(self, latent: &dyn Latent) -> Result<(), InvalidSpec> {
        let name = Self::NAME;
        for (key, value) in [
            ("weight", self.weight),
            ("learning-rate", self.learning_rate),
        ] {
            let seen = || format!("has {name} with {key} {value}");
            let holds = value.is_finite() && value > 0.0;
            require(holds, seen, "it must be a positive number")?;
        }
        let sizes = [("units", self.units), ("layers", self.layers)];
        for ((key, value), most) in sizes.into_iter().zip(MOST) {
            let seen = || format!("has {name} with {key} {value}");
            let valid = format!("it must be from 1 to {most}");
            require((1..=most).contains(&value), seen, &valid)?;
        }
        let seen = || {
            format!(
                "has {name}, which a {} code does not support",
                latent.name()
            )
        };
        require(
            !latent.is_restricted(),
            seen,
            "it needs a code of kind `deterministic` or `gaussian`",
        )
    }
}
