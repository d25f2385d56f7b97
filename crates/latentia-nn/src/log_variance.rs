//! Log-variances as they are learned: bounded.

use latentia_tensor::math::tanh;
use latentia_tensor::update;

/// Bound of the log-variance: `σ²` stays within `e^±30`, so that neither it nor its square overflows.
pub(crate) const BOUND: f32 = 30.0;

/// The log-variance that stands for `s`.
#[inline(always)]
pub(crate) fn log_variance(s: f32) -> f32 {
    BOUND * tanh(s / BOUND)
}

/// `ds *= d ln σ² / ds`, from gradients with respect to `ln σ²` to those by `s`.
pub(crate) fn multiply_by_log_variance_gradient(ds: &mut [f32], s: &[f32]) {
    update(
        ds,
        s,
        #[inline(always)]
        |ds, s| {
            let t = tanh(s / BOUND);
            ds * (1.0 - t * t)
        },
    );
}
