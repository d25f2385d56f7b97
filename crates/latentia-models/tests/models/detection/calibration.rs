//! What scores are held against: p-values, thresholds and drift against their definitions.

use latentia_models::{Calibration, CalibrationSource, Rule};
use latentia_testing::numbers;
use proptest::collection::vec;
use proptest::prelude::*;

fn calibration(scores: &[f64]) -> Calibration {
    Calibration::new(scores.to_vec(), CalibrationSource::HeldOut)
}

/// Scores of which many are the same.
fn tied(most: usize) -> impl Strategy<Value = Vec<f64>> {
    vec((-6i32..6).prop_map(|x| f64::from(x) / 4.0), 0..most)
}

proptest! {
    #[test]
    fn a_p_value_is_one_more_than_those_as_high_of_one_more_than_all(own in tied(40), score in -8i32..8) {
        let (calibration, score) = (calibration(&own), f64::from(score) / 4.0);
        let as_high = own.iter().filter(|&&x| x >= score).count() as f64;
        let lower = own.iter().filter(|&&x| x < score).count() as f64;
        let n = own.len() as f64;
        prop_assert_eq!(calibration.p_value(score), (1.0 + as_high) / (n + 1.0));
        prop_assert_eq!(calibration.least_p_value(), calibration.p_value(f64::MAX));
        prop_assert_eq!(calibration.share_below(score), if own.is_empty() { 0.0 } else { lower / n });
    }

    #[test]
    fn a_threshold_flags_what_has_a_p_value_of_at_most_the_rate(own in tied(40), scores in tied(20), rate in 0.001f64..0.999) {
        let calibration = calibration(&own);
        let Some(threshold) = calibration.threshold(rate) else {
            prop_assert!(own.is_empty() || rate < calibration.least_p_value());
            return Ok(());
        };
        for score in scores {
            let p = calibration.p_value(score);
            prop_assert_eq!(score > threshold, p <= rate, "{} has a p-value of {}", score, p);
        }
    }

    #[test]
    fn of_scores_like_those_that_calibrate_at_most_the_rate_is_flagged(own in vec(-1.0f64..1.0, 2..60), rate in 0.05f64..0.9) {
        // Each in turn is new to the others: of all of them, at most the rate is flagged, whatever they are.
        let flagged = (0..own.len()).filter(|&left_out| {
            let mut others = own.clone();
            let score = others.swap_remove(left_out);
            calibration(&others).p_value(score) <= rate
        });
        prop_assert!(flagged.count() as f64 <= rate * own.len() as f64 + 1e-9);
    }
}

#[test]
fn a_rate_that_is_a_whole_number_of_scores_is_met() {
    // 0.01 · 300 is 3.0000000000000004 or less by a bit: neither counts.
    for n in [99, 199, 299, 999] {
        let own: Vec<f64> = (0..n).map(f64::from).collect();
        let calibration = calibration(&own);
        let flagged = |rate: f64| {
            let threshold = calibration.threshold(rate).expect("enough scores");
            own.iter().filter(|&&x| x > threshold).count()
        };
        let hundredth = (n + 1) as usize / 100;
        assert_eq!(
            [flagged(0.01), flagged(0.05)],
            [hundredth - 1, 5 * hundredth - 1],
            "{n}"
        );
    }
}

#[test]
fn scores_are_kept_in_order_and_without_those_that_are_not_finite() {
    let own = [3.0, f64::NAN, -1.0, f64::INFINITY, 2.0, -f64::INFINITY];
    let calibration = Calibration::new(own.to_vec(), CalibrationSource::CrossFitted);
    assert_eq!(calibration.scores(), [-1.0, 2.0, 3.0]);
    assert_eq!(calibration.source(), CalibrationSource::CrossFitted);
    assert_eq!(Calibration::default().source(), CalibrationSource::Training);
}

