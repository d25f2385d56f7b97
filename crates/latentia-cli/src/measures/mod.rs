//! A model's measures, beside PCA's, as a table: [`evaluation_table`]; as rows and remarks: [`measure_rows`], [`evaluation_remarks`].
//! [`Detection`]: how well known anomalies are found. [`Findings`]: what was found among examples, [`Finding`] of one.
//! [`RowExplanation`]: what a model makes of one row of a table. [`variances`](variances()): how much columns of codes vary.

mod calibration;
mod detection;
mod elements;
mod evaluation_table;
mod finding;
mod findings;
mod row_explanation;
mod variances;

pub use calibration::calibration_warnings;
pub use detection::Detection;
pub use elements::columns_of;
pub use evaluation_table::{evaluation_remarks, evaluation_table, measure_rows};
pub use finding::Finding;
pub use findings::Findings;
pub use row_explanation::RowExplanation;
pub use variances::variances;
