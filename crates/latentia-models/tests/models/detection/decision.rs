//! Which scores are flagged, against slow definitions.

use latentia_models::{Calibration, CalibrationSource, Decision, Rule};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::message;

fn calibration(scores: Vec<f64>) -> Calibration {
    Calibration::new(scores, CalibrationSource::HeldOut)
}

fn decide(calibration: &Calibration, scores: &[f64], rule: Rule) -> Decision {
    let decision = calibration
        .decide(scores, rule)
        .expect("a rule's own share");
    let flags: Vec<bool> = scores
        .iter()
        .map(|&score| score >= decision.threshold)
        .collect();
    assert_eq!(decision.flags, flags, "{rule:?}: the threshold says it");
    decision
}

fn tied(counts: std::ops::Range<usize>) -> impl Strategy<Value = Vec<f64>> {
    vec((-6i32..6).prop_map(|x| f64::from(x) / 4.0), counts)
}

/// Benjamini and Hochberg (1995): of the p-values in ascending order, reject all up to the last `k` with `p_k ≤ k q / m`.
fn benjamini_hochberg(p: &[f64], q: f64) -> Vec<bool> {
    let mut sorted = p.to_vec();
    sorted.sort_by(f64::total_cmp);
    let mut rejected = 0.0;
    for (i, &p) in sorted.iter().enumerate() {
        if p <= q * (i as f64 + 1.0) / sorted.len() as f64 {
            rejected = p;
        }
    }
    p.iter().map(|&p| p <= rejected).collect()
}

proptest! {
    #[test]
    fn false_alarms_are_p_values_of_at_most_the_rate(own in tied(0..60), scores in tied(0..30), rate in 0.001f64..0.999) {
        let calibration = calibration(own.clone());
        let decision = decide(&calibration, &scores, Rule::FalseAlarm(rate));
        let too_few = rate < calibration.least_p_value();
        prop_assert_eq!(decision.too_few, too_few.then(|| calibration.least_p_value()));
        let highest = own.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        for (score, flag) in scores.iter().zip(&decision.flags) {
            let expected = match too_few {
                true => !own.is_empty() && *score > highest,
                false => calibration.p_value(*score) <= rate,
            };
            prop_assert_eq!(*flag, expected, "{} at a rate of {}", score, rate);
        }
    }

    #[test]
    fn false_discoveries_are_those_that_the_textbook_rejects(own in vec(0u32..300, 0..80), scores in vec(0u32..400, 0..40), rate in 0.01f64..0.99) {
        let wide = |scores: Vec<u32>| scores.into_iter().map(f64::from).collect::<Vec<_>>();
        let (calibration, scores) = (calibration(wide(own)), wide(scores));
        let p: Vec<f64> = scores.iter().map(|&score| calibration.p_value(score)).collect();
        let decision = decide(&calibration, &scores, Rule::FalseDiscovery(rate));
        prop_assert_eq!(decision.flags, benjamini_hochberg(&p, rate));
    }

    #[test]
    fn a_contamination_flags_the_highest_and_of_equal_scores_all_or_none(scores in tied(1..40), share in 0.001f64..0.999) {
        let calibration = Calibration::default();
        let decision = decide(&calibration, &scores, Rule::Contamination(share));
        let asked = (share * scores.len() as f64).round() as usize;
        let flagged = decision.flags.iter().filter(|&&flag| flag).count();
        prop_assert!(flagged <= asked);
        prop_assert_eq!(decision.too_few, None);
        // All that are higher than the next one are flagged: no more could be without going over the share.
        let mut sorted = scores.clone();
        sorted.sort_by(|a, b| b.total_cmp(a));
        if let Some(next) = sorted.get(asked) {
            prop_assert_eq!(flagged, scores.iter().filter(|score| *score > next).count());
        } else {
            prop_assert_eq!(flagged, scores.len());
        }
    }

    #[test]
    fn a_threshold_flags_from_itself_on(scores in tied(0..40), threshold in -8i32..8) {
        let threshold = f64::from(threshold) / 4.0;
        let decision = decide(&Calibration::default(), &scores, Rule::Threshold(threshold));
        prop_assert_eq!((decision.threshold, decision.too_few), (threshold, None));
        let flags: Vec<bool> = scores.iter().map(|&score| score >= threshold).collect();
        prop_assert_eq!(decision.flags, flags);
    }
}

