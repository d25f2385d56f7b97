//! Logistic distribution over the 256 values of 8-bit data.
//!
//! A value `v` of 0 to 255 has the mass of a logistic distribution between `v - ½` and `v + ½`, and 0 and 255 have the tails
//! beyond them too (Salimans et al. 2017, PixelCNN++, with one component):
//!
//! ```text
//! P(v) = σ(b) - σ(a),  a = (v - ½ - 255 m) / s,  b = (v + ½ - 255 m) / s;  P(0) = σ(b),  P(255) = 1 - σ(a)
//! ```
//!
//! Outputs are `m` in the model's scale and `ln(s / 255)`, bounded below by -8 as `-8 + softplus(· + 8)`: then a single
//! value can have a mass of 0.994.

use rand::RngExt;

use super::each_row::each_row_of_two;
use super::level::{TOP, level};
use super::log_scale::{log_scale, scale_of};
use crate::dispatch::vectorized;
use crate::math::{exp, ln, ln_1p_unit};
use crate::{MatrixMut, MatrixRef, Noise};

/// Least logarithm of a scale.
pub const LEAST: f32 = -8.0;

/// `ln 255`
const LN_TOP: f32 = 5.541_263_6;

/// Beyond any mean in use; it keeps sums of losses finite for every finite output.
const FAR: f32 = 1e28;

/// A mean that is not too far off.
#[inline(always)]
fn held(m: f32) -> f32 {
    let m = if m > FAR { FAR } else { m };
    if m < -FAR { -FAR } else { m }
}

/// `ln(1 - e^-d)` and `d / (e^d - 1)`, for `d > 0` with logarithm `ln_d`.
#[inline(always)]
fn log_width(d: f32, ln_d: f32) -> (f32, f32) {
    // Near 0 by their series, which need no quotient of small numbers.
    let z = d * d;
    let near = ln_d - 0.5 * d + z * (1.0 / 24.0 - z * (1.0 / 2_880.0 - z * (1.0 / 181_440.0)));
    let near_derivative =
        1.0 - 0.5 * d + z * (1.0 / 12.0 - z * (1.0 / 720.0 - z * (1.0 / 30_240.0)));
    let e = exp(-d);
    let is_near = d < 0.5;
    let far = if is_near { 0.5 } else { 1.0 - e };
    let far_derivative = d * e / far;
    match is_near {
        true => (near, near_derivative),
        false => (ln(far), far_derivative),
    }
}

/// Mean and `1 / s` of an element's distribution, both on the scale of the values 0 to 255, from its two outputs.
#[inline(always)]
pub fn parameters(m: f32, s: f32) -> [f64; 2] {
    let inverse = exp(-log_scale(s, LEAST).0 - LN_TOP);
    [f64::from(TOP) * f64::from(held(m)), f64::from(inverse)]
}

/// Discretised logistic distribution, in nats: `Σ -ln P(v)`.
///
/// `-ln P(v) = softplus(a) + softplus(-b) - ln(1 - e^(a - b))`: no two terms cancel, however far `v` lies in a tail. At 0
/// only `softplus(-b)` is left, at 255 only `softplus(a)`. Finite for all finite outputs.
///
/// Shapes: `outputs` and `gradient` `[rows, 2 n]`, means and then the scales' logarithms before their bound; `targets`
/// `[rows, n]`, multiples of 1/255 in `[0, 1]`; others are rounded to them.
pub fn discretised_logistic(
    outputs: MatrixRef<'_>,
    targets: MatrixRef<'_>,
    scale: f32,
    losses: &mut [f64],
    gradient: Option<MatrixMut<'_>>,
) {
    let ln_top = LN_TOP;
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
                    let v = level(t);
                    let (s, derivative) = log_scale(s, LEAST);
                    let ln_d = -s - ln_top;
                    let d = exp(ln_d);
                    let x = held(m).mul_add(-TOP, v) * d;
                    let (a, b) = (x - 0.5 * d, x + 0.5 * d);
                    // One exponential each serves the loss and its derivative: ln(1 + e^y) and σ(y).
                    let (above, above_derivative) = softplus_and_sigmoid(a);
                    let (below, below_derivative) = softplus_and_sigmoid(-b);
                    let (width, width_derivative) = log_width(d, ln_d);
                    // What the ends do not have.
                    let lower = if v < 0.5 { 0.0 } else { 1.0 };
                    let upper = if v > TOP - 0.5 { 0.0 } else { 1.0 };
                    let (above_derivative, below_derivative) =
                        (lower * above_derivative, upper * below_derivative);
                    let both = lower * upper;
                    let loss = (lower * above + upper * below) - both * width;
                    let dm = TOP * d * (below_derivative - above_derivative);
                    let ds =
                        (b * below_derivative - a * above_derivative) + both * width_derivative;
                    (loss, scale * dm, scale * derivative * ds)
                },
            )
        },
    )
}

