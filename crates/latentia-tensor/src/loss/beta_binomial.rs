//! Beta-binomial distribution over the 256 values of 8-bit data.
//!
//! The number `v` of successes in 255 trials whose probability is drawn from `Beta(α, β)`:
//!
//! ```text
//! P(v) = C(255, v) B(v + α, 255 - v + β) / B(α, β)
//! ```
//!
//! Outputs are `ln α` and `ln β`, each bounded to ±12 as `12 tanh(· / 12)`: `α` and `β` lie between 6e-6 and 160,000, where
//! the distribution is as wide as two points or as narrow as a binomial one to a part in 600.

use std::sync::LazyLock;

use rand::RngExt;

use super::level::level;
use crate::dispatch::vectorized;
use crate::math::double::{exp, ln, tanh};
use crate::math::gamma::{Stirling, ln_gamma};
use crate::math::{self, sigmoid};
use crate::{MatrixMut, MatrixRef, Noise};

/// Bound of `ln α` and `ln β`.
const BOUND: f64 = 12.0;

/// Number of trials.
const TRIALS: u8 = 255;

/// `ln C(255, v)`
static LN_CHOOSE: LazyLock<[f64; 256]> = LazyLock::new(|| {
    let whole = ln_gamma(256.0);
    std::array::from_fn(|v| whole - ln_gamma(v as f64 + 1.0) - ln_gamma(256.0 - v as f64))
});

/// `α` and `β` of an element's distribution, from its two outputs.
#[inline(always)]
pub fn parameters(a: f32, b: f32) -> [f64; 2] {
    [a, b].map(|x| exp(BOUND * tanh(f64::from(x) / BOUND)))
}

/// Elements that are computed at once.
const LANES: usize = 32;

/// Beta-binomial distribution with 255 trials, in nats: `Σ -ln P(v)`, computed in f64, within 1e-8 before it is rounded.
///
/// Shapes: `outputs` and `gradient` `[rows, 2 n]`, `ln α` and then `ln β` before their bounds; `targets` `[rows, n]`,
/// multiples of 1/255 in `[0, 1]`; others are rounded to them.
pub fn beta_binomial(
    outputs: MatrixRef<'_>,
    targets: MatrixRef<'_>,
    scale: f32,
    losses: &mut [f64],
    mut gradient: Option<MatrixMut<'_>>,
) {
    let n = targets.cols();
    let ln_choose = &*LN_CHOOSE;
    vectorized(
        #[inline(always)]
        || {
            for (row, loss) in losses.iter_mut().enumerate() {
                let (a, b) = outputs.row(row).split_at(n);
                let t = targets.row(row);
                let mut sums = [0.0f64; LANES];
                let mut first = 0;
                while first < n {
                    let range = first..n.min(first + LANES);
                    first = range.end;
                    let mut v = [0.0f32; LANES];
                    for (v, &t) in v.iter_mut().zip(&t[range.clone()]) {
                        *v = level(t);
                    }
                    // A table is read element by element; it would keep the loops below from being vectors.
                    let mut constants = [0.0f64; LANES];
                    for (constant, &v) in constants.iter_mut().zip(&v) {
                        *constant = ln_choose[usize::from(v as u8)];
                    }
                    let [mut da, mut db] = [[0.0f32; LANES]; 2];
                    let elements = a[range.clone()].iter().zip(&b[range.clone()]).zip(&v);
                    let outputs = sums.iter_mut().zip(&constants).zip(&mut da).zip(&mut db);
                    for ((((sum, constant), da), db), ((&a, &b), &v)) in outputs.zip(elements) {
                        let (loss, derivatives) = loss_and_derivatives(a, b, v);
                        *sum += loss - constant;
                        *da = scale * derivatives[0] as f32;
                        *db = scale * derivatives[1] as f32;
                    }
                    if let Some(gradient) = &mut gradient {
                        let (first, second) = gradient.row_mut(row).split_at_mut(n);
                        first[range.clone()].copy_from_slice(&da[..range.len()]);
                        second[range.clone()].copy_from_slice(&db[..range.len()]);
                    }
                }
                let mut total = 0.0;
                for sum in sums {
                    total += sum;
                }
                *loss = total;
            }
        },
    )
}

/// `ln B(α, β) - ln B(v + α, 255 - v + β)` and its derivatives with respect to the outputs `a` and `b`.
#[inline(always)]
fn loss_and_derivatives(a: f32, b: f32, v: f32) -> (f64, [f64; 2]) {
    let (v, trials) = (f64::from(v), f64::from(TRIALS));
    let bend = [tanh(f64::from(a) / BOUND), tanh(f64::from(b) / BOUND)];
    let (alpha, beta) = (exp(BOUND * bend[0]), exp(BOUND * bend[1]));
    let whole = alpha + beta;
    let [a0, a1] = [Stirling::new(alpha), Stirling::new(alpha + v)];
    let [b0, b1] = [Stirling::new(beta), Stirling::new(beta + (trials - v))];
    let [c0, c1] = [Stirling::new(whole), Stirling::new(whole + trials)];
    let products = (a1.product * b1.product * c0.product) / (a0.product * b0.product * c1.product);
    let shifted = (a0.shifted - a1.shifted) + (b0.shifted - b1.shifted) + (c1.shifted - c0.shifted);
    let both = c1.digamma - c0.digamma;
    let derivatives = [
        alpha * ((a0.digamma - a1.digamma) + both) * (1.0 - bend[0] * bend[0]),
        beta * ((b0.digamma - b1.digamma) + both) * (1.0 - bend[1] * bend[1]),
    ];
    (shifted + ln(products), derivatives)
}

