//! Latents: one file for each kind, and the list of them.

mod deterministic;
pub(crate) mod gaussian;
mod rounded;
mod top_k;
mod vector_quantised;

use serde::{Deserialize, Serialize};

use crate::kinds::kinds;
use crate::latent::Latent;

pub use deterministic::Deterministic;
pub use gaussian::{Gaussian, GaussianLatent, GaussianSamples};
pub use rounded::{LogisticPrior, Rate, Rounded, RoundedLatent};
pub use top_k::{TopK, TopKLatent};
pub use vector_quantised::{Commitment, VectorQuantised, VectorQuantisedLatent};

kinds! {
    /// What stands between encoder and decoder, as a user writes it: the list of all kinds.
    #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "kind", rename_all = "kebab-case")]
    pub enum LatentSpec: Latent {
        /// The encoder's output itself.
        Deterministic(Deterministic),
        /// A diagonal Gaussian.
        Gaussian(Gaussian),
        /// Vectors of a codebook.
        VectorQuantised(VectorQuantised),
        /// Whole numbers.
        Rounded(Rounded),
        /// The largest elements of the encoder's output.
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
