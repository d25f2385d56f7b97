//! Codes that no example has, to decode.

#[cfg(feature = "train")]
mod autoregressive;
#[cfg(feature = "train")]
mod autoregressive_network;
#[cfg(feature = "train")]
mod code_sample;
#[cfg(feature = "train")]
mod component;
#[cfg(feature = "train")]
mod fitted_flow;
#[cfg(feature = "train")]
mod fitted_prior;
mod generate;
#[cfg(feature = "train")]
mod hypersphere;
#[cfg(feature = "train")]
mod imputation;
#[cfg(feature = "train")]
mod mixture;
#[cfg(feature = "train")]
mod neighbours;
#[cfg(feature = "train")]
mod sampler;
#[cfg(feature = "train")]
mod stored_prior;

#[cfg(feature = "train")]
pub use {
    autoregressive::Autoregressive,
    fitted_flow::FittedFlow,
    fitted_prior::{FittedPrior, PriorKind},
    hypersphere::Hypersphere,
    mixture::Mixture,
    neighbours::CodeNeighbours,
    sampler::CodeSampler,
};

/// The number in `0..count` at which `draw`, in `[0, 1)`, lies.
#[cfg(feature = "train")]
fn place(draw: f32, count: usize) -> usize {
    ((f64::from(draw) * count as f64) as usize).min(count - 1)
}