/// `ln α` or `ln β` that stands for an output.
#[inline(always)]
fn bounded(s: f32) -> f32 {
    let bound = BOUND as f32;
    bound * math::tanh(s / bound)
}

/// Mean of the distribution, in the model's scale: `α / (α + β)`.
///
/// Shapes: `outputs` `[rows, 2 n]`, as for the loss; `means` `[rows, n]`.
pub fn mean(outputs: MatrixRef<'_>, mut means: MatrixMut<'_>) {
    let n = means.cols();
    vectorized(
        #[inline(always)]
        || {
            for row in 0..means.rows() {
                let (a, b) = outputs.row(row).split_at(n);
                for ((mean, &a), &b) in means.row_mut(row).iter_mut().zip(a).zip(b) {
                    *mean = sigmoid(bounded(a) - bounded(b));
                }
            }
        },
    )
}

/// One draw of each element, in the model's scale, from Pólya's urn: each of 255 draws raises the probability of its like.
///
/// Shapes: `outputs` `[2 n]`, as for the loss; `out` `[n]`. The noise is that of row `row`.
pub fn draw(outputs: &[f32], noise: Noise, row: u32, out: &mut [f32]) {
    let (a, b) = outputs.split_at(out.len());
    let mut rng = noise.row(row);
    for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
        let (alpha, beta) = (f64::from(bounded(a)).exp(), f64::from(bounded(b)).exp());
        let mut successes = 0.0;
        for trial in 0..TRIALS {
            let u: f64 = rng.random();
            let success = u * (alpha + beta + f64::from(trial)) < alpha + successes;
            successes += f64::from(u8::from(success));
        }
        *out = (successes / f64::from(TRIALS)) as f32;
    }
}

#[cfg(test)]
mod tests {
    use latentia_testing::numbers;

    use super::super::checks::{check_masses, check_moments, check_two};
    use super::*;

    /// As a product over the trials.
    fn reference(a: f64, b: f64, t: f64) -> f64 {
        let v = (255.0 * t).round() as i32;
        let [alpha, beta] = [a, b].map(|s| (12.0 * (s / 12.0).tanh()).exp());
        let rising = |x: f64, n: i32| (0..n).map(|i| (x + f64::from(i)).ln()).sum::<f64>();
        let choose: f64 = (1..=v)
            .map(|i| (f64::from(256 - i) / f64::from(i)).ln())
            .sum();
        rising(alpha + beta, 255) - rising(alpha, v) - rising(beta, 255 - v) - choose
    }

    fn level_of(x: f32) -> f32 {
        ((0.5 + 0.51 * x) * 255.0).round().clamp(0.0, 255.0) / 255.0
    }

    #[test]
    fn losses_and_gradients_match_f64() {
        let check = |a: fn(f32) -> f32, b: fn(f32) -> f32| {
            check_two(beta_binomial, reference, a, b, level_of)
        };
        check(|x| 2.0 * x, |x| 2.0 * x);
        check(|x| 30.0 * x, |x| 30.0 * x);
        check(|x| 8.0 + 5.0 * x, |x| 9.0 + 5.0 * x);
    }

    #[test]
    fn one_pixel_is_exact_to_a_millionth_of_a_nat() {
        for (i, x) in numbers(5, 2000).chunks(2).enumerate() {
            let (a, b) = (40.0 * x[0], 40.0 * x[1]);
            let t = (i % 256) as f32 / 255.0;
            let mut loss = [f64::NAN];
            let outputs = [a, b];
            let outputs = MatrixRef::new(&outputs, 1, 2);
            beta_binomial(outputs, MatrixRef::new(&[t], 1, 1), 1.0, &mut loss, None);
            let expected = reference(a.into(), b.into(), t.into());
            assert!(
                (loss[0] - expected).abs() < 1e-7,
                "{a} {b} {t}: {} {expected}",
                loss[0]
            );
        }
    }

    #[test]
    fn losses_are_finite_for_every_finite_output() {
        let ends = [f32::MIN, -30.0, 0.0, 30.0, f32::MAX];
        for (a, b) in ends.into_iter().flat_map(|a| ends.map(|b| (a, b))) {
            for t in [0.0, 0.4, 1.0] {
                let (mut loss, mut gradient) = ([f64::NAN], [f32::NAN; 2]);
                beta_binomial(
                    MatrixRef::new(&[a, b], 1, 2),
                    MatrixRef::new(&[t], 1, 1),
                    1.0,
                    &mut loss,
                    Some(MatrixMut::new(&mut gradient, 1, 2)),
                );
                assert!(loss[0].is_finite() && gradient.iter().all(|x| x.is_finite()));
            }
        }
    }

    #[test]
    fn masses_add_up_to_one_and_their_mean_is_the_mean() {
        let numbers = numbers(3, 400);
        let pairs = numbers.chunks(2).map(|x| [9.0 * x[0], 9.0 * x[1]]);
        let extremes = [[-40.0, -40.0], [40.0, 40.0], [-40.0, 40.0], [40.0, -1.0]];
        check_masses(
            beta_binomial,
            mean,
            &pairs.chain(extremes).collect::<Vec<_>>(),
        );
    }

    #[test]
    fn draws_have_the_moments_of_the_masses() {
        check_moments(
            beta_binomial,
            draw,
            &[[0.0, 0.0], [3.0, 1.0], [-2.0, 0.5], [6.0, 7.0]],
        );
    }
}
