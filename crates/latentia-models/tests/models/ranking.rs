//! Scores against known anomalies.

use latentia_models::{Estimate, RankingMetrics, RankingOptions};
use latentia_testing::numbers;

/// As many scores of each class as is said, of about `levels` distinct ones, those of anomalies higher by `shift` on average.
fn scores(seed: u64, counts: [usize; 2], levels: f64, shift: f64) -> (Vec<f64>, Vec<bool>) {
    let examples: usize = counts.iter().sum();
    // Anomalies stand anywhere; of the sum of four uniform numbers the deviation is 2/√3.
    let (places, noise) = (numbers(seed, examples), numbers(seed + 1, 4 * examples));
    let mut order: Vec<usize> = (0..examples).collect();
    order.sort_by(|&a, &b| places[a].total_cmp(&places[b]));
    let mut anomalous = vec![false; examples];
    order[..counts[1]].iter().for_each(|&i| anomalous[i] = true);
    let score = |(noise, &anomalous): (&[f32], &bool)| {
        let score =
            noise.iter().copied().map(f64::from).sum::<f64>() + shift * f64::from(anomalous);
        (score / 8.0 * levels).round()
    };
    let scores = noise.chunks(4).zip(&anomalous).map(score).collect();
    (scores, anomalous)
}

fn measure(scores: &[f64], anomalous: &[bool], options: &RankingOptions) -> RankingMetrics {
    RankingMetrics::measure(scores, anomalous, options).expect("scores of both classes")
}

fn only(k: Option<usize>, threshold: Option<f64>) -> RankingOptions {
    RankingOptions {
        k,
        threshold,
        resamples: 0,
        seed: 0,
    }
}

fn assert_near(what: &str, obtained: f64, expected: f64) {
    let difference = (obtained - expected).abs();
    assert!(
        difference <= 1e-12,
        "{what}: {obtained}, expected {expected}"
    );
}

/// All measures by their definitions, in a time of `O(n²)`.
fn check(scores: &[f64], anomalous: &[bool], k: usize, threshold: f64) {
    let metrics = measure(scores, anomalous, &only(Some(k), Some(threshold)));
    let of = |class: bool| -> Vec<f64> {
        let both = scores.iter().zip(anomalous);
        both.filter(|(_, anomalous)| **anomalous == class)
            .map(|(score, _)| *score)
            .collect()
    };
    let (normal, anomalies) = (of(false), of(true));
    let count = |scores: &[f64], of: &dyn Fn(f64) -> bool| {
        scores.iter().filter(|score| of(**score)).count() as f64
    };
    let mean = |of: &dyn Fn(f64) -> f64| {
        anomalies.iter().map(|&score| of(score)).sum::<f64>() / anomalies.len() as f64
    };
    let auroc = mean(&|own| {
        let (below, tied) = (count(&normal, &|x| x < own), count(&normal, &|x| x == own));
        (below + tied / 2.0) / normal.len() as f64
    });
    // Each anomaly is a step of the recall of one in so many, at the precision of all that score at least as high.
    let average_precision =
        mean(&|own| count(&anomalies, &|x| x >= own) / count(scores, &|x| x >= own));
    // The probability of each anomaly to be among the first k, where equal scores stand in any order.
    let among_k = mean(&|own| {
        let (above, tied) = (count(scores, &|x| x > own), count(scores, &|x| x == own));
        ((k as f64 - above) / tied).clamp(0.0, 1.0)
    });
    assert_near("AUROC", metrics.auroc.value, auroc);
    let average = metrics.average_precision.value;
    assert_near("average precision", average, average_precision);
    let expected = among_k * anomalies.len() as f64 / k as f64;
    assert_near("precision at k", metrics.precision_at_k.value, expected);

    let at = metrics.at_threshold.expect("a threshold");
    let [false_alarms, found] =
        [&normal, &anomalies].map(|scores| count(scores, &|x| x >= threshold));
    assert_eq!(at.flagged as f64, false_alarms + found);
    assert_near("recall", at.recall.value, found / anomalies.len() as f64);
    let rate = false_alarms / normal.len() as f64;
    assert_near("false alarm rate", at.false_alarm_rate.value, rate);
    let precision = at.precision.map(|precision| precision.value);
    let flags = found + false_alarms;
    assert_eq!(precision, (flags > 0.0).then(|| found / flags));
}

