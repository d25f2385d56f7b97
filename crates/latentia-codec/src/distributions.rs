//! Distributions whose shares are integers, computed alike on every machine: from additions, multiplications, divisions and
//! fused multiplications of IEEE numbers in a fixed order, and from nothing that a library of the system computes.

use std::sync::LazyLock;

use latentia_tensor::math::double::{exp, normal_cdf};
use latentia_tensor::math::gamma::ln_gamma;
use latentia_tensor::vectorized;

use crate::stack::{Distribution, Interval, TOTAL};

/// The symbol of `0..symbols` at which `cumulative` passes `quantile`, by halving.
#[inline(always)]
fn search(symbols: u32, quantile: u32, cumulative: impl Fn(u32) -> u32) -> u32 {
    let (mut low, mut high) = (0, symbols);
    while high - low > 1 {
        let middle = low.midpoint(high);
        match cumulative(middle) <= quantile {
            true => low = middle,
            false => high = middle,
        }
    }
    low
}

/// What lies below `symbol` of `symbols`, where `below` of the probability does: every symbol has a unit, and the rest is
/// shared out.
#[inline(always)]
fn share(symbol: u32, symbols: u32, below: f64) -> u32 {
    symbol + (f64::from(TOTAL - symbols) * below) as u32
}

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

/// Values of 0 to 255.
const VALUES: u32 = 256;

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

/// A beta-binomial distribution over the values 0 to 255; see [`mod@latentia_tensor::loss::beta_binomial`].
pub(crate) struct BetaBinomial {
    /// Counted from 255 down, where that end is the more probable one: a sum from it has few terms, and its first term is
    /// never too small for a number.
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

/// A number of the code is one of 2¹² that lie 1/256 apart, from -8 to 8: finer than posteriors are wide, and wider than any
/// number is that a standard normal prior gives a thought.
const BUCKETS: u32 = 1 << 12;

/// Buckets of a unit.
const A_UNIT: f64 = 256.0;

/// Where a bucket begins.
#[inline(always)]
fn edge(bucket: u32) -> f64 {
    (f64::from(bucket) - f64::from(BUCKETS / 2)) / A_UNIT
}

/// The buckets under the standard normal prior.
pub(crate) struct Prior;

/// Where the share of each bucket begins, and the end.
static PRIOR: LazyLock<Vec<u32>> = LazyLock::new(|| {
    // Every bucket has a share: any may be drawn.
    let begin = |bucket| match bucket {
        0 => 0,
        BUCKETS => TOTAL,
        _ => share(bucket, BUCKETS, normal_cdf(edge(bucket))),
    };
    (0..=BUCKETS).map(begin).collect()
});

impl Prior {
    /// The number that a bucket stands for: its middle.
    pub(crate) fn value(bucket: u32) -> f32 {
        (edge(bucket) + 0.5 / A_UNIT) as f32
    }
}

impl Distribution for Prior {
    fn interval(&self, bucket: u32) -> Interval {
        let at = bucket as usize;
        Interval::between(PRIOR[at], PRIOR[at + 1])
    }

    fn find(&self, quantile: u32) -> u32 {
        PRIOR.partition_point(|&left| left <= quantile) as u32 - 1
    }
}

/// The buckets under a normal distribution: the posterior that the encoder gives. Buckets far from the mean have no share:
/// were it the least one, they would be drawn now and then, and cost more than all else.
pub(crate) struct Normal {
    mean: f64,
    deviation: f64,
}

impl Normal {
    pub(crate) fn new(mean: f32, deviation: f32) -> Self {
        Self {
            mean: f64::from(mean),
            deviation: f64::from(deviation),
        }
    }

    /// The bucket that holds the mean, or is nearest.
    pub(crate) fn middle(&self) -> u32 {
        // Conversion holds what is too large or too small to the range, and takes no number for 0.
        let bucket = (self.mean * A_UNIT + f64::from(BUCKETS / 2)) as u32;
        bucket.min(BUCKETS - 1)
    }

    #[inline(always)]
    fn cumulative(&self, bucket: u32) -> u32 {
        match bucket {
            0 => 0,
            BUCKETS.. => TOTAL,
            _ => {
                let x = (edge(bucket) - self.mean) / self.deviation;
                (f64::from(TOTAL) * normal_cdf(x)) as u32
            }
        }
    }
}

impl Distribution for Normal {
    fn interval(&self, bucket: u32) -> Interval {
        vectorized(
            #[inline(always)]
            || Interval::between(self.cumulative(bucket), self.cumulative(bucket + 1)),
        )
    }

    fn find(&self, quantile: u32) -> u32 {
        vectorized(
            #[inline(always)]
            || {
                search(
                    BUCKETS,
                    quantile,
                    #[inline(always)]
                    |bucket| self.cumulative(bucket),
                )
            },
        )
    }
}

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stack::Stack;

    /// Shares of `0..symbols` follow each other, fill the whole, and are found again.
    fn check(distribution: &impl Distribution, symbols: u32) {
        let mut right = 0;
        for symbol in 0..symbols {
            let Interval { left, width } = distribution.interval(symbol);
            assert!(width > 0, "{symbol}");
            assert_eq!(left, right, "{symbol}");
            for quantile in [left, left + width / 2, left + width - 1] {
                assert_eq!(distribution.find(quantile), symbol);
            }
            right = left + width;
        }
        assert_eq!(right, TOTAL);
    }

