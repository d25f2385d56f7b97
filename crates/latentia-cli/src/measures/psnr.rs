//! The peak signal-to-noise ratio.

/// The peak signal-to-noise ratio in dB, `10 log10(peak² / mse)`: of values up to `peak` with a mean squared error of `mse`;
/// infinite where nothing was lost.
pub fn psnr(mse: f64, peak: f64) -> f64 {
    10.0 * (peak * peak / mse).log10()
}
