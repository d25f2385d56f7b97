//! What can go wrong with an export.

use latentia_models::ModelError;
use latentia_nn::graph::Undescribed;

/// What can go wrong with an export.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OnnxError {
    /// A part that does not say what it computes.
    #[error(transparent)]
    Undescribed(#[from] Undescribed),
    /// A detector that cannot be read, or a rule out of range.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A score of a model without a detector.
    #[error(
        "the model has no detector, whose score the file would compute; its other parts can be exported"
    )]
    NoDetector,
    /// A rate of false alarms, where no scores calibrate.
    #[error(
        "the detector has no calibrating scores, by which a rate of false alarms has a threshold; give a threshold"
    )]
    Uncalibrated,
    /// A rule that goes by the scores of all examples.
    #[error(
        "a file scores each example by itself: flag by a rate of false alarms or a threshold, not by a share of the examples"
    )]
    Rule,
    /// Columns by their names, of a model that knows of none.
    #[error(
        "the model is none of a table, whose columns would be inputs: its examples go in whole"
    )]
    NoColumns,
    /// Two inputs or outputs of one name, as of a column that is called as an output.
    #[error(
        "two inputs or outputs would be called `{name}`: rename that column, or let rows go in whole"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// A model that is too large for one file.
    #[error("the model takes {bytes} bytes; a file of ONNX holds fewer than 2³¹")]
    TooLarge {
        /// Bytes of the file.
        bytes: usize,
    },
}