#[test]
fn measures_are_those_of_pairs_and_definitions() {
    for (seed, counts) in [[1, 1], [1, 40], [40, 1], [5, 3], [30, 30], [300, 17]]
        .into_iter()
        .enumerate()
    {
        for levels in [1.0, 4.0, 30.0, 1e6] {
            for shift in [-2.0, 0.0, 1.0, 20.0] {
                let (scores, anomalous) = scores(10 * seed as u64, counts, levels, shift);
                let examples = scores.len();
                for (k, at) in [(1, 0), (counts[1], examples / 2), (examples, examples - 1)] {
                    check(&scores, &anomalous, k, scores[at]);
                    check(&scores, &anomalous, k.div_ceil(2), scores[at] + 0.25);
                }
                check(&scores, &anomalous, 2, -1e300);
                check(&scores, &anomalous, 2, 1e300);
            }
        }
    }
}

#[test]
fn ties_are_those_of_scikit_learn() {
    // roc_auc_score and average_precision_score of 1.9.1
    let scores = [3.0, 1.0, 2.0, 2.0, 2.0, 0.5, -1.0, 4.0, 4.0, 2.0, -1.0, 7.0];
    let anomalous = [1, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0].map(|flag| flag == 1);
    let metrics = measure(&scores, &anomalous, &only(None, None));
    assert_eq!(metrics.auroc.value, 0.546875);
    let average = metrics.average_precision.value;
    assert_near("average precision", average, 0.385_416_666_666_666_63);
    // By hand: of the first four, 7, 4, 4 and 3, two are anomalies.
    assert_eq!((metrics.k, metrics.precision_at_k.value), (4, 0.5));
    assert_eq!((metrics.examples, metrics.anomalies), (12, 4));
    assert_eq!(metrics.average_precision_baseline, 1.0 / 3.0);
    assert_eq!(metrics.at_threshold, None);
    assert_eq!(metrics.auroc.interval, None);

    let zeros = measure(&[0.0, -0.0], &[true, false], &only(None, None));
    assert_eq!(zeros.auroc.value, 0.5, "the zeros are equal");
}

fn bounds(estimate: Estimate) -> [f64; 2] {
    estimate.interval.expect("bootstrap samples")
}

#[test]
fn rates_have_the_intervals_of_binomials() {
    // 40 of 50 anomalies and 20 of 200 normal examples are flagged.
    let anomalous: Vec<bool> = (0..250).map(|i| i < 50).collect();
    let scores: Vec<f64> = (0..250)
        .map(|i| f64::from(!(40..230).contains(&i)) + f64::from(i) / 1e3)
        .collect();
    let options = RankingOptions {
        threshold: Some(0.9),
        resamples: 4000,
        ..RankingOptions::default()
    };
    let at = measure(&scores, &anomalous, &options).at_threshold;
    let at = at.expect("a threshold");
    // scipy.stats.binom(50, 0.8) and (200, 0.1) at 0.025 and 0.975: 34, 45 and 12, 29. One more or less is chance.
    for (estimate, of, expected) in [
        (at.recall, 50.0, [34.0, 45.0]),
        (at.false_alarm_rate, 200.0, [12.0, 29.0]),
    ] {
        for (bound, expected) in bounds(estimate).into_iter().zip(expected) {
            assert!((bound * of - expected).abs() < 1.01, "{estimate:?}");
        }
    }
    let [low, high] = bounds(at.precision.expect("some are flagged"));
    assert!(low < 40.0 / 60.0 && high > 40.0 / 60.0 && high - low < 0.25);
}

#[test]
fn intervals_hold_the_value_and_narrow_as_examples_grow() {
    let options = RankingOptions {
        threshold: Some(300.0),
        ..RankingOptions::default()
    };
    let mut widths = Vec::new();
    for scale in [1, 100] {
        let (scores, anomalous) = scores(3, [200 * scale, 20 * scale], 1e3, 1.5);
        let metrics = measure(&scores, &anomalous, &options);
        let at = metrics.at_threshold.clone().expect("a threshold");
        let precision = at.precision.expect("some are flagged");
        let all = [
            metrics.auroc,
            metrics.average_precision,
            metrics.precision_at_k,
            at.recall,
            at.false_alarm_rate,
            precision,
        ];
        widths.push(all.map(|estimate| {
            let [low, high] = bounds(estimate);
            assert!(
                low < estimate.value && estimate.value < high,
                "{metrics:#?}"
            );
            high - low
        }));
    }
    for (few, many) in widths[0].iter().zip(widths[1]) {
        // √100, give or take.
        assert!((5.0..20.0).contains(&(few / many)), "{widths:?}");
    }
}

