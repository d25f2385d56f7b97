//! Shares of every distribution.

use proptest::prelude::*;

use super::normal::BUCKETS;
use super::share::VALUES;
use super::*;
use crate::stack::{Distribution, Interval, Stack, TOTAL};

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
