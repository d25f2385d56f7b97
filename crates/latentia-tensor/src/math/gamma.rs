//! Logarithm of the gamma function, and its derivative.

use super::double::{ln, polynomial};

/// How far the argument is moved to where Stirling's series is good.
const SHIFT: usize = 5;

/// `½ ln 2π`
const HALF_LN_TWO_PI: f64 = 0.918_938_533_204_672_7;

/// `ln Γ(x)` and `ψ(x) = d ln Γ(x) / dx` of one `x > 0`, before the last logarithm is taken: where several are added, their
/// products need one logarithm together.
///
/// Stirling's series at `y = x + 5`, five terms, within `1e-10`, and `Γ(x) = Γ(y) / (x (x + 1) … (x + 4))`. Abramowitz and
/// Stegun, Handbook of Mathematical Functions, 6.1.41 and 6.3.18.
#[derive(Clone, Copy, Debug)]
pub struct Stirling {
    /// `ln Γ(y)`
    pub shifted: f64,
    /// `x (x + 1) … (x + 4)`, so that `ln Γ(x) = shifted - ln product`
    pub product: f64,
    /// `ψ(x)`
    pub digamma: f64,
}

impl Stirling {
    /// The parts of `ln Γ(x)`, for `x` from `1e-60` to `1e60`.
    #[inline(always)]
    pub fn new(x: f64) -> Self {
        let (mut product, mut derivative) = (x, 1.0);
        let mut i = 1;
        while i < SHIFT {
            let factor = x + i as f64;
            derivative = factor.mul_add(derivative, product);
            product *= factor;
            i += 1;
        }
        let y = x + SHIFT as f64;
        let logarithm = ln(y);
        let inverse = 1.0 / y;
        let z = inverse * inverse;
        let series = polynomial(
            z,
            [
                1.0 / 12.0,
                -1.0 / 360.0,
                1.0 / 1260.0,
                -1.0 / 1680.0,
                1.0 / 1188.0,
            ],
        );
        let derivative_series = polynomial(
            z,
            [
                1.0 / 12.0,
                -1.0 / 120.0,
                1.0 / 252.0,
                -1.0 / 240.0,
                1.0 / 132.0,
            ],
        );
        let shifted = (y - 0.5).mul_add(logarithm, inverse.mul_add(series, HALF_LN_TWO_PI - y));
        let digamma = logarithm - 0.5 * inverse - z * derivative_series - derivative / product;
        Self {
            shifted,
            product,
            digamma,
        }
    }
}

/// `ln Γ(x)`, for `x` from `1e-60` to `1e60`.
#[inline(always)]
pub fn ln_gamma(x: f64) -> f64 {
    let parts = Stirling::new(x);
    parts.shifted - ln(parts.product)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_match_sums_of_logarithms() {
        // ln Γ(n + 1) = Σ ln i, ψ(n + 1) = Σ 1/i - γ
        let (mut sum, mut harmonic) = (0.0, 0.0);
        for n in 0..2000 {
            if n > 0 {
                sum += f64::from(n).ln();
                harmonic += 1.0 / f64::from(n);
            }
            let x = f64::from(n) + 1.0;
            assert!((ln_gamma(x) - sum).abs() < 2e-10 + 1e-14 * sum, "{x}");
            let digamma = Stirling::new(x).digamma;
            assert!((digamma - (harmonic - 0.577_215_664_901_532_9)).abs() < 2e-10);
        }
        // Γ(½) = √π, ψ(½) = -γ - 2 ln 2
        assert!((ln_gamma(0.5) - 0.5 * std::f64::consts::PI.ln()).abs() < 2e-10);
        assert!((Stirling::new(0.5).digamma + 1.963_510_026_021_423_5).abs() < 2e-10);
    }

    #[test]
    fn recurrences_hold_near_zero_and_far_out() {
        for x in [1e-7, 1e-3, 0.3, 1.7, 40.0, 3e5] {
            let (a, b) = (Stirling::new(x), Stirling::new(x + 1.0));
            let step = ln_gamma(x + 1.0) - ln_gamma(x);
            assert!((step - x.ln()).abs() < 1e-9, "{x}: {step}");
            let step = b.digamma - a.digamma;
            assert!((step * x - 1.0).abs() < 1e-9 * x.max(1.0), "{x}: {step}");
        }
    }
}
