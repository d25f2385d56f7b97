//! What does not look like the training examples, and what a model looks for.

mod calibration;
mod code_part;
mod column_part;
#[cfg(feature = "train")]
mod cross_fit;
mod detector;
mod filters;
mod reconstruction_part;
mod score_quantiles;
mod scores;
mod standard;
mod stored;

pub use calibration::{Calibration, CalibrationSource, Drift};
pub use detector::Detector;
pub use filters::Filters;
pub use score_quantiles::ScoreQuantiles;
