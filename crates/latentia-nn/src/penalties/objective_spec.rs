//! What is weighted beside the likelihood, and the list of penalties that can be asked for.

use serde::{Deserialize, Serialize};

use super::contractive::Contractive;
use super::kl_divergence::KlDivergence;
use super::kl_sparsity::KlSparsity;
use super::l1::L1;
use super::mmd::Mmd;
use super::total_correlation::TotalCorrelation;
use super::weighted::WeightedPenalty;
use crate::latent::Latent;
use crate::layer::Layer;
use crate::layers::LayerSpec;
use crate::misfit::{Misfit, require};
use crate::penalty::Penalty;

/// Declares [`ObjectiveSpec`]: what belongs to the posterior of a latent with a distribution, and the list of penalties. To add
/// one is to write its file and one line of the list.
macro_rules! objective {
    ($( $(#[$attribute:meta])* $field:ident: $penalty:ty, )+) => {
        /// The weights of the penalties that training adds to the likelihood's loss, in its unit. A weight of 0 leaves a penalty
        /// out.
        #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
        pub struct ObjectiveSpec {
            /// Factor on the KL divergence of a posterior from its prior, in nats per example: 1 is the ELBO, more is a β-VAE
            /// (Higgins et al. 2017).
            #[serde(skip_serializing_if = "is_one")]
            pub beta: f32,
            /// Epochs over which the factor rises from 0 to `beta`, in a straight line (Bowman et al. 2016); with a capacity,
            /// over which that rises instead.
            #[serde(skip_serializing_if = "is_default")]
            pub warm_up: u32,
            /// Nats of each dimension's KL, a mean over the batch, up to which it is not pushed down (Kingma et al. 2016). They
            /// stay in the loss as a constant.
            #[serde(skip_serializing_if = "is_default")]
            pub free_bits: f32,
            /// Nats that the KL is held to, as `beta |KL - capacity|` (Burgess et al. 2018).
            #[serde(skip_serializing_if = "is_default")]
            pub capacity: Option<f32>,
            /// Samples of the posterior for each example, weighted by importance (Burda et al. 2016); 1 is the ELBO.
            #[serde(skip_serializing_if = "is_one_sample")]
            pub importance_samples: usize,
            $(
                $(#[$attribute])*
                #[serde(skip_serializing_if = "is_default")]
                pub $field: $penalty,
            )+
        }

        impl Default for ObjectiveSpec {
            fn default() -> Self {
                Self {
                    beta: 1.0,
                    warm_up: 0,
                    free_bits: 0.0,
                    capacity: None,
                    importance_samples: 1,
                    $( $field: <$penalty>::default(), )+
                }
            }
        }

        impl ObjectiveSpec {
            /// The penalties of the list, those of weight 0 too.
            fn list(&self) -> impl Iterator<Item = &dyn WeightedPenalty> {
                let list: [&dyn WeightedPenalty; _] = [$( &self.$field, )+];
                list.into_iter()
            }
        }
    };
}

objective! {
    /// Total correlation of the aggregate posterior, beside the KL: see [`TotalCorrelation`].
    total_correlation: TotalCorrelation,
    /// Maximum mean discrepancy between codes and prior: see [`Mmd`].
    mmd: Mmd,
    /// Absolute values of the code: see [`L1`].
    l1: L1,
    /// Held to a mean activity of each unit: see [`KlSparsity`].
    kl_sparsity: KlSparsity,
    /// Squared norm of the code's Jacobian: see [`Contractive`].
    contractive: Contractive,
}

fn is_one(weight: &f32) -> bool {
    *weight == 1.0
}

fn is_one_sample(samples: &usize) -> bool {
    *samples == 1
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The most samples of a posterior for each example.
const MOST_SAMPLES: usize = 1000;

impl ObjectiveSpec {
    /// Whether it is what a specification may leave out.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the samples of a code are weighted by importance.
    pub fn is_importance_weighted(&self) -> bool {
        self.importance_samples > 1
    }

    /// The penalties that are asked for.
    fn asked(&self) -> impl Iterator<Item = &dyn WeightedPenalty> {
        self.list().filter(|penalty| penalty.weight() != 0.0)
    }

    /// A penalty that compares the codes of a batch with each other, and is nothing for a single example.
    pub fn compares_codes(&self) -> bool {
        self.asked().any(|penalty| penalty.compares_codes())
    }

    /// The penalties beside the likelihood's loss.
    pub fn penalties(&self, latent: &dyn Latent) -> Vec<Box<dyn Penalty>> {
        let mut penalties: Vec<Box<dyn Penalty>> = Vec::new();
        if latent.distribution().is_some() && !self.is_importance_weighted() {
            penalties.push(Box::new(KlDivergence {
                weight: self.beta,
                warm_up: self.warm_up,
                free_bits: self.free_bits,
                capacity: self.capacity,
            }));
        }
        penalties.extend(self.asked().map(|penalty| penalty.boxed()));
        penalties
    }

    /// The layers that penalties need before the encoder, for examples of `width` elements.
    pub fn first_layers(&self, width: usize) -> impl Iterator<Item = Box<dyn Layer>> {
        self.asked()
            .filter_map(move |penalty| penalty.first_layer(width))
    }

    /// What of the posterior's weights is other than what leaves it out, with its value.
    fn posterior_weights(&self) -> [(&'static str, f32, bool); 4] {
        let capacity = self.capacity.unwrap_or(0.0);
        [
            ("beta", self.beta, self.beta != 1.0),
            ("warm-up", self.warm_up as f32, self.warm_up > 0),
            ("free-bits", self.free_bits, self.free_bits != 0.0),
            ("capacity", capacity, self.capacity.is_some()),
        ]
    }

    /// Refuses weights that are none, and penalties that the latent or the encoder has no place for.
    ///
    /// # Errors
    /// What is wrong, and what would be valid.
    pub fn check(&self, latent: &dyn Latent, encoder: &[LayerSpec]) -> Result<(), Misfit> {
        let posterior = self.posterior_weights();
        let weights = posterior.iter().map(|&(name, value, _)| (name, value));
        for (name, value) in weights.chain(self.list().map(|p| (p.name(), p.weight()))) {
            require(
                value.is_finite() && value >= 0.0,
                || format!("has {name} {value}"),
                "it must be finite and at least 0",
            )?;
        }
        let samples = self.importance_samples;
        require(
            (1..=MOST_SAMPLES).contains(&samples),
            || format!("has importance-samples {samples}"),
            "it must be from 1 to 1000",
        )?;
        let weighted = self.is_importance_weighted();
        let set = posterior.iter().filter(|(_, _, is_set)| *is_set);
        let (has_distribution, gaussian) = (latent.distribution().is_some(), "`gaussian`");
        let samples_asked = weighted.then_some(("importance-samples", has_distribution, gaussian));
        let beside = set.map(|(name, ..)| (*name, has_distribution, gaussian));
        let list = self
            .asked()
            .map(|p| (p.name(), p.fits(latent), p.needed_latents()));
        for (number, (name, fits, needed)) in samples_asked
            .into_iter()
            .chain(beside)
            .chain(list)
            .enumerate()
        {
            let kind = latent.name();
            require(
                fits,
                || format!("has {name}, which a {kind} code does not know"),
                &format!("it needs a code of kind {needed}"),
            )?;
            require(
                !weighted || number == 0,
                || format!("has {name} beside importance-samples {samples}"),
                "samples are weighted whole: leave it out, or importance-samples",
            )?;
        }
        let makes_pairs = self.first_layers(1).next().is_some();
        require(
            !(makes_pairs && self.compares_codes()),
            || {
                "has contractive beside a penalty that compares codes, to which its pairs would be two"
                    .into()
            },
            "leave one of them out",
        )?;
        self.asked().try_for_each(|penalty| penalty.check(encoder))
    }
}
