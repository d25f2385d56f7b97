//! Penalties on the codes: one file for each, and the list of those that a specification asks for by their weight.
//!
//! - [`KlDivergence`]: of a posterior from its prior, with β, warm-up, free bits and capacity; [`SampledKl`]: from a prior that is
//!   learned, by samples
//! - [`TotalCorrelation`], [`Covariance`], [`Mmd`], [`SlicedWasserstein`]: of the codes of a batch, with each other and with the prior
//! - [`L1`], [`L2`], [`KlSparsity`], [`Contractive`]: regularisers of a deterministic code; [`GradientPenalty`]: of the decoder behind one
//! - beside their latents: [`Commitment`](crate::latents::Commitment), [`Rate`](crate::latents::Rate)

mod contractive;
mod covariance;
mod gradient_penalty;
mod kl_divergence;
mod kl_sparsity;
mod l1;
mod l2;
mod mmd;
mod objective_spec;
mod perturb;
mod sampled_kl;
mod sliced_wasserstein;
mod total_correlation;
mod weighted;

pub use contractive::Contractive;
pub use covariance::{Covariance, CovarianceOf};
pub use gradient_penalty::GradientPenalty;
pub use kl_divergence::KlDivergence;
pub use kl_sparsity::KlSparsity;
pub use l1::L1;
pub use l2::L2;
pub use mmd::Mmd;
pub use objective_spec::ObjectiveSpec;
pub use perturb::Perturb;
pub use sampled_kl::SampledKl;
pub use sliced_wasserstein::SlicedWasserstein;
pub use total_correlation::TotalCorrelation;
pub use weighted::WeightedPenalty;
