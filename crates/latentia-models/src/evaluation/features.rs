//! Features of real and generated examples, side by side.

use latentia_tensor::Matrix;

use crate::ModelError;

/// Refuses features, `[examples, features]` each, that cannot be compared.
///
/// # Errors
/// When they differ in width, are of fewer than `least` examples, or have a value that is not finite.
pub(super) fn check(real: &Matrix, generated: &Matrix, least: usize) -> Result<(), ModelError> {
    let (expected, seen) = (real.cols(), generated.cols());
    if seen != expected {
        return Err(ModelError::Width { seen, expected });
    }
    for features in [real, generated] {
        if features.rows() < least {
            return Err(ModelError::TooFew {
                seen: features.rows(),
                least,
                purpose: "compare features",
            });
        }
        let not_finite = features.as_slice().iter().position(|x| !x.is_finite());
        if let Some(at) = not_finite {
            let (row, column) = (at / expected, at % expected);
            return Err(ModelError::NonFinite { row, column });
        }
    }
    Ok(())
}
