//! Values of 0 to 255 under a beta-binomial likelihood.

use latentia_tensor::math::double::exp;
use latentia_tensor::math::gamma::ln_gamma;
use latentia_tensor::vectorized;

use super::share::{VALUES, share};
use crate::stack::{Distribution, Interval, TOTAL};

/// A beta-binomial distribution over the values 0 to 255; see [`mod@latentia_tensor::loss::beta_binomial`].
pub(crate) struct BetaBinomial {
    /// Counted from 255 down, where that end is the more probable one: a sum from it has few terms, and its first term is
    /// never too small for an f64.
    mirrored: bool,
    alpha: f64,
    beta: f64,
    first: f64,
}

impl BetaBinomial {
    pub(crate) fn new([alpha, beta]: [f64; 2]) -> Self {
        let mirrored = alpha > beta;
        let (alpha, beta) = match mirrored {
            true => (beta, alpha),
            false => (alpha, beta),
        };
        let first = vectorized(
            #[inline(always)]
            || {
                // P(0) = B(α, β + 255) / B(α, β)
                let whole = alpha + beta;
                let logarithm = (ln_gamma(beta + 255.0) - ln_gamma(beta))
                    + (ln_gamma(whole) - ln_gamma(whole + 255.0));
                exp(logarithm)
            },
        );
        Self {
            mirrored,
            alpha,
            beta,
            first,
        }
    }

    fn mirror(&self, value: u32) -> u32 {
        match self.mirrored {
            true => VALUES - 1 - value.min(VALUES - 1),
            false => value.min(VALUES - 1),
        }
    }

    /// Adds up probabilities from the first end until `ends(value, right end of its share)`: that value, and its share.
    fn add_up(&self, ends: impl Fn(u32, u32) -> bool) -> (u32, Interval) {
        let (mut p, mut sum, mut left) = (self.first, 0.0, 0);
        let mut value = 0;
        loop {
            sum += p;
            let right = match value {
                255 => TOTAL,
                _ => share(value + 1, VALUES, if sum < 1.0 { sum } else { 1.0 }),
            };
            if value == 255 || ends(value, right) {
                return (value, Interval::between(left, right));
            }
            // P(v + 1) / P(v)
            let v = f64::from(value);
            p *= (255.0 - v) * (v + self.alpha) / ((v + 1.0) * (254.0 - v + self.beta));
            left = right;
            value += 1;
        }
    }
}

impl Distribution for BetaBinomial {
    fn interval(&self, value: u32) -> Interval {
        let wanted = self.mirror(value);
        self.add_up(|value, _| value == wanted).1
    }

    fn find(&self, quantile: u32) -> u32 {
        self.mirror(self.add_up(|_, right| right > quantile).0)
    }
}
