//! Latents: one file for each kind, and the list of them.

mod cut;
mod deterministic;
mod finite_scalar_quantised;
pub(crate) mod gaussian;
mod gumbel_softmax;
mod lookup_free_quantised;
mod rounded;
mod top_k;
mod vector_quantised;
mod von_mises_fisher;

use serde::{Deserialize, Serialize};

use crate::kinds::kinds;
use crate::latent::Latent;

pub use deterministic::Deterministic;
pub use finite_scalar_quantised::{FiniteScalarQuantised, FiniteScalarQuantisedLatent};
pub use gaussian::{Gaussian, GaussianLatent, GaussianSamples};
pub use gumbel_softmax::{CategoricalKl, GumbelSoftmax, GumbelSoftmaxLatent};
pub use lookup_free_quantised::{LookupFreeQuantised, LookupFreeQuantisedLatent, SignEntropy};
pub use rounded::{LogisticPrior, Rate, Rounded, RoundedLatent};
pub use top_k::{TopK, TopKLatent};
pub use vector_quantised::{Commitment, VectorQuantised, VectorQuantisedLatent};
pub use von_mises_fisher::{SphericalKl, VonMisesFisher, VonMisesFisherLatent};

kinds! {
    /// What stands between encoder and decoder, one of these kinds.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
    #[serde(tag = "kind", rename_all = "kebab-case")]
    pub enum LatentSpec: Latent {
        /// The encoder's output itself. Example: `{ kind = "deterministic" }`
        Deterministic(Deterministic),
        /// A diagonal Gaussian whose means and log-variances are a linear function of the encoder's output, with a standard
        /// normal prior or one that is learned: a variational autoencoder (Kingma and Welling 2014). Example: `{ kind = "gaussian", units = 20 }`
        Gaussian(Gaussian),
        /// A direction: a von Mises-Fisher distribution on the sphere, with the uniform one as prior: a hyperspherical variational
        /// autoencoder (Davidson et al. 2018). Example: `{ kind = "von-mises-fisher", units = 10 }`
        VonMisesFisher(VonMisesFisher),
        /// The encoder's output cut into vectors, each replaced by the nearest of a codebook (van den Oord et al. 2017). A
        /// vector that is hardly used begins anew (Dhariwal et al. 2020).
        /// Example: `{ kind = "vector-quantised", codebook = 128, dimension = 4 }`
        VectorQuantised(VectorQuantised),
        /// The encoder's output cut into vectors, each of whose dimensions is rounded to a few levels between -1 and 1, without a
        /// codebook that is learned: finite scalar quantisation (Mentzer et al. 2023, arXiv 2309.15505).
        /// Example: `{ kind = "finite-scalar-quantised", levels = [8, 4, 4] }`
        FiniteScalarQuantised(FiniteScalarQuantised),
        /// The signs of the encoder's output, cut into vectors, without a codebook that is learned: lookup-free quantisation (Yu et
        /// al. 2023, arXiv 2310.05737). Example: `{ kind = "lookup-free-quantised", dimension = 8 }`
        LookupFreeQuantised(LookupFreeQuantised),
        /// Categorical variables, each an element of 1 among zeros, learned by the Gumbel-softmax distribution (Jang et al. 2017; Maddison et
        /// al. 2017): a discrete variational autoencoder. Example: `{ kind = "gumbel-softmax", categories = 8 }`
        GumbelSoftmax(GumbelSoftmax),
        /// Whole numbers, for compression: rounded in use, with uniform noise instead in training (Ballé, Laparra and
        /// Simoncelli 2017). Example: `{ kind = "rounded", rate = 0.001 }`
        Rounded(Rounded),
        /// The `k` largest elements of the encoder's output, the others 0 (Makhzani and Frey 2014).
        /// Example: `{ kind = "top-k", k = 2 }`
        TopK(TopK),
    }
}

impl Default for LatentSpec {
    fn default() -> Self {
        Self::Deterministic(Deterministic {})
    }
}

impl LatentSpec {
    /// Whether it is what a specification may leave out.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
