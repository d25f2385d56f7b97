//! Elementary functions of one `f32`.

#![allow(
    clippy::excessive_precision,
    reason = "coefficients are given as they were derived"
)]

use std::f32::consts::{FRAC_1_SQRT_2, LN_2, LOG2_E};

/// 1.5 · 2²³: adding it to `x` leaves the nearest integer to `x` in the lowest bits.
const ROUND: f32 = 12_582_912.0;

/// `c[0] + c[1] x + c[2] x² + …`
#[inline(always)]
fn polynomial<const N: usize>(x: f32, c: [f32; N]) -> f32 {
    let mut sum = c[N - 1];
    let mut i = N - 1;
    while i > 0 {
        i -= 1;
        sum = sum.mul_add(x, c[i]);
    }
    sum
}

/// The nearest integer, the even one of two; for `|x| < 2²²`.
#[inline(always)]
pub fn round(x: f32) -> f32 {
    (x + ROUND) - ROUND
}

/// `eˣ`, within 2 units in the last place; 0 below -87.33, where the result would be subnormal; infinite above 88.72.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    // e^x = 2^n e^r, n = round(x / ln 2), |r| <= ln 2 / 2
    let shifted = x.mul_add(LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = n.mul_add(-0.693_145_75, x);
    let r = n.mul_add(-1.428_606_8e-6, r);
    let q = polynomial(
        r,
        [
            0.499_999_93,
            0.166_665_21,
            0.041_668_39,
            0.008_368_72,
            0.001_381_46,
        ],
    );
    let p = 1.0 + (r * r).mul_add(q, r);
    // 2^n in two factors: each is normal where 2^n alone is not yet
    let n = shifted.to_bits().wrapping_sub(ROUND.to_bits()) as i32;
    let power = |n: i32| f32::from_bits(((n + 127) << 23) as u32);
    let y = p * power(n >> 1) * power(n - (n >> 1));
    let y = if x < -87.336_54 { 0.0 } else { y };
    if x > 88.722_83 { f32::INFINITY } else { y }
}

/// Natural logarithm, within 2 units in the last place, of a positive normal number; minus infinity of 0, NaN below.
#[inline(always)]
pub fn ln(x: f32) -> f32 {
    // x = 2^n m with m in [sqrt(1/2), sqrt(2)); ln m = 2 atanh((m - 1) / (m + 1))
    let bits = x.to_bits();
    let n = (bits.wrapping_sub(0x3f35_04f3) as i32) >> 23;
    let m = f32::from_bits(bits.wrapping_sub((n << 23) as u32));
    let n = n as f32;
    let f = m - 1.0;
    let s = f / (f + 2.0);
    let z = s * s;
    // ln m = f - s (f - 2 z q(z)): the leading term is exact
    let q = polynomial(z, [0.333_333_33, 0.200_000_46, 0.142_785_3, 0.114_957_3]);
    let tail = s * (f - 2.0 * z * q);
    let y = n.mul_add(LN_2, f - tail);
    let y = if x == f32::INFINITY { x } else { y };
    let y = if x < f32::MIN_POSITIVE {
        f32::NEG_INFINITY
    } else {
        y
    };
    let y = if x < 0.0 { f32::NAN } else { y };
    if x.is_nan() { x } else { y }
}

/// `ln(1 + x)` for `x` in `[0, 1]`, within 3 units in the last place.
#[inline(always)]
pub fn ln_1p_unit(x: f32) -> f32 {
    // 2 atanh(s), s = x / (2 + x) in [0, 1/3]
    let s = x / (2.0 + x);
    let z = s * s;
    let q = polynomial(
        z,
        [
            0.666_666_67,
            0.400_000_00,
            0.285_714_3,
            0.222_222_2,
            0.181_818_2,
            0.153_846_2,
            0.133_333_3,
        ],
    );
    (s * z).mul_add(q, s + s)
}

/// Logistic function `1 / (1 + e⁻ˣ)`.
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    let e = exp(-x.abs());
    let numerator = if x < 0.0 { e } else { 1.0 };
    let y = numerator / (1.0 + e);
    if x.is_nan() { x } else { y }
}

/// `ln(1 + eˣ)`, without overflow.
#[inline(always)]
pub fn softplus(x: f32) -> f32 {
    let positive = if x < 0.0 { 0.0 } else { x };
    positive + ln_1p_unit(exp(-x.abs()))
}

/// Hyperbolic tangent.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    let e = exp(-2.0 * x.abs());
    let far = ((1.0 - e) / (1.0 + e)).copysign(x);
    let z = x * x;
    let near = (x * z).mul_add(
        polynomial(
            z,
            [
                -0.333_332_82,
                0.133_314_42,
                -0.053_739_74,
                0.020_639_09,
                -0.005_704_989,
            ],
        ),
        x,
    );
    let y = if x.abs() < 0.625 { near } else { far };
    if x.is_nan() { x } else { y }
}

