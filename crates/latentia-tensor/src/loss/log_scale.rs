//! Learned scales.

use crate::math::{exp, ln_1p_unit};

/// Far beyond any scale in use; it keeps sums of losses finite for every finite output.
const MOST: f32 = 1e30;

/// The logarithm of the scale that stands for output `s`, and its derivative: `least + softplus(s - least)`, which is `s` where
/// `s` is well above `least` and never less than `least` (Rybkin et al. 2021).
///
/// Without the bound the density of a constant pixel has no maximum. Above there is none: losses hold `e^-s`, which only
/// falls to 0.
#[inline(always)]
pub(super) fn log_scale(s: f32, least: f32) -> (f32, f32) {
    let e = exp(-(s - least).abs());
    let larger = if s < least { least } else { s };
    let larger = if larger > MOST { MOST } else { larger };
    let numerator = if s < least { e } else { 1.0 };
    (larger + ln_1p_unit(e), numerator / (1.0 + e))
}

/// `e^s` of a bounded logarithm, held to what a `f32` holds.
#[inline(always)]
pub(super) fn scale_of(log_scale: f32) -> f32 {
    exp(if log_scale > 80.0 { 80.0 } else { log_scale })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_bounded_below_and_free_above() {
        for s in [-1e30, -50.0, -7.0, -6.0, -5.0, 0.0, 3.0, 1000.0] {
            let wide = f64::from(s) + 6.0;
            let expected = wide.max(0.0) + (-wide.abs()).exp().ln_1p() - 6.0;
            let (value, derivative) = log_scale(s, -6.0);
            let error = (f64::from(value) - expected).abs();
            assert!(error < 1e-6 * expected.abs().max(1.0), "{s}: {value}");
            let expected = 1.0 / (1.0 + (-wide).exp());
            assert!(
                (f64::from(derivative) - expected).abs() < 1e-6,
                "{s}: {derivative}"
            );
        }
        for s in [f32::MIN, f32::MAX] {
            let (value, derivative) = log_scale(s, -6.0);
            assert!(value.is_finite() && derivative.is_finite() && scale_of(value).is_finite());
        }
        assert!(log_scale(f32::NAN, -6.0).0.is_nan());
    }
}
