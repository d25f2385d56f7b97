//! Black or white.

use crate::stack::{Distribution, Interval, TOTAL};

/// 0 or 1.
pub(crate) struct Bernoulli {
    /// Share of 0.
    zero: u32,
}

impl Bernoulli {
    /// 1 with probability `p`.
    pub(crate) fn new(p: f32) -> Self {
        let one = 1 + (f64::from(p) * f64::from(TOTAL - 2)) as u32;
        Self { zero: TOTAL - one }
    }
}

impl Distribution for Bernoulli {
    #[inline]
    fn interval(&self, symbol: u32) -> Interval {
        match symbol {
            0 => Interval::between(0, self.zero),
            _ => Interval::between(self.zero, TOTAL),
        }
    }

    #[inline]
    fn find(&self, quantile: u32) -> u32 {
        u32::from(quantile >= self.zero)
    }
}