/// `eˣ - 1` for `x <= 0`.
#[inline(always)]
pub fn exp_m1_negative(x: f32) -> f32 {
    // tanh(x/2) = (e^x - 1) / (e^x + 1)
    tanh(0.5 * x) * (exp(x) + 1.0)
}

/// Distribution function of the standard normal, `Φ(x) = (1 + erf(x / √2)) / 2`, within 1e-7.
///
/// Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26.
#[inline(always)]
pub fn normal_cdf(x: f32) -> f32 {
    let z = (x * FRAC_1_SQRT_2).abs();
    let t = 1.0 / z.mul_add(0.327_591_1, 1.0);
    let p = polynomial(
        t,
        [
            0.0,
            0.254_829_592,
            -0.284_496_736,
            1.421_413_741,
            -1.453_152_027,
            1.061_405_429,
        ],
    );
    let tail = 0.5 * p * exp(-z * z);
    if x < 0.0 { tail } else { 1.0 - tail }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Largest error of `f` against `reference` over `range`, relative to `max(|y|, floor)`.
    fn error(f: fn(f32) -> f32, reference: fn(f64) -> f64, range: (f32, f32), floor: f64) -> f64 {
        let steps = 200_000;
        (0..=steps)
            .map(|i| {
                let x = range.0 + (range.1 - range.0) * (i as f32 / steps as f32);
                let expected = reference(x.into());
                (f64::from(f(x)) - expected).abs() / expected.abs().max(floor)
            })
            .fold(0.0, f64::max)
    }

    #[test]
    fn functions_match_f64() {
        let ulp = f64::from(f32::EPSILON);
        let tiny = f64::from(f32::MIN_POSITIVE);
        let cases: [(&str, f64, f64); 10] = [
            ("exp", error(exp, f64::exp, (-87.3, 88.7), tiny), 2.0 * ulp),
            ("exp near 0", error(exp, f64::exp, (-1.0, 1.0), tiny), ulp),
            ("ln", error(ln, f64::ln, (1e-3, 100.0), 1e-6), 2.0 * ulp),
            ("ln near 1", error(ln, f64::ln, (0.9, 1.1), 1e-9), 2.0 * ulp),
            (
                "ln_1p",
                error(ln_1p_unit, f64::ln_1p, (0.0, 1.0), tiny),
                3.0 * ulp,
            ),
            (
                "sigmoid",
                error(sigmoid, |x| 1.0 / (1.0 + (-x).exp()), (-80.0, 80.0), tiny),
                4.0 * ulp,
            ),
            (
                "softplus",
                error(softplus, |x| x.exp().ln_1p(), (-80.0, 80.0), tiny),
                4.0 * ulp,
            ),
            (
                "tanh",
                error(tanh, f64::tanh, (-20.0, 20.0), tiny),
                4.0 * ulp,
            ),
            (
                "exp_m1",
                error(exp_m1_negative, f64::exp_m1, (-40.0, 0.0), tiny),
                8.0 * ulp,
            ),
            (
                "normal_cdf",
                error(
                    normal_cdf,
                    latentia_testing::reference::normal_cdf,
                    (-6.0, 6.0),
                    1.0,
                ),
                2.5e-7,
            ),
        ];
        for (name, error, bound) in cases {
            assert!(error <= bound, "{name}: error {error:e}, bound {bound:e}");
        }
    }

    #[test]
    fn ends_of_the_range_are_exact() {
        assert_eq!(exp(-1e30), 0.0);
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(exp(89.0), f32::INFINITY);
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(ln(0.0), f32::NEG_INFINITY);
        assert_eq!(ln(f32::INFINITY), f32::INFINITY);
        assert_eq!(ln(1.0), 0.0);
        assert_eq!(sigmoid(-1e4), 0.0);
        assert_eq!(sigmoid(1e4), 1.0);
        assert_eq!(softplus(1e4), 1e4);
        assert_eq!(tanh(-1e4), -1.0);
        for x in [-4e6, -2.5, -0.4, 0.0, 0.5, 1.5, 254.6, 4e6] {
            assert_eq!(round(x), x.round_ties_even());
        }
    }

    #[test]
    fn nan_stays_nan() {
        for f in [
            exp,
            ln,
            sigmoid,
            softplus,
            tanh,
            exp_m1_negative,
            normal_cdf,
            round,
        ] {
            assert!(f(f32::NAN).is_nan());
        }
        assert!(ln(-1.0).is_nan());
    }
}
