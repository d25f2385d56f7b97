//! Peak signal-to-noise ratio.

/// Peak signal-to-noise ratio `10 log₁₀(peak² / mse)` in decibels, of a mean squared error in the unit of `peak`; infinite where
/// nothing differs.
pub fn psnr(mse: f64, peak: f64) -> f64 {
    -10.0 * (mse / (peak * peak)).log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_decibels_are_a_tenth_of_the_error() {
        for (mse, peak, expected) in [
            (1.0, 1.0, 0.0),
            (0.01, 1.0, 20.0),
            (650.25, 255.0, 20.0),
            (0.0, 255.0, f64::INFINITY),
        ] {
            let found = psnr(mse, peak);
            assert!(
                found == expected || (found - expected).abs() < 1e-12,
                "{found}"
            );
        }
    }
}
