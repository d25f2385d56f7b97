//! Values of 0 to 255 under a discretised logistic likelihood.

use latentia_tensor::math::double::exp;
use latentia_tensor::vectorized;

use super::share::{VALUES, search, share};
use crate::stack::{Distribution, Interval, TOTAL};

/// A logistic distribution over the values 0 to 255; see [`mod@latentia_tensor::loss::discretised_logistic`].
pub(crate) struct Logistic {
    mean: f64,
    inverse_scale: f64,
}

impl Logistic {
    pub(crate) fn new([mean, inverse_scale]: [f64; 2]) -> Self {
        Self {
            mean,
            inverse_scale,
        }
    }

    #[inline(always)]
    fn cumulative(&self, value: u32) -> u32 {
        match value {
            0 => 0,
            VALUES.. => TOTAL,
            _ => {
                let x = (f64::from(value) - 0.5 - self.mean) * self.inverse_scale;
                share(value, VALUES, 1.0 / (1.0 + exp(-x)))
            }
        }
    }
}

impl Distribution for Logistic {
    fn interval(&self, value: u32) -> Interval {
        vectorized(
            #[inline(always)]
            || Interval::between(self.cumulative(value), self.cumulative(value + 1)),
        )
    }

    fn find(&self, quantile: u32) -> u32 {
        vectorized(
            #[inline(always)]
            || {
                search(
                    VALUES,
                    quantile,
                    #[inline(always)]
                    |value| self.cumulative(value),
                )
            },
        )
    }
}
