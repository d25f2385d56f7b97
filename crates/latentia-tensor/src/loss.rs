//! Losses of a batch of predictions, each with its gradient in the same pass.
//!
//! Every function writes each row's sum of terms into `losses`, and `scale` times its derivative by the prediction into
//! `gradient` where one is asked for. Shapes: predictions, targets and gradient `[rows, n]`, losses `[rows]`.

use crate::elementwise::{sum_pairs, vectorized};
use crate::math::{exp, ln_1p_unit};
use crate::{MatrixMut, MatrixRef};

/// Row by row: `losses = Σ term` and `gradient = slope` with `(term, slope) = f(prediction, target)`.
#[inline(always)]
fn each_row(
    predictions: MatrixRef<'_>,
    targets: MatrixRef<'_>,
    losses: &mut [f64],
    gradient: Option<MatrixMut<'_>>,
    f: impl Fn(f32, f32) -> (f32, f32),
) {
    // Plain loops: iterator adaptors are functions of their own, which would be compiled for the baseline.
    match gradient {
        Some(mut gradient) => {
            for (row, loss) in losses.iter_mut().enumerate() {
                let (p, t) = (predictions.row(row), targets.row(row));
                *loss = sum_pairs(p, t, Some(gradient.row_mut(row)), &f);
            }
        }
        None => {
            for (row, loss) in losses.iter_mut().enumerate() {
                *loss = sum_pairs(predictions.row(row), targets.row(row), None, &f);
            }
        }
    }
}

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

    type Loss = fn(MatrixRef<'_>, MatrixRef<'_>, f32, &mut [f64], Option<MatrixMut<'_>>);

    fn check(loss: Loss, reference: fn(f64, f64) -> f64) {
        for &n in &SIZES {
            let rows = 3;
            let p: Vec<f32> = numbers(1, rows * n).iter().map(|x| 12.0 * x).collect();
            let t: Vec<f32> = numbers(2, rows * n).iter().map(|x| 0.5 + 0.5 * x).collect();
            let pair = |i: usize| (f64::from(p[i]), f64::from(t[i]));
            let row = |r: usize| -> f64 {
                (r * n..(r + 1) * n)
                    .map(|i| reference(pair(i).0, pair(i).1))
                    .sum()
            };
            let h = 1e-5;
            let slopes: Vec<f64> = (0..rows * n)
                .map(|i| {
                    let (p, t) = pair(i);
                    0.25 * (reference(p + h, t) - reference(p - h, t)) / (2.0 * h)
                })
                .collect();

            let mut gradient = Matrix::from_vec(rows, n, vec![f32::NAN; rows * n]);
            let (p, t) = (MatrixRef::new(&p, rows, n), MatrixRef::new(&t, rows, n));
            let (mut losses, mut alone) = ([f64::NAN; 3], [f64::NAN; 3]);
            loss(p, t, 0.25, &mut losses, Some(gradient.view_mut()));
            loss(p, t, 0.25, &mut alone, None);
            assert_eq!(losses, alone);
            for (r, loss) in losses.into_iter().enumerate() {
                let expected = row(r);
                assert!(
                    (loss - expected).abs() <= 2e-6 * expected.abs(),
                    "{loss} {expected}"
                );
            }
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
            let (p, t) = ([0.0, f32::NAN], [0.0, 0.0]);
            let mut sum = [0.0];
            loss(
                MatrixRef::new(&p, 1, 2),
                MatrixRef::new(&t, 1, 2),
                1.0,
                &mut sum,
                None,
            );
            assert!(sum[0].is_nan());
        }
    }
}