#[test]
fn nineteen_of_twenty_intervals_hold_the_true_area() {
    // The true area, to a thousandth, is that of very many examples of the same distributions.
    let (many, anomalous) = scores(99, [200_000, 200_000], 1e9, 1.2);
    let truth = measure(&many, &anomalous, &only(None, None)).auroc.value;
    let options = RankingOptions {
        resamples: 300,
        ..RankingOptions::default()
    };
    let held = (0..200).filter(|i| {
        let (scores, anomalous) = scores(1000 + 2 * i, [240, 160], 1e9, 1.2);
        let [low, high] = bounds(measure(&scores, &anomalous, &options).auroc);
        low <= truth && truth <= high
    });
    // Of 200, 190 on average, with a deviation of 3.1; percentile intervals of few examples are too narrow, and hold fewer.
    let held = held.count();
    assert!((178..=199).contains(&held), "{held} of 200");
}

#[test]
fn every_sample_has_the_classes_of_the_examples() {
    // Drawn from all alike, a sample would have no anomaly in more than a third of the cases, and no area.
    let scores = [5.0, 4.0, 3.0, 9.0];
    let options = RankingOptions {
        threshold: Some(6.0),
        ..RankingOptions::default()
    };
    let metrics = measure(&scores, &[true, false, false, false], &options);
    let at = metrics.at_threshold.expect("a threshold");
    assert_eq!(bounds(at.recall), [0.0; 2]);
    assert_eq!(bounds(metrics.auroc), [0.0, 1.0]);
    // Samples of 4 and 3 alone flag nothing, and have no precision.
    let precision = at.precision.map(bounds);
    assert_eq!((at.flagged, precision), (1, Some([0.0; 2])));
}

#[test]
fn intervals_depend_on_the_seed_and_not_on_the_number_of_threads() {
    let (scores, anomalous) = scores(5, [500, 50], 100.0, 1.0);
    let with = |threads, seed| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let options = RankingOptions {
            threshold: Some(30.0),
            seed,
            ..RankingOptions::default()
        };
        pool.expect("threads start")
            .install(|| measure(&scores, &anomalous, &options))
    };
    let (one, other) = (with(1, 7), with(1, 8));
    assert_eq!(one, with(3, 7));
    assert_eq!(one.auroc.value, other.auroc.value);
    assert_ne!(one.auroc.interval, other.auroc.interval);
}

#[test]
fn metrics_are_written_without_what_is_no_number() {
    let options = only(None, Some(10.0));
    let metrics = measure(&[1.0, 2.0, 3.0], &[false, true, true], &options);
    let json = serde_json::to_value(&metrics).expect("metrics as JSON");
    let flagged = &json["at_threshold"];
    assert_eq!(flagged["flagged"], 0);
    assert!(flagged["precision"].is_null());
    assert_eq!(flagged["recall"]["value"], 0.0);
    assert_eq!(json["auroc"]["value"], 1.0);
    assert_eq!(json["average_precision_baseline"], 2.0 / 3.0);
}

#[test]
fn what_is_no_ranking_is_refused() {
    let refused = |scores: &[f64], anomalous: &[bool], options: RankingOptions, words: &str| {
        let error = RankingMetrics::measure(scores, anomalous, &options).expect_err(words);
        assert_eq!(error.to_string(), words);
    };
    let all = RankingOptions::default();
    let both = [true, false, false];
    refused(
        &[1.0],
        &both,
        all,
        "there are 1 scores, and of 3 examples it is known; there must be as many",
    );
    let valid = "at least one must be, and at least one must not";
    for (scores, flags, seen) in [
        (
            &[1.0; 3][..],
            &[false; 3][..],
            "none of 3 examples is an anomaly",
        ),
        (&[1.0; 2], &[true; 2], "all of 2 examples are anomalies"),
        (&[], &[], "none of 0 examples is an anomaly"),
    ] {
        refused(scores, flags, all, &format!("{seen}; {valid}"));
    }
    for (bad, name) in [
        (f64::NAN, "NaN"),
        (f64::INFINITY, "inf"),
        (-f64::INFINITY, "-inf"),
    ] {
        let words = format!("the score of example 2 (from 0) is {name}; scores must be finite");
        refused(&[0.0, 1.0, bad], &both, all, &words);
        let words = format!("`threshold` is {name}; it must be finite");
        refused(&[0.0; 3], &both, only(None, Some(bad)), &words);
    }
    for k in [0, 4] {
        let words = format!("`k` is {k}; it must be from 1 to the number of examples");
        refused(&[0.0; 3], &both, only(Some(k), None), &words);
    }
}
