//! KL divergence of a diagonal Gaussian from the standard normal.

use std::ops::Range;

use latentia_tensor::math::{exp, tanh};
use latentia_tensor::vectorized;

use crate::log_variance::{BOUND, log_variance};

/// `KL` from the prior in each dimension.
pub(super) fn kl_of_dimensions(mu: &[f32], s: &[f32], kl: &mut [f32]) {
    vectorized(
        #[inline(always)]
        || {
            for ((kl, &mu), &s) in kl.iter_mut().zip(mu).zip(s) {
                let ln = log_variance(s);
                // e^ln - 1 - ln is never negative; rounding may make it so near 0.
                let excess = exp(ln) - 1.0 - ln;
                *kl = 0.5 * (mu * mu + if excess < 0.0 { 0.0 } else { excess });
            }
        },
    );
}

/// Adds to a row of gradients with respect to `μ` and `s` those of the `KL` in dimensions `dimensions`, times `factors`.
pub(crate) fn add_kl_gradients(
    x: &[f32],
    factors: &[f32],
    dimensions: Range<usize>,
    dx: &mut [f32],
) {
    let (mu, s) = x.split_at(x.len() / 2);
    let (dmu, ds) = dx.split_at_mut(mu.len());
    let parameters = mu[dimensions.clone()].iter().zip(&s[dimensions.clone()]);
    let gradients = dmu[dimensions.clone()].iter_mut().zip(&mut ds[dimensions]);
    let all = gradients.zip(parameters).zip(factors);
    vectorized(
        #[inline(always)]
        || {
            for (((dmu, ds), (&mu, &s)), &factor) in all {
                let t = tanh(s / BOUND);
                *dmu += factor * mu;
                *ds += 0.5 * factor * (exp(BOUND * t) - 1.0) * (1.0 - t * t);
            }
        },
    );
}
