//! Squared error.

use super::each_row::each_row;
use crate::dispatch::vectorized;
use crate::{MatrixMut, MatrixRef};

/// Squared error `Σ (p - t)²`.
pub fn squared_error(
    predictions: MatrixRef<'_>,
    targets: MatrixRef<'_>,
    scale: f32,
    losses: &mut [f64],
    gradient: Option<MatrixMut<'_>>,
) {
    vectorized(
        #[inline(always)]
        || {
            each_row(
                predictions,
                targets,
                losses,
                gradient,
                #[inline(always)]
                |p, t| {
                    let error = p - t;
                    (error * error, (scale + scale) * error)
                },
            )
        },
    )
}

#[cfg(test)]
mod tests {
    use super::super::checks::{check, check_nan};
    use super::*;

    #[test]
    fn squared_error_matches_f64() {
        check(squared_error, |p, t| (p - t) * (p - t));
    }

    #[test]
    fn a_nan_prediction_gives_a_nan_loss() {
        check_nan(squared_error);
    }
}
