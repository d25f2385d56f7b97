//! What does not look like the training examples, and what a model looks for.

mod calibration;
mod code_part;
mod column_part;
#[cfg(feature = "train")]
mod cross_fit;
mod decision;
mod detector;
mod deviations;
mod explanation;
mod filters;
mod graph;
mod picture_part;
mod reconstruction_part;
mod rows;
mod scored_at_once;
mod scores;
mod standard;
mod stored;

pub use calibration::{Calibration, CalibrationSource, Drift};
pub use decision::{Decision, Rule};
pub use detector::Detector;
pub use explanation::{Explanation, Reason};
pub use filters::Filters;
pub use picture_part::Region;
