//! Elementary functions of one `f64`, as those of one `f32` beside them.

use std::f64::consts::{LN_2, LOG2_E};

/// 1.5 · 2⁵²: adding it to `x` leaves the nearest integer to `x` in the lowest bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// Bits of 1 and of √½.
const ONE: u64 = 1.0f64.to_bits();
const ROOT_HALF: u64 = std::f64::consts::FRAC_1_SQRT_2.to_bits();

/// `c[0] + c[1] x + c[2] x² + …`
#[inline(always)]
pub(super) fn polynomial<const N: usize>(x: f64, c: [f64; N]) -> f64 {
    let mut sum = c[N - 1];
    let mut i = N - 1;
    while i > 0 {
        i -= 1;
        sum = sum.mul_add(x, c[i]);
    }
    sum
}

/// `eˣ`, within `1e-14` of the result; beyond ±700 as at ±700.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    // e^x = 2^n e^r, n = round(x / ln 2), |r| <= ln 2 / 2; e^r by Taylor's series
    let x = if x < -700.0 { -700.0 } else { x };
    let x = if x > 700.0 { 700.0 } else { x };
    let shifted = x.mul_add(LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = n.mul_add(-0.693_147_180_369_123_8, x);
    let r = n.mul_add(-1.908_214_929_270_587_7e-10, r);
    let p = polynomial(
        r,
        [
            1.0,
            1.0,
            1.0 / 2.0,
            1.0 / 6.0,
            1.0 / 24.0,
            1.0 / 120.0,
            1.0 / 720.0,
            1.0 / 5_040.0,
            1.0 / 40_320.0,
            1.0 / 362_880.0,
            1.0 / 3_628_800.0,
            1.0 / 39_916_800.0,
        ],
    );
    p * f64::from_bits((shifted.to_bits() << 52).wrapping_add(ONE))
}

/// Natural logarithm of a positive normal number, within `1e-14` of 1 or of the result.
#[inline(always)]
pub fn ln(x: f64) -> f64 {
    // x = 2^n m with m in [sqrt(1/2), sqrt(2)); ln m = 2 atanh((m - 1) / (m + 1))
    let bits = x.to_bits();
    let exponent = bits.wrapping_sub(ROOT_HALF).wrapping_add(ONE) >> 52;
    let m = f64::from_bits(bits.wrapping_sub(exponent << 52).wrapping_add(ONE));
    // From an integer without a conversion, which few processors have for vectors.
    let n = f64::from_bits(ROUND.to_bits() + exponent) - (ROUND + 1023.0);
    let s = (m - 1.0) / (m + 1.0);
    let z = s * s;
    let q = polynomial(
        z,
        [
            2.0 / 3.0,
            2.0 / 5.0,
            2.0 / 7.0,
            2.0 / 9.0,
            2.0 / 11.0,
            2.0 / 13.0,
            2.0 / 15.0,
            2.0 / 17.0,
            2.0 / 19.0,
        ],
    );
    n.mul_add(LN_2, (s * z).mul_add(q, s + s))
}

/// Hyperbolic tangent, within `1e-14`.
#[inline(always)]
pub fn tanh(x: f64) -> f64 {
    let e = exp(-2.0 * x.abs());
    ((1.0 - e) / (1.0 + e)).copysign(x)
}

/// Distribution function of the standard normal distribution, within `1e-14`; beyond ±7 as at ±7, `1e-12` from 0 and 1.
///
/// Hart's rational approximation in double precision, as West, Better approximations to cumulative normal functions
/// (Wilmott, 2005) gives it.
#[inline(always)]
pub fn normal_cdf(x: f64) -> f64 {
    let far = if x.abs() < 7.0 { x.abs() } else { 7.0 };
    let numerator = polynomial(
        far,
        [
            220.206_867_912_376,
            221.213_596_169_931,
            112.079_291_497_871,
            33.912_866_078_383,
            6.373_962_203_531_65,
            0.700_383_064_443_688,
            3.526_249_659_989_11e-2,
        ],
    );
    let denominator = polynomial(
        far,
        [
            440.413_735_824_752,
            793.826_512_519_948,
            637.333_633_378_831,
            296.564_248_779_674,
            86.780_732_202_946_1,
            16.064_177_579_207,
            1.755_667_163_182_64,
            8.838_834_764_831_84e-2,
        ],
    );
    let tail = exp(-0.5 * far * far) * numerator / denominator;
    if x > 0.0 { 1.0 - tail } else { tail }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `Φ(x)` by Simpson's rule over the density.
    fn integrated(x: f64) -> f64 {
        let steps = 20_000;
        let width = (x + 10.0) / f64::from(steps);
        let density = |i: i32| {
            let t = -10.0 + width * f64::from(i);
            (-0.5 * t * t).exp() / std::f64::consts::TAU.sqrt()
        };
        let inner = (1..steps).map(|i| density(i) * if i % 2 == 1 { 4.0 } else { 2.0 });
        (density(0) + inner.sum::<f64>() + density(steps)) * width / 3.0
    }

    #[test]
    fn the_normal_distribution_is_that_of_its_density() {
        for i in -60..=60 {
            let x = f64::from(i) / 9.0;
            let (obtained, expected) = (normal_cdf(x), integrated(x));
            assert!(
                (obtained - expected).abs() < 1e-13,
                "{x}: {obtained}, expected {expected}"
            );
        }
        assert_eq!(normal_cdf(1e300), normal_cdf(7.0));
        assert_eq!(normal_cdf(f64::NEG_INFINITY), normal_cdf(-7.0));
    }

    fn check(f: fn(f64) -> f64, reference: fn(f64) -> f64, (low, high): (f64, f64), floor: f64) {
        for i in 0..=100_000 {
            let x = low + (high - low) * f64::from(i) / 1e5;
            let (obtained, expected) = (f(x), reference(x));
            let error = (obtained - expected).abs() / expected.abs().max(floor);
            assert!(error < 1e-14, "{x}: {obtained}, expected {expected}");
        }
    }

    #[test]
    fn functions_match_the_standard_library() {
        check(exp, f64::exp, (-700.0, 700.0), 0.0);
        check(exp, f64::exp, (-1.0, 1.0), 0.0);
        check(ln, f64::ln, (1e-9, 1e-6), 1.0);
        check(ln, f64::ln, (0.5, 3.0), 1.0);
        check(ln, f64::ln, (1.0, 1e7), 1.0);
        check(tanh, f64::tanh, (-30.0, 30.0), 1.0);
        assert!((ln(1e300) - 1e300f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn ends_of_the_range_are_finite_and_nan_stays_nan() {
        assert_eq!(exp(f64::MIN), (-700.0f64).exp());
        assert!(exp(f64::MAX).is_finite());
        assert_eq!([tanh(f64::MIN), tanh(f64::MAX)], [-1.0, 1.0]);
        assert!(exp(f64::NAN).is_nan() && tanh(f64::NAN).is_nan());
    }
}