#[test]
fn without_scores_nothing_is_known() {
    let none = Calibration::default();
    assert_eq!((none.p_value(-1e300), none.p_value(1e300)), (1.0, 1.0));
    assert_eq!((none.least_p_value(), none.share_below(0.0)), (1.0, 0.0));
    assert_eq!(none.threshold(0.5), None);
    assert_eq!(none.drift(&[1.0]), None);
    assert_eq!(calibration(&[1.0]).drift(&[]), None);
}

#[test]
fn drift_has_the_p_values_of_the_normal_distribution() {
    // 10,000 scores calibrate, of 10,000 new ones so many are above their median: z = (k - 5000 - ½) / √5000.
    let own: Vec<f64> = (0..10_000).map(f64::from).collect();
    let calibration = calibration(&own);
    for (above, p) in [
        // scipy.stats.norm.sf((k - 5000.5) / 5000 ** 0.5)
        (5_000, 0.5028209244100158),
        (5_001, 0.4971790755899842),
        (5_050, 0.24195250072074792),
        (5_117, 0.049721620368491544),
        (5_141, 0.023462857671117696),
        (5_142, 0.022690150442192646),
        (5_200, 0.002391054653262581),
        (5_500, 8.089026836594049e-13),
        (6_000, 1.1546106889946686e-45),
        (4_900, 0.9223829850442761),
        (4_700, 0.9999892977111351),
    ] {
        let new: Vec<f64> = (0..10_000)
            .map(|i| if i < above { 1e6 } else { -1.0 })
            .collect();
        let drift = calibration.drift(&new).expect("scores on both sides");
        assert_eq!(drift.share_above_median, f64::from(above) / 10_000.0);
        let error = (drift.p_value - p).abs() / p;
        assert!(error < 1e-7, "{above}: {}, expected {p}", drift.p_value);
    }
}

#[test]
fn drift_is_seen_where_there_is_one_and_not_where_there_is_none() {
    let scores = |seed, n, shift: f64| -> Vec<f64> {
        numbers(seed, n)
            .iter()
            .map(|&x| f64::from(x) + shift)
            .collect()
    };
    let calibration = calibration(&scores(1, 500, 0.0));
    let p = |seed, shift| {
        calibration
            .drift(&scores(seed, 300, shift))
            .expect("scores")
            .p_value
    };
    let alarms = (2..202).filter(|&seed| p(seed, 0.0) <= 0.05).count();
    // Of 200, 10 on average, and fewer by the correction for whole examples; all are held against the same 500.
    assert!(alarms <= 20, "{alarms} of 200");
    assert!((2..50).all(|seed| p(seed, 0.4) < 1e-3));
    assert!(
        (2..50).all(|seed| p(seed, -0.4) > 0.99),
        "lower scores are no alarm"
    );
}

#[test]
fn scores_that_are_the_median_count_half() {
    let calibration = calibration(&[1.0, 2.0, 3.0]);
    let share = |scores: &[f64]| {
        calibration
            .drift(scores)
            .expect("scores")
            .share_above_median
    };
    assert_eq!(share(&[2.0, 2.0]), 0.5);
    assert_eq!(share(&[2.0, 5.0, 1.0, 5.0]), 0.625);
}

#[test]
fn more_flags_come_with_a_higher_rate_and_never_fewer() {
    let own: Vec<f64> = numbers(3, 150).iter().map(|&x| x.into()).collect();
    let scores: Vec<f64> = numbers(4, 400)
        .iter()
        .map(|&x| 1.2 * f64::from(x))
        .collect();
    let calibration = calibration(&own);
    let flagged = |rate| {
        let decision = calibration
            .decide(&scores, Rule::FalseAlarm(rate))
            .expect("a rate");
        decision.flags.iter().filter(|&&flag| flag).count()
    };
    let counts: Vec<usize> = (1..100)
        .map(|percent| flagged(f64::from(percent) / 100.0))
        .collect();
    assert!(counts.is_sorted(), "{counts:?}");
    assert!(counts[98] > counts[0]);
}