#[test]
fn a_contamination_of_different_scores_is_met_to_a_row() {
    let scores: Vec<f64> = (0..1_000).map(|i| f64::from(i * 37 % 1_000)).collect();
    for (share, count) in [
        (0.0004, 0),
        (0.001, 1),
        (0.05, 50),
        (0.0555, 56),
        (0.999, 999),
        (0.9996, 1_000),
    ] {
        let decision = decide(&Calibration::default(), &scores, Rule::Contamination(share));
        let flagged: Vec<f64> = scores
            .iter()
            .zip(&decision.flags)
            .filter(|(_, flag)| **flag)
            .map(|(x, _)| *x)
            .collect();
        assert_eq!(flagged.len(), count, "{share}");
        assert!(
            flagged
                .iter()
                .all(|&x| x >= f64::from(1_000 - count as u32)),
            "{share}"
        );
    }
}

#[test]
fn where_too_few_rows_calibrate_only_what_is_beyond_all_is_flagged_and_it_is_said() {
    let few = calibration((0..9).map(f64::from).collect());
    let decision = decide(&few, &[7.9, 8.0, 8.1], Rule::FalseAlarm(0.01));
    assert_eq!(
        (decision.flags, decision.too_few),
        (vec![false, false, true], Some(0.1))
    );
    // A tenth is just possible.
    let decision = decide(&few, &[7.9, 8.0, 8.1], Rule::FalseAlarm(0.1));
    assert_eq!(
        (decision.flags, decision.too_few),
        (vec![false, false, true], None)
    );
}

#[test]
fn without_scores_that_calibrate_nothing_is_flagged_by_a_rate() {
    let none = Calibration::default();
    let scores = [f64::MIN, 0.0, f64::MAX];
    let decision = decide(&none, &scores, Rule::FalseAlarm(0.5));
    assert_eq!(
        (decision.flags, decision.too_few),
        (vec![false; 3], Some(1.0))
    );
    assert_eq!(
        decide(&none, &scores, Rule::FalseDiscovery(0.5)).flags,
        [false; 3]
    );
    // What asks for no calibration works without.
    assert_eq!(
        decide(&none, &scores, Rule::Contamination(0.34)).flags,
        [false, false, true]
    );
    assert_eq!(
        decide(&none, &scores, Rule::Threshold(0.0)).flags,
        [false, true, true]
    );
    assert!(
        decide(&none, &[], Rule::Contamination(0.5))
            .flags
            .is_empty()
    );
}

#[test]
fn shares_that_are_none_are_refused_by_name() {
    let refused = |rule: Rule| {
        let error = message(Calibration::default().decide(&[1.0], rule));
        assert_eq!(error, message(rule.check()));
        error
    };
    for (make, name) in [
        (Rule::FalseAlarm as fn(f64) -> Rule, "false-alarm"),
        (Rule::Contamination, "contamination"),
        (Rule::FalseDiscovery, "fdr"),
    ] {
        for share in [0.0, 1.0, -0.1, 1.5, f64::NAN, f64::INFINITY] {
            let error = refused(make(share));
            for part in [name, &share.to_string(), "greater than 0 and less than 1"] {
                assert!(error.contains(part), "{error}: no {part}");
            }
        }
    }
    for threshold in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = refused(Rule::Threshold(threshold));
        assert!(
            error.contains("`threshold`") || error.contains("threshold"),
            "{error}"
        );
        assert!(error.contains("a finite number"), "{error}");
    }
}

#[test]
fn too_few_scores_for_a_false_discovery_rate_are_told_of() {
    let calibration = Calibration::new(vec![1.0, 2.0, 3.0, 4.0, 5.0], CalibrationSource::HeldOut);
    let decision = decide(&calibration, &[9.0, 1.5, 2.5], Rule::FalseDiscovery(0.1));
    assert_eq!(decision.flags, [false; 3]);
    assert_eq!(decision.too_few, Some(1.0 / 6.0));
    // Nothing is as high as all that calibrate: more of those would change nothing.
    let decision = decide(&calibration, &[1.5, 2.5], Rule::FalseDiscovery(0.1));
    assert_eq!(decision.too_few, None);
}
