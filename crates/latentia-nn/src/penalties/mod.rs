//! Terms of the objective on the codes: one file for each.
//!
//! - [`Divergence`]: of a Gaussian code from its prior, with β, warm-up, free bits and capacity
//! - [`TotalCorrelation`], [`Mmd`]: of the codes of a batch, with each other and with the prior
//! - [`L1`], [`KlSparsity`], [`Contractive`]: regularisers of a deterministic code
//! - [`Commitment`]: of a vector-quantised code; [`Rate`]: of a rounded one

mod commitment;
mod contractive;
mod kl_divergence;
mod kl_sparsity;
mod l1;
mod mmd;
mod rate;
mod total_correlation;

pub use commitment::Commitment;
pub use contractive::{Contractive, Perturb};
pub use kl_divergence::Divergence;
pub use kl_sparsity::KlSparsity;
pub use l1::L1;
pub use mmd::Mmd;
pub use rate::Rate;
pub use total_correlation::TotalCorrelation;
