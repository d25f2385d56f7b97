//! A model's measures, beside PCA's: [`Evaluation`], as a table in `evaluation_table.rs`; [`Probes`].
//! [`RowExplanation`]: what a model makes of one row of a table.

mod evaluation;
mod evaluation_table;
mod probes;
mod row_explanation;

pub use evaluation::Evaluation;
pub use probes::Probes;
pub use row_explanation::RowExplanation;
