//! What is weighted beside the likelihood, and the list of penalties that can be asked for.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::contractive::Contractive;
use super::covariance::Covariance;
use super::gradient_penalty::GradientPenalty;
use super::kl_divergence::KlDivergence;
use super::kl_sparsity::KlSparsity;
use super::l1::L1;
use super::l2::L2;
use super::mmd::Mmd;
use super::sampled_kl::SampledKl;
use super::sliced_wasserstein::SlicedWasserstein;
use super::total_correlation::TotalCorrelation;
use super::weighted::WeightedPenalty;
use crate::engine::{Discriminator, Importance};
use crate::invalid_spec::{InvalidSpec, require};
use crate::latent::Latent;
use crate::layer::Layer;
use crate::layers::LayerSpec;
use crate::penalty::Penalty;
use crate::posterior::Posterior;
use crate::prior::Prior;

/// Declares [`ObjectiveSpec`]: what belongs to the posterior of a latent with a distribution, and the list of penalties. To add
/// one is to write its file and one line of the list.
macro_rules! objective {
    ($( $(#[$attribute:meta])* $field:ident: $penalty:ty, )+) => {
        /// The weights of the penalties that training adds to the likelihood's loss, in its unit. A weight of 0 leaves a penalty
        /// out. What weighs the KL divergence (`beta`, `warm-up`, `free-bits`, `capacity`), `importance-samples` and
        /// `total-correlation` need a Gaussian code.
        #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
        pub struct ObjectiveSpec {
            /// Factor on the KL divergence of a posterior from its prior, in nats per example: 1 is the ELBO, more is a β-VAE
            /// (Higgins et al. 2017). Example: `beta = 4.0`
            #[cfg_attr(feature = "schema", schemars(range(min = 0), !skip_serializing_if))]
            #[serde(skip_serializing_if = "is_one")]
            pub beta: f32,
            /// Epochs over which the factor rises from 0 to `beta`, in a straight line (Bowman et al. 2016); with a capacity,
            /// over which that rises instead. Example: `warm-up = 10`
            #[cfg_attr(feature = "schema", schemars(!skip_serializing_if))]
            #[serde(skip_serializing_if = "is_default")]
            pub warm_up: u32,
            /// Nats of each dimension's KL, a mean over the batch, up to which it is not pushed down (Kingma et al. 2016). They
            /// stay in the loss as a constant. Example: `free-bits = 0.1`
            #[cfg_attr(feature = "schema", schemars(range(min = 0), !skip_serializing_if))]
            #[serde(skip_serializing_if = "is_default")]
            pub free_bits: f32,
            /// Nats that the KL is held to, as `beta |KL - capacity|` (Burgess et al. 2018). Example: `capacity = 25.0`
            #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
            #[serde(skip_serializing_if = "is_default")]
            pub capacity: Option<f32>,
            /// Samples of the posterior for each example, weighted by importance (Burda et al. 2016); 1 is the ELBO. Where they are many, memory
            /// is that of a few. Example: `importance-samples = 5`
            #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100000), !skip_serializing_if))]
            #[serde(skip_serializing_if = "is_one_of_them")]
            pub importance_samples: usize,
            /// Groups of these samples that have a bound each, of which the mean is taken (MIWAE, Rainforth et al. 2018).
            /// Example: `importance-groups = 2`
            #[cfg_attr(feature = "schema", schemars(range(min = 1), !skip_serializing_if))]
            #[serde(skip_serializing_if = "is_one_of_them")]
            pub importance_groups: usize,
            /// Share of the importance-weighted bound in a mix with the ELBO of the same samples (CIWAE, Rainforth et al. 2018).
            /// Example: `importance-mix = 0.5`
            #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 1), !skip_serializing_if))]
            #[serde(skip_serializing_if = "is_one")]
            pub importance_mix: f32,
            /// Whether the encoder's gradient of the importance-weighted bound is the doubly reparameterised one, of less variance (DReG,
            /// Tucker et al. 2019). Example: `doubly-reparameterised = true`
            #[cfg_attr(feature = "schema", schemars(!skip_serializing_if))]
            #[serde(skip_serializing_if = "is_default")]
            pub doubly_reparameterised: bool,
            /// Whether the groups are for the encoder alone, while the decoder, with a prior that is learned, has the bound of all samples
            /// (PIWAE, Rainforth et al. 2018); the loss is then that of all. Example: `partially-importance-weighted = true`
            #[cfg_attr(feature = "schema", schemars(!skip_serializing_if))]
            #[serde(skip_serializing_if = "is_default")]
            pub partially_importance_weighted: bool,
            /// A network that learns beside to tell codes from the prior, and that the encoder learns to deceive: an adversarial autoencoder
            /// (Makhzani et al. 2016), or a FactorVAE (Kim and Mnih 2018). See [`Discriminator`]. Example:
            /// `discriminator = { weight = 1.0 }`
            #[serde(skip_serializing_if = "is_default")]
            pub discriminator: Option<Discriminator>,
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
                    importance_groups: 1,
                    importance_mix: 1.0,
                    doubly_reparameterised: false,
                    partially_importance_weighted: false,
                    discriminator: None,
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
    /// Weight of the total correlation of the aggregate posterior, in nats, beside the KL: a β-TCVAE (Chen et al. 2018). See
    /// [`TotalCorrelation`]. Example: `total-correlation = 5.0`
    #[cfg_attr(feature = "schema", schemars(!skip_serializing_if))]
    total_correlation: TotalCorrelation,
    /// The covariance of a `gaussian` code is moved towards that of the prior, the identity: a DIP-VAE (Kumar et al. 2018). See [`Covariance`].
    /// Example: `covariance = { weight = 10.0, diagonal = 100.0 }`
    covariance: Covariance,
    /// Weight of the squared maximum mean discrepancy between codes and prior: with a `deterministic` code a Wasserstein
    /// autoencoder (Tolstikhin et al. 2018), with a `gaussian` one an InfoVAE (Zhao et al. 2019). See [`Mmd`]. Example: `mmd = 10.0`
    #[cfg_attr(feature = "schema", schemars(!skip_serializing_if))]
    mmd: Mmd,
    /// Weight of the squared sliced Wasserstein distance between codes and prior (Kolouri et al. 2019); of a `deterministic` or `gaussian`
    /// code. See [`SlicedWasserstein`]. Example: `sliced-wasserstein = 10.0`
    #[cfg_attr(feature = "schema", schemars(!skip_serializing_if))]
    sliced_wasserstein: SlicedWasserstein,
    /// Weight of the sum of a code's absolute values, as Keras adds an activity regulariser; of a `deterministic` or
    /// `top-k` code. See [`L1`]. Example: `l1 = 1e-4`
    #[cfg_attr(feature = "schema", schemars(!skip_serializing_if))]
    l1: L1,
    /// Weight of half a code's squared norm: with weight decay a regularised autoencoder (Ghosh et al. 2020); of a `deterministic` or `top-k`
    /// code. See [`L2`]. Example: `l2 = 1e-4`
    #[cfg_attr(feature = "schema", schemars(!skip_serializing_if))]
    l2: L2,
    /// Each unit of a `deterministic` code, from an encoder that ends with a sigmoid, is held to a mean activity (Ng 2011). See
    /// [`KlSparsity`].
    /// Example: `kl-sparsity = { weight = 0.1, target = 0.05 }`
    kl_sparsity: KlSparsity,
    /// Weight of the squared norm of the code's Jacobian by the input (Rifai et al. 2011); of a `deterministic` or `top-k` code.
    /// See [`Contractive`].
    /// Example: `contractive = 0.1`
    #[cfg_attr(feature = "schema", schemars(!skip_serializing_if))]
    contractive: Contractive,
    /// Weight of the squared norm of the Jacobian of the decoder's outputs by the code: the regularised autoencoder RAE-GP (Ghosh et al. 2020); of
    /// a `deterministic` or `top-k` code. See [`GradientPenalty`]. Example: `gradient-penalty = 1e-4`
    #[cfg_attr(feature = "schema", schemars(!skip_serializing_if))]
    gradient_penalty: GradientPenalty,
}

fn is_one(weight: &f32) -> bool {
    *weight == 1.0
}

fn is_one_of_them(count: &usize) -> bool {
    *count == 1
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// How many of the weights of the KL divergence are on all of it, and not on its parts in each dimension.
const WHOLE_KL_WEIGHTS: usize = 2;

/// The most samples of a posterior for each example.
const MAX_SAMPLES: usize = 100_000;

impl ObjectiveSpec {
    /// Whether it is what a specification may leave out.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the samples of a code are weighted by importance.
    pub fn is_importance_weighted(&self) -> bool {
        self.importance_samples > 1
    }

    /// How samples are weighted by importance, where they are.
    pub fn importance(&self) -> Option<Importance> {
        self.is_importance_weighted().then(|| self.weighting())
    }

    /// How samples would be weighted.
    fn weighting(&self) -> Importance {
        Importance {
            groups: self.importance_groups,
            mix: self.importance_mix,
            doubly_reparameterised: self.doubly_reparameterised,
            partially: self.partially_importance_weighted,
        }
    }

    /// The penalties with a weight.
    fn active(&self) -> impl Iterator<Item = &dyn WeightedPenalty> {
        self.list().filter(|penalty| penalty.weight() != 0.0)
    }

    /// The names of what is added beside the KL divergence.
    fn names(&self) -> impl Iterator<Item = &'static str> {
        let discriminator = self.discriminator.map(|_| Discriminator::NAME);
        self.active()
            .map(|penalty| penalty.name())
            .chain(discriminator)
    }

    /// The name of a penalty that compares the codes of a batch with each other, and has no value for a single example.
    fn compares_codes(&self) -> Option<&'static str> {
        let mut active = self.active();
        let penalty = active.find(|p| p.compares_codes()).map(|p| p.name());
        let discriminator = self.discriminator.filter(|own| own.compares_codes());
        penalty.or(discriminator.map(|_| Discriminator::NAME))
    }

    /// The penalties beside the likelihood's loss.
    pub fn penalties(&self, latent: &dyn Latent) -> Vec<Arc<dyn Penalty>> {
        let mut penalties: Vec<Arc<dyn Penalty>> = Vec::new();
        let distribution = latent.distribution();
        if let Some(distribution) = distribution.filter(|_| !self.is_importance_weighted()) {
            let (weight, warm_up) = (self.beta, self.warm_up);
            let own = distribution.divergence(weight, warm_up);
            penalties.push(match (own, distribution.sampled_prior()) {
                (Some(own), _) => own,
                (None, Some(_)) => Arc::new(SampledKl { weight, warm_up }),
                (None, None) => Arc::new(KlDivergence {
                    weight,
                    warm_up,
                    free_bits: self.free_bits,
                    capacity: self.capacity,
                }),
            });
        }
        penalties.extend(self.active().map(|penalty| penalty.shared()));
        penalties
    }

    /// The layers that penalties need before the encoder, for examples of `width` elements.
    pub fn input_layers(&self, width: usize) -> impl Iterator<Item = Box<dyn Layer>> {
        self.active()
            .filter_map(move |penalty| penalty.input_layer(width))
    }

    /// The layers that penalties need behind a code of `width` elements.
    pub fn code_layers(&self, width: usize) -> impl Iterator<Item = Box<dyn Layer>> {
        self.active()
            .filter_map(move |penalty| penalty.code_layer(width))
    }

    /// The weights of the KL divergence by name, value and whether they are other than what leaves them out.
    fn kl_weights(&self) -> [(&'static str, f32, bool); 4] {
        let capacity = self.capacity.unwrap_or(0.0);
        [
            ("beta", self.beta, self.beta != 1.0),
            ("warm-up", self.warm_up as f32, self.warm_up > 0),
            ("free-bits", self.free_bits, self.free_bits != 0.0),
            ("capacity", capacity, self.capacity.is_some()),
        ]
    }

    /// Refuses weights out of range, and penalties that the latent, the encoder or the decoder does not support.
    ///
    /// # Errors
    /// What is wrong, and what would be valid.
    pub fn check(
        &self,
        latent: &dyn Latent,
        encoder: &[LayerSpec],
        decoder: &[LayerSpec],
    ) -> Result<(), InvalidSpec> {
        self.check_ranges()?;
        if let Some(posterior) = posterior_flow(latent) {
            self.check_posterior_flow(posterior, latent)?;
        }
        if self.is_importance_weighted() {
            self.check_importance_samples(latent)?;
        }
        self.weighting().check(self.importance_samples, latent)?;
        let has_distribution = latent.distribution().is_some();
        for (number, (name, _, is_set)) in self.kl_weights().into_iter().enumerate() {
            let of_dimensions = number >= WHOLE_KL_WEIGHTS;
            let fits = if of_dimensions {
                latent.is_gaussian()
            } else {
                has_distribution
            };
            let valid = match of_dimensions {
                true => "it needs a code of kind `gaussian`",
                false => "it needs a code of kind `gaussian` or `von-mises-fisher`",
            };
            require(!is_set || fits, || unsupported(name, latent), valid)?;
        }
        for penalty in self.active() {
            let needed = format!("it needs a code of kind {}", penalty.needed_latents());
            let seen = || unsupported(penalty.name(), latent);
            require(penalty.fits(latent), seen, &needed)?;
            penalty.check(encoder, decoder)?;
        }
        if let Some(discriminator) = self.discriminator {
            discriminator.check(latent)?;
        }
        if let Some(prior) = learned_prior(latent) {
            self.check_learned_prior(prior)?;
        }
        let doubles_rows = self.active().find(|p| p.input_layer(1).is_some());
        match (doubles_rows, self.compares_codes()) {
            (Some(doubles), Some(compares)) => {
                let doubles = doubles.name();
                let seen = format!(
                    "has {doubles}, which doubles the rows of a batch, beside {compares}, which compares them"
                );
                Err((seen, "leave one of them out".into()))
            }
            _ => Ok(()),
        }
    }

    /// What needs the factors of a diagonal Gaussian, or the gradient of its density, has none of a posterior that a flow makes.
    fn check_posterior_flow(
        &self,
        posterior: &dyn Posterior,
        latent: &dyn Latent,
    ) -> Result<(), InvalidSpec> {
        let of_closed_form = self.kl_weights().into_iter().skip(WHOLE_KL_WEIGHTS);
        let of_closed_form = of_closed_form.filter(|(.., is_set)| *is_set);
        let names = of_closed_form.map(|(name, ..)| name);
        let estimate = self
            .doubly_reparameterised
            .then_some("doubly-reparameterised");
        let unfit = self.active().filter(|penalty| !penalty.fits(latent));
        let mut names = names.chain(estimate).chain(unfit.map(|own| own.name()));
        let Some(name) = names.next() else {
            return Ok(());
        };
        let seen = format!("has {name} beside a posterior of kind {}", posterior.name());
        let valid = "it needs a posterior that is a diagonal Gaussian: leave it out, or `posterior` of the code";
        Err((seen, valid.into()))
    }

    /// The KL divergence from a learned prior has no parts in each dimension, and is known but by samples; other penalties hold
    /// codes to the standard normal.
    fn check_learned_prior(&self, prior: &dyn Prior) -> Result<(), InvalidSpec> {
        let mut of_closed_form = self.kl_weights().into_iter().skip(WHOLE_KL_WEIGHTS);
        let of_closed_form = of_closed_form.find(|(.., is_set)| *is_set);
        let name = of_closed_form.map(|(name, ..)| name);
        match name.or_else(|| self.names().next()) {
            None => Ok(()),
            Some(name) => {
                let seen = format!("has {name} beside a learned prior of kind {}", prior.name());
                let valid =
                    "it needs the standard normal prior: leave it out, or `prior` of the code";
                Err((seen, valid.into()))
            }
        }
    }

    fn check_ranges(&self) -> Result<(), InvalidSpec> {
        let kl = self.kl_weights().map(|(name, value, _)| (name, value));
        let others = self.list().map(|p| (p.name(), p.weight()));
        for (name, value) in kl.into_iter().chain(others) {
            let seen = || format!("has {name} {value}");
            let holds = value.is_finite() && value >= 0.0;
            require(holds, seen, "it must be finite and at least 0")?;
        }
        let samples = self.importance_samples;
        let seen = || format!("has importance-samples {samples}");
        let holds = (1..=MAX_SAMPLES).contains(&samples);
        require(holds, seen, "it must be from 1 to 100,000")
    }

    /// The importance-weighted bound takes the place of the KL divergence and of all penalties.
    fn check_importance_samples(&self, latent: &dyn Latent) -> Result<(), InvalidSpec> {
        let seen = || unsupported("importance-samples", latent);
        require(
            latent.is_gaussian() || posterior_flow(latent).is_some(),
            seen,
            "it needs a code of kind `gaussian`",
        )?;
        let kl = self.kl_weights().into_iter().filter(|(.., is_set)| *is_set);
        let names = kl.map(|(name, ..)| name);
        let mut names = names.chain(self.names());
        match names.next() {
            None => Ok(()),
            Some(name) => {
                let seen = format!(
                    "has {name} beside importance-samples {}",
                    self.importance_samples
                );
                let valid = "it does not apply to the importance-weighted bound: leave it out, or importance-samples";
                Err((seen, valid.into()))
            }
        }
    }
}

/// The prior of a code, where it is learned.
fn learned_prior(latent: &dyn Latent) -> Option<&dyn Prior> {
    latent.distribution()?.learned_prior()
}

/// The flow that carries the samples of a code on, where there is one.
fn posterior_flow(latent: &dyn Latent) -> Option<&dyn Posterior> {
    latent.distribution()?.posterior_flow()
}

fn unsupported(name: &str, latent: &dyn Latent) -> String {
    format!(
        "has {name}, which a {} code does not support",
        latent.name()
    )
}
