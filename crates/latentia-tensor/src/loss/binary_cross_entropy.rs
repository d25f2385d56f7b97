//! Binary cross-entropy.

use super::each_row::each_row;
use crate::dispatch::vectorized;
use crate::math::{exp, ln_1p_unit};
use crate::{MatrixMut, MatrixRef};

/// Binary cross-entropy of the logits `p`, in nats: `Σ softplus(p) - t p`, which is
/// `-Σ t ln σ(p) + (1 - t) ln(1 - σ(p))`.
pub fn binary_cross_entropy(
    logits: MatrixRef<'_>,
    targets: MatrixRef<'_>,
    scale: f32,
    losses: &mut [f64],
    gradient: Option<MatrixMut<'_>>,
) {
    vectorized(
        #[inline(always)]
        || {
            each_row(
                logits,
                targets,
                losses,
                gradient,
                #[inline(always)]
                |p, t| {
                    // One exponential serves the loss and its derivative.
                    let e = exp(-p.abs());
                    let positive = if p < 0.0 { 0.0 } else { p };
                    let numerator = if p < 0.0 { e } else { 1.0 };
                    let loss = (positive - t * p) + ln_1p_unit(e);
                    (loss, scale * (numerator / (1.0 + e) - t))
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
    fn binary_cross_entropy_matches_f64() {
        check(binary_cross_entropy, |p, t| {
            p.max(0.0) - t * p + (-p.abs()).exp().ln_1p()
        });
    }

    #[test]
    fn a_nan_prediction_gives_a_nan_loss() {
        check_nan(binary_cross_entropy);
    }
}
