//! What can go wrong with an export.

use latentia_nn::graph::Undescribed;

/// What can go wrong with an export.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OnnxError {
    /// A part that does not say what it computes.
    #[error(transparent)]
    Undescribed(#[from] Undescribed),
    /// A model that is too large for one file.
    #[error("the model takes {bytes} bytes; a file of ONNX holds fewer than 2³¹")]
    TooLarge {
        /// Bytes of the file.
        bytes: usize,
    },
}
