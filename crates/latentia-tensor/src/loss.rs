//! Losses of a batch of predictions, each with its gradient in the same pass.
//!
//! Every function writes `scale · ∂loss/∂prediction` into `gradient` and gives back the unscaled sum over all elements.
//! Shapes: predictions, targets and gradient are `[rows, n]`.

use crate::elementwise::{sum_pairs, vectorized};
use crate::math::{exp, ln_1p_unit};
use crate::{MatrixMut, MatrixRef};

/// Row by row: `gradient = scale · df(prediction, target)`, the sum of `f(prediction, target)` back.
#[inline(always)]
fn each_row(
    predictions: MatrixRef<'_>,
    targets: MatrixRef<'_>,
    mut gradient: MatrixMut<'_>,
    f: impl Fn(f32, f32) -> (f32, f32),
) -> f64 {
    let mut sum = 0.0;
    // A plain loop: iterator adaptors are functions of their own, which would be compiled for the baseline.
    for row in 0..gradient.rows() {
        sum += sum_pairs(
            predictions.row(row),
            targets.row(row),
            gradient.row_mut(row),
            &f,
        );
    }
    sum
}

/// Squared error `Σ (p - t)²`.
pub fn squared_error(
    predictions: MatrixRef<'_>,
    targets: MatrixRef<'_>,
    scale: f32,
    gradient: MatrixMut<'_>,
) -> f64 {
    vectorized(
        #[inline(always)]
        || {
            each_row(
                predictions,
                targets,
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

/// Binary cross-entropy of the logits `p`, in nats: `Σ softplus(p) - t p`, which is
/// `-Σ t ln σ(p) + (1 - t) ln(1 - σ(p))`.
pub fn binary_cross_entropy(
    logits: MatrixRef<'_>,
    targets: MatrixRef<'_>,
    scale: f32,
    gradient: MatrixMut<'_>,
) -> f64 {
    vectorized(
        #[inline(always)]
        || {
            each_row(
                logits,
                targets,
                gradient,
                #[inline(always)]
                |p, t| {
                    // One exponential serves the loss and its slope.
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
    use latentia_testing::{SIZES, assert_close, numbers};

    use super::*;
    use crate::Matrix;

    type Loss = fn(MatrixRef<'_>, MatrixRef<'_>, f32, MatrixMut<'_>) -> f64;

    fn check(loss: Loss, reference: fn(f64, f64) -> f64) {
        for &n in &SIZES {
            let rows = 3;
            let p: Vec<f32> = numbers(1, rows * n).iter().map(|x| 12.0 * x).collect();
            let t: Vec<f32> = numbers(2, rows * n).iter().map(|x| 0.5 + 0.5 * x).collect();
            let pair = |i: usize| (f64::from(p[i]), f64::from(t[i]));
            let expected: f64 = (0..rows * n).map(|i| reference(pair(i).0, pair(i).1)).sum();
            let h = 1e-5;
            let slopes: Vec<f64> = (0..rows * n)
                .map(|i| {
                    let (p, t) = pair(i);
                    0.25 * (reference(p + h, t) - reference(p - h, t)) / (2.0 * h)
                })
                .collect();

            let mut gradient = Matrix::from_vec(rows, n, vec![f32::NAN; rows * n]);
            let sum = loss(
                MatrixRef::new(&p, rows, n),
                MatrixRef::new(&t, rows, n),
                0.25,
                gradient.view_mut(),
            );
            assert!(
                (sum - expected).abs() <= 2e-6 * expected.abs(),
                "{sum} {expected}"
            );
            assert_close(gradient.as_slice(), &slopes, 2e-6);
        }
    }

    #[test]
    fn squared_error_matches_f64() {
        check(squared_error, |p, t| (p - t) * (p - t));
    }

    #[test]
    fn binary_cross_entropy_matches_f64() {
        check(binary_cross_entropy, |p, t| {
            p.max(0.0) - t * p + (-p.abs()).exp().ln_1p()
        });
    }

    #[test]
    fn a_nan_prediction_gives_a_nan_loss() {
        for loss in [squared_error as Loss, binary_cross_entropy] {
            let mut gradient = Matrix::zeros(1, 2);
            let sum = loss(
                MatrixRef::new(&[0.0, f32::NAN], 1, 2),
                MatrixRef::new(&[0.0, 0.0], 1, 2),
                1.0,
                gradient.view_mut(),
            );
            assert!(sum.is_nan());
        }
    }
}
