//! Gaussians of learned scale.
//!
//! `-ln N(t; m, σ²) = ½ ((t - m) / σ)² + ln σ + ½ ln 2π`. The scale is `ln σ = -6 + softplus(s + 6)` of an output `s`, so
//! that `σ > e⁻⁶` and no density is infinite (σ-VAE: Rybkin et al. 2021).

use super::each_row::each_row_of_two;
use super::log_scale::{log_scale, scale_of};
use crate::dispatch::vectorized;
use crate::math::exp;
use crate::reduction::sum_pairs;
use crate::{MatrixMut, MatrixRef};

/// Least `ln σ`.
pub const LEAST: f32 = -6.0;

/// `½ ln 2π`
pub(super) const HALF_LN_TWO_PI: f32 = 0.918_938_5;

/// `ln σ` that stands for an output, and its derivative.
#[inline(always)]
pub(super) fn log_scale_of(s: f32) -> (f32, f32) {
    log_scale(s, LEAST)
}

/// Gaussian with one scale for all elements, in nats: `½ e^-2s Σ (t - m)² + n (s + ½ ln 2π)`.
///
/// Shapes: `outputs` and `gradient` `[rows, n + 1]`, means and then the scale's logarithm before its bound; `targets`
/// `[rows, n]`.
pub fn gaussian_shared_scale(
    outputs: MatrixRef<'_>,
    targets: MatrixRef<'_>,
    scale: f32,
    losses: &mut [f64],
    gradient: Option<MatrixMut<'_>>,
) {
    let n = targets.cols();
    vectorized(
        #[inline(always)]
        || {
            let mut gradient = gradient;
            for (row, loss) in losses.iter_mut().enumerate() {
                let (means, s) = outputs.row(row).split_at(n);
                let (s, derivative) = log_scale_of(s[0]);
                let precision = exp(-2.0 * s);
                let factor = scale * precision;
                let (out, last) = match &mut gradient {
                    Some(gradient) => {
                        let (out, last) = gradient.row_mut(row).split_at_mut(n);
                        (Some(out), Some(&mut last[0]))
                    }
                    None => (None, None),
                };
                let squares = sum_pairs(
                    means,
                    targets.row(row),
                    out,
                    #[inline(always)]
                    |m, t| {
                        let error = m - t;
                        (error * error, factor * error)
                    },
                );
                let squares = squares * f64::from(precision);
                let constant = f64::from(s) + f64::from(HALF_LN_TWO_PI);
                *loss = 0.5 * squares + n as f64 * constant;
                if let Some(last) = last {
                    *last = ((n as f64 - squares) * f64::from(scale * derivative)) as f32;
                }
            }
        },
    )
}

/// Gaussian with a scale for each element, in nats: `Σ ½ ((t - m) e^-s)² + s + ½ ln 2π`.
///
/// Shapes: `outputs` and `gradient` `[rows, 2 n]`, means and then the scales' logarithms before their bound; `targets`
/// `[rows, n]`.
pub fn gaussian_learned_scale(
    outputs: MatrixRef<'_>,
    targets: MatrixRef<'_>,
    scale: f32,
    losses: &mut [f64],
    gradient: Option<MatrixMut<'_>>,
) {
    vectorized(
        #[inline(always)]
        || {
            each_row_of_two(
                outputs,
                targets,
                losses,
                gradient,
                #[inline(always)]
                |m, s, t| {
                    let (s, derivative) = log_scale_of(s);
                    let inverse = exp(-s);
                    let z = (m - t) * inverse;
                    let loss = (0.5 * z).mul_add(z, s + HALF_LN_TWO_PI);
                    (
                        loss,
                        scale * (z * inverse),
                        scale * derivative * z.mul_add(-z, 1.0),
                    )
                },
            )
        },
    )
}

/// `x = m + σ x`: turns standard normal values into draws.
///
/// Shapes: `x` and `means` `[n]`; `log_scales`, before their bound, `[n]` or one for all.
pub fn scale_and_shift(x: &mut [f32], means: &[f32], log_scales: &[f32]) {
    let scales = log_scales.iter().cycle();
    for ((x, &m), &s) in x.iter_mut().zip(means).zip(scales) {
        *x = m + scale_of(log_scale_of(s).0) * *x;
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::super::checks::check_two;
    use super::*;
    use latentia_testing::numbers;

    fn bounded(s: f64) -> f64 {
        (s + 6.0).max(0.0) + (-(s + 6.0).abs()).exp().ln_1p() - 6.0
    }

    fn reference(m: f64, s: f64, t: f64) -> f64 {
        let s = bounded(s);
        0.5 * ((t - m) / s.exp()).powi(2) + s + 0.5 * (2.0 * PI).ln()
    }

    #[test]
    fn a_scale_for_each_element_matches_f64() {
        let targets = |x: f32| 0.5 + 0.5 * x;
        check_two(
            gaussian_learned_scale,
            reference,
            |x| 2.0 * x,
            |x| 3.0 * x,
            targets,
        );
        check_two(
            gaussian_learned_scale,
            reference,
            |x| 0.5 + 0.5 * x,
            |x| 5.0 * x - 6.0,
            targets,
        );
        check_two(
            gaussian_learned_scale,
            reference,
            |x| 100.0 * x,
            |x| 60.0 * x + 55.0,
            targets,
        );
    }

    #[test]
    fn one_scale_is_that_scale_for_each_element() {
        for s in [-30.0f32, -6.0, -1.0, 0.0, 2.0, 70.0] {
            for n in [1, 5, 33, 784] {
                let (m, t) = (numbers(1, n), numbers(2, n));
                let shared: Vec<f32> = m.iter().copied().chain([s]).collect();
                let each: Vec<f32> = m.iter().copied().chain(vec![s; n]).collect();
                let (mut a, mut b) = ([0.0], [0.0]);
                let (mut da, mut db) = (vec![f32::NAN; n + 1], vec![f32::NAN; 2 * n]);
                let t = MatrixRef::new(&t, 1, n);
                let shared = MatrixRef::new(&shared, 1, n + 1);
                let gradient = MatrixMut::new(&mut da, 1, n + 1);
                gaussian_shared_scale(shared, t, 0.5, &mut a, Some(gradient));
                let mut alone = [0.0];
                gaussian_shared_scale(shared, t, 0.5, &mut alone, None);
                assert_eq!(a, alone);
                let gradient = MatrixMut::new(&mut db, 1, 2 * n);
                gaussian_learned_scale(
                    MatrixRef::new(&each, 1, 2 * n),
                    t,
                    0.5,
                    &mut b,
                    Some(gradient),
                );
                assert!((a[0] - b[0]).abs() < 2e-6 * b[0].abs().max(1.0));
                db[n] = db[n..].iter().map(|&x| f64::from(x)).sum::<f64>() as f32;
                for (a, b) in da.iter().zip(&db) {
                    assert!((a - b).abs() <= 1e-5 * b.abs().max(1.0), "{s} {n}: {a} {b}");
                }
            }
        }
    }
}
