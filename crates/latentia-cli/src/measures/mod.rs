//! A model's measures, beside PCA's.

mod evaluation;
mod probes;

pub use evaluation::Evaluation;
pub use probes::Probes;