/// `ln(1 + eˣ)` and its derivative `σ(x)`.
#[inline(always)]
fn softplus_and_sigmoid(x: f32) -> (f32, f32) {
    let e = exp(-x.abs());
    let positive = if x < 0.0 { 0.0 } else { x };
    let numerator = if x < 0.0 { e } else { 1.0 };
    (positive + ln_1p_unit(e), numerator / (1.0 + e))
}

/// Pixels whose means are summed at once.
const LANES: usize = 32;

/// Mean of the distribution, in the model's scale: `Σ v P(v) / 255 = Σ P(V > k) / 255`, `k` from 0 to 254, a sum of
/// sigmoids.
///
/// Shapes: `outputs` `[rows, 2 n]`, as for the loss; `means` `[rows, n]`.
pub fn mean(outputs: MatrixRef<'_>, mut means: MatrixMut<'_>) {
    let n = means.cols();
    vectorized(
        #[inline(always)]
        || {
            for row in 0..means.rows() {
                let (m, s) = outputs.row(row).split_at(n);
                let out = means.row_mut(row);
                let mut first = 0;
                while first < n {
                    let lanes = LANES.min(n - first);
                    let range = first..first + lanes;
                    let (mut at, mut d, mut sum) =
                        ([0.0f32; LANES], [0.0f32; LANES], [0.0f32; LANES]);
                    for (((at, d), &m), &s) in at
                        .iter_mut()
                        .zip(&mut d)
                        .zip(&m[range.clone()])
                        .zip(&s[range.clone()])
                    {
                        *at = held(m);
                        *d = exp(-log_scale(s, LEAST).0) / TOP;
                    }
                    for k in 0..255 {
                        let border = k as f32 + 0.5;
                        for ((sum, &at), &d) in sum.iter_mut().zip(&at).zip(&d) {
                            // An exponential that overflows is a probability of 0.
                            *sum += 1.0 / (1.0 + exp(at.mul_add(-TOP, border) * d));
                        }
                    }
                    for (out, &sum) in out[range].iter_mut().zip(&sum) {
                        *out = sum / TOP;
                    }
                    first += lanes;
                }
            }
        },
    )
}

/// One draw of each element, in the model's scale: the value nearest to a draw of the logistic distribution.
///
/// Shapes: `outputs` `[2 n]`, as for the loss; `out` `[n]`. The noise is that of row `row`.
pub fn draw(outputs: &[f32], noise: Noise, row: u32, out: &mut [f32]) {
    let (means, scales) = outputs.split_at(out.len());
    let mut rng = noise.row(row);
    for ((out, &m), &s) in out.iter_mut().zip(means).zip(scales) {
        let u: f64 = rng.random();
        let scale = f64::from(scale_of(log_scale(s, LEAST).0));
        let x = f64::from(m) + scale * (u / (1.0 - u)).ln();
        *out = ((255.0 * x).round().clamp(0.0, 255.0) / 255.0) as f32;
    }
}

#[cfg(test)]
mod tests {
    use latentia_testing::numbers;

    use super::super::checks::{check_masses, check_moments, check_two};
    use super::*;

    fn bounded(s: f64) -> f64 {
        (s + 8.0).max(0.0) + (-(s + 8.0).abs()).exp().ln_1p() - 8.0
    }

