//! Layers that make codes: one file for each kind.

pub(crate) mod gaussian;
mod rounded;
mod top_k;
mod vector_quantised;

pub use gaussian::Gaussian;
pub use rounded::Rounding;
pub use top_k::TopK;
pub use vector_quantised::VectorQuantiser;
