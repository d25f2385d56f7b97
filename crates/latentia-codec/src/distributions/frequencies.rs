//! Symbols that were counted.

use crate::stack::{Distribution, Interval, TOTAL};

/// Symbols with shares from a table.
#[derive(Clone, Debug)]
pub(crate) struct Frequencies {
    /// Where each symbol's share begins, and [`TOTAL`].
    cumulative: Vec<u32>,
}

impl Frequencies {
    /// Shares that go by `weights`; every symbol has one, whatever its weight.
    pub(crate) fn new(weights: &[u64]) -> Self {
        let all = weights.iter().map(|&w| u128::from(w)).sum::<u128>().max(1);
        let shared = u128::from(TOTAL) - weights.len() as u128;
        let mut shares: Vec<u32> = weights
            .iter()
            .map(|&weight| 1 + (shared * u128::from(weight) / all) as u32)
            .collect();
        let given: u32 = shares.iter().sum();
        let most = weights
            .iter()
            .zip(0usize..)
            .max_by_key(|(w, at)| (**w, usize::MAX - at));
        if let Some((_, at)) = most {
            shares[at] += TOTAL - given;
        }
        let mut cumulative = vec![0];
        let mut sum = 0;
        for share in shares {
            sum += share;
            cumulative.push(sum);
        }
        Self { cumulative }
    }
}

impl Distribution for Frequencies {
    fn interval(&self, symbol: u32) -> Interval {
        let at = symbol as usize;
        Interval::between(self.cumulative[at], self.cumulative[at + 1])
    }

    fn find(&self, quantile: u32) -> u32 {
        self.cumulative.partition_point(|&left| left <= quantile) as u32 - 1
    }
}