    fn reference(m: f64, s: f64, t: f64) -> f64 {
        let v = (255.0 * t).round();
        let scale = 255.0 * bounded(s).exp();
        let (a, b) = ((v - 0.5 - 255.0 * m) / scale, (v + 0.5 - 255.0 * m) / scale);
        let softplus = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
        if v == 0.0 {
            return softplus(-b);
        }
        if v == 255.0 {
            return softplus(a);
        }
        // In the upper tail, by symmetry.
        let (a, b) = if a > 0.0 { (-b, -a) } else { (a, b) };
        if b < -30.0 {
            return -(b + (-(a - b).exp_m1()).ln());
        }
        // σ(b) - σ(a) without a difference.
        -((0.5 * (b - a)).sinh() / (2.0 * (0.5 * a).cosh() * (0.5 * b).cosh())).ln()
    }

    fn level_of(x: f32) -> f32 {
        ((0.5 + 0.51 * x) * 255.0).round().clamp(0.0, 255.0) / 255.0
    }

    #[test]
    fn losses_and_gradients_match_f64() {
        let check = |m: fn(f32) -> f32, s: fn(f32) -> f32| {
            check_two(discretised_logistic, reference, m, s, level_of)
        };
        check(|x| 0.5 + 0.5 * x, |x| 3.0 * x - 3.0);
        check(|x| 0.5 + 0.5 * x, |x| 2.0 * x - 8.0);
        check(|x| 20.0 * x, |x| 6.0 * x - 2.0);
        check(|x| x, |x| 20.0 * x + 20.0);
    }

    #[test]
    fn losses_are_finite_for_every_finite_output() {
        for m in [f32::MIN, -1e9, -1.0, 0.0, 0.3, 1.0, 1e9, f32::MAX] {
            for s in [f32::MIN, -100.0, -8.0, 0.0, 50.0, 100.0, 1e9, f32::MAX] {
                for t in [0.0, 1.0 / 255.0, 0.4, 1.0] {
                    let outputs = [m; 40].into_iter().chain([s; 40]).collect::<Vec<_>>();
                    let mut loss = [f64::NAN];
                    let mut gradient = [f32::NAN; 80];
                    discretised_logistic(
                        MatrixRef::new(&outputs, 1, 80),
                        MatrixRef::new(&[t; 40], 1, 40),
                        1.0,
                        &mut loss,
                        Some(MatrixMut::new(&mut gradient, 1, 80)),
                    );
                    assert!(
                        loss[0].is_finite() && loss[0] >= 0.0,
                        "{m} {s} {t}: {loss:?}"
                    );
                    assert!(gradient.iter().all(|x| x.is_finite()), "{m} {s} {t}");
                    let mut out = [f32::NAN; 40];
                    mean(
                        MatrixRef::new(&outputs, 1, 80),
                        MatrixMut::new(&mut out, 1, 40),
                    );
                    assert!(
                        out.iter().all(|x| (0.0..=1.0).contains(x)),
                        "{m} {s}: {out:?}"
                    );
                    draw(&outputs, Noise::new(1, 1), 0, &mut out);
                    assert!(
                        out.iter().all(|x| (0.0..=1.0).contains(x)),
                        "{m} {s}: {out:?}"
                    );
                }
            }
        }
    }

    /// Means and scales, also far off.
    fn parameters() -> Vec<[f32; 2]> {
        let numbers = numbers(3, 400);
        let pairs = numbers
            .chunks(2)
            .map(|x| [0.5 + 0.8 * x[0], 6.0 * x[1] - 4.0]);
        let extremes = [[-3.0, -9.0], [5.0, -2.0], [0.0, -20.0], [1.0, 9.0]];
        pairs.chain(extremes).collect()
    }

    #[test]
    fn masses_add_up_to_one_and_their_mean_is_the_mean() {
        check_masses(discretised_logistic, mean, &parameters());
    }

    #[test]
    fn draws_have_the_moments_of_the_masses() {
        check_moments(
            discretised_logistic,
            draw,
            &[[0.5, -2.5], [0.02, -3.0], [0.9, -6.5], [1.3, -1.5]],
        );
    }
}