    fn probability(distribution: &impl Distribution, symbol: u32) -> f64 {
        f64::from(distribution.interval(symbol).width) / f64::from(TOTAL)
    }

    /// As [`check`], where shares may be counted from the other end.
    fn check_mirrored(distribution: &BetaBinomial) {
        let mut sum = 0;
        for value in 0..VALUES {
            let Interval { left, width } = distribution.interval(value);
            assert!(width > 0);
            sum += width;
            for quantile in [left, left + width - 1] {
                assert_eq!(distribution.find(quantile), value);
            }
        }
        assert_eq!(sum, TOTAL);
    }

    #[test]
    fn every_symbol_has_a_share_and_is_found_by_it() {
        for p in [0.0, 1e-9, 0.3, 0.5, 1.0] {
            check(&Bernoulli::new(p), 2);
        }
        for (mean, inverse_scale) in [
            (0.0, 1.0),
            (-1e30, 5.0),
            (127.3, 8.0),
            (255.0, 1e-9),
            (300.0, 11.0),
        ] {
            check(&Logistic::new([mean, inverse_scale]), VALUES);
        }
        for mean in [-1e9f32, -3.0, 0.1, 2.5, 1e9] {
            for deviation in [3e-7, 0.01, 1.0, 3e6] {
                let normal = Normal::new(mean, deviation);
                for quantile in (0..TOTAL).step_by(9973).chain([TOTAL - 1]) {
                    let Interval { left, width } = normal.interval(normal.find(quantile));
                    assert!(
                        (left..left + width).contains(&quantile),
                        "{mean} {deviation}"
                    );
                }
            }
        }
        check(&Prior, BUCKETS);
        check(&Frequencies::new(&[0, 5, 0, 1 << 40, 3]), 5);
        check(&Frequencies::new(&[0]), 1);
        check(&Frequencies::new(&vec![7; 1 << 16]), 1 << 16);
        for ends in [6e-6, 0.3, 1.0, 40.0, 160_000.0] {
            for other in [6e-6, 0.3, 1.0, 40.0, 160_000.0] {
                check_mirrored(&BetaBinomial::new([ends, other]));
            }
        }
    }

    #[test]
    fn shares_are_the_probabilities_of_the_likelihoods() {
        use latentia_nn::LikelihoodSpec;
        use latentia_tensor::MatrixRef;
        use latentia_tensor::loss::{beta_binomial, discretised_logistic};
        let outputs = [
            [0.4f32, -3.0],
            [0.0, -6.0],
            [1.1, -1.0],
            [3.0, -2.0],
            [-2.0, 0.5],
            [9.0, 9.5],
        ];
        for [a, b] in outputs {
            for value in [0u32, 1, 17, 101, 128, 254, 255] {
                let target = [value as f32 / 255.0];
                let expected = |likelihood: LikelihoodSpec| {
                    let mut loss = [0.0];
                    let outputs = [a, b];
                    likelihood.losses(
                        MatrixRef::new(&outputs, 1, 2),
                        MatrixRef::new(&target, 1, 1),
                        &mut loss,
                    );
                    (-loss[0]).exp()
                };
                // The share that every value has beside: 2⁻²⁴.
                let logistic = Logistic::new(discretised_logistic::parameters(a, b));
                let (p, q) = (
                    probability(&logistic, value),
                    expected(LikelihoodSpec::DiscretisedLogistic),
                );
                assert!(
                    (p - q).abs() < 1e-4 * q + 3e-7,
                    "{a} {b} {value}: {p}, expected {q}"
                );
                let counts = BetaBinomial::new(beta_binomial::parameters(a, b));
                let (p, q) = (
                    probability(&counts, value),
                    expected(LikelihoodSpec::BetaBinomial),
                );
                assert!(
                    (p - q).abs() < 1e-4 * q + 3e-7,
                    "{a} {b} {value}: {p}, expected {q}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_pushed_is_popped_in_turn(values in prop::collection::vec(0u32..256, 0..200), mean in -20.0..300.0f64) {
            let logistic = Logistic::new([mean, 0.1]);
            let mut stack = Stack::new();
            for &value in &values {
                prop_assert!(stack.push(logistic.interval(value)));
            }
            let bytes = stack.into_bytes();
            let mut stack = Stack::from_bytes(&bytes).expect("as they were written");
            for &value in values.iter().rev() {
                prop_assert_eq!(stack.pop(&logistic), value);
            }
            prop_assert!(stack.is_empty());
        }

        #[test]
        fn a_symbol_that_is_popped_and_pushed_back_leaves_no_trace(bytes in prop::collection::vec(1u8..=255, 0..40), mean in -3.0..3.0f32) {
            let posterior = Normal::new(mean, 0.2);
            let mut stack = Stack::from_bytes(&bytes).expect("no zero at the end");
            let popped: Vec<u32> = (0..50).map(|_| stack.pop(&posterior)).collect();
            for &bucket in popped.iter().rev() {
                prop_assert!(stack.push(posterior.interval(bucket)));
            }
            prop_assert_eq!(stack.into_bytes(), bytes);
        }
    }
}
