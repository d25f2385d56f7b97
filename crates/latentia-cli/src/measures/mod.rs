//! A model's measures, beside PCA's: [`Evaluation`], as a table in `evaluation_table.rs`; [`Probes`].

mod evaluation;
mod evaluation_table;
mod probes;

pub use evaluation::Evaluation;
pub use probes::Probes;
