//! A model's measures, beside PCA's: [`Evaluation`], as a table in `evaluation_table.rs`; [`Probes`].
//! [`Detection`]: how well known anomalies are found. [`Findings`]: what was found among examples, [`Finding`] of one.
//! [`RowExplanation`]: what a model makes of one row of a table.

mod calibration;
mod detection;
mod elements;
mod evaluation;
mod evaluation_table;
mod finding;
mod findings;
mod probes;
mod row_explanation;

pub use calibration::calibration_warnings;
pub use detection::Detection;
pub use elements::columns_of;
pub use evaluation::Evaluation;
pub use finding::Finding;
pub use findings::Findings;
pub use probes::Probes;
pub use row_explanation::RowExplanation;
