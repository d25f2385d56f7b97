//! Scores are finite whatever a row holds; what is no value is refused.

use latentia_models::{Autoencoder, Detector};
use latentia_tensor::Matrix;
use latentia_testing::numbers;

use super::{fitted, learned, mixed, of_numbers, of_table, points};
use crate::{message, model_spec, unit};

/// Values that nobody measures.
const ABSURD: [f32; 12] = [
    1e30,
    -1e38,
    f32::MAX,
    f32::MIN,
    1e-45,
    -1e-45,
    f32::MIN_POSITIVE,
    1e-30,
    1e19,
    -1e20,
    0.0,
    -0.0,
];

/// Scores of rows with each absurd value in each element, and in all of them.
fn absurd(detector: &Detector, usual: &Matrix) -> Vec<f64> {
    let cols = usual.cols();
    let mut values = Vec::new();
    for x in ABSURD {
        for broken in 0..=cols {
            let row = usual.row(0).iter().enumerate();
            values.extend(row.map(|(i, &own)| {
                if i == broken || broken == cols {
                    x
                } else {
                    own
                }
            }));
        }
    }
    let rows = Matrix::from_vec(values.len() / cols, cols, values);
    let scores = detector.score(&rows).expect("finite rows");
    for (row, score) in scores.iter().enumerate() {
        assert!(score.is_finite(), "{:?}: {score}", rows.row(row));
    }
    for (row, explanation) in detector
        .explain(&rows)
        .expect("finite rows")
        .iter()
        .enumerate()
    {
        assert_eq!(explanation.score, scores[row]);
        for reason in &explanation.reasons {
            assert!(
                reason.drop.is_finite() && reason.drop > 0.0,
                "{:?}: {reason:?}",
                rows.row(row)
            );
            assert!((0.0..=1.0).contains(&reason.share), "{reason:?}");
            assert!(
                !reason.expected.is_infinite(),
                "{:?}: {reason:?}",
                rows.row(row)
            );
        }
    }
    scores
}

/// A model of numbers of this likelihood, which learned from `training`.
fn under(likelihood: &str, training: &Matrix) -> Autoencoder {
    let spec = model_spec(&format!(
        "preprocessing = 'standardise'
         likelihood = '{likelihood}'
         encoder = [{{ layer = 'dense', units = 8, activation = 'relu' }}, {{ layer = 'dense', units = 2 }}]
         decoder = [{{ layer = 'dense', units = 8, activation = 'relu' }}, {{ layer = 'dense' }}]"
    ));
    learned(
        spec.build(&[training.cols()], 1).expect("parts that fit"),
        training,
    )
}

#[test]
fn absurd_rows_have_finite_scores_above_all_that_calibrate() {
    let (training, held_out) = (points(1, 120, 5), points(2, 60, 5));
    for likelihood in [
        "mse",
        "gaussian-shared-scale",
        "gaussian-learned-scale",
        "columns",
        "columns-learned-scale",
    ] {
        let detector = fitted(&under(likelihood, &training), &training, &held_out);
        let scores = absurd(&detector, &held_out);
        let highest = detector.calibration().scores()[59];
        // The first four values are far from all that there is.
        for score in &scores[..4 * 6] {
            assert!(*score > highest, "{likelihood}: {score}, {highest}");
        }
    }
}

#[test]
fn a_value_that_is_none_is_named_by_its_row_among_all() {
    let (training, held_out) = (points(1, 120, 5), points(2, 60, 5));
    let detector = fitted(&under("mse", &training), &training, &held_out);
    // Behind those that are scored at once, and behind those that are reconstructed at once within these.
    let many = Detector::rows_at_once(5) + 1000;
    let mut rows = points(3, many, 5);
    rows.as_mut_slice()[(many - 7) * 5 + 2] = f32::INFINITY;
    let said = message(detector.score(&rows));
    let place = format!("in example {}, column 2", many - 7);
    assert!(said.contains(&place), "{said}");
}

#[test]
fn absurd_rows_of_a_table_have_finite_scores() {
    let ((schema, training), (_, held_out)) = (mixed(1, 150), mixed(2, 50));
    let detector = fitted(&of_table(&schema, &training), &training, &held_out);
    absurd(&detector, &held_out);
}

#[test]
fn constant_columns_and_rows_that_are_all_the_same_have_finite_scores() {
    let mut training = points(1, 60, 3);
    training
        .as_mut_slice()
        .chunks_mut(3)
        .for_each(|row| row[1] = -4.0);
    absurd(
        &fitted(&of_numbers(&training), &training, &training),
        &training,
    );
    let same = Matrix::from_vec(40, 3, [1.0, 2.0, 3.0].repeat(40));
    absurd(&fitted(&of_numbers(&same), &same, &same), &same);
}

#[test]
fn what_is_no_value_is_refused_where_the_model_takes_none() {
    let (training, held_out) = (points(1, 120, 5), points(2, 60, 5));
    let with = |x: f32| {
        let mut rows = held_out.clone();
        rows.as_mut_slice()[5 * 7 + 2] = x;
        rows
    };
    for likelihood in [
        "mse",
        "gaussian-learned-scale",
        "columns",
        "columns-learned-scale",
    ] {
        let model = under(likelihood, &training);
        let detector = fitted(&model, &training, &held_out);
        let takes_missing = model.likelihood().takes_missing();
        assert_eq!(takes_missing, likelihood.starts_with("columns"));
        for x in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let rows = with(x);
            if x.is_nan() && takes_missing {
                let scores = detector.score(&rows).expect("a gap");
                assert!(scores.iter().all(|score| score.is_finite()), "{likelihood}");
                continue;
            }
            for error in [
                message(detector.score(&rows)),
                message(detector.explain(&rows)),
                message(Detector::fit(&model, &rows, Some(&held_out))),
                message(Detector::fit(&model, &training, Some(&rows))),
            ] {
                assert!(
                    error.contains("finite") || error.contains("inf,"),
                    "{likelihood}, {x}: {error}"
                );
            }
        }
    }
}

#[test]
fn rows_of_another_width_and_no_rows_to_fit_to_are_refused() {
    let training = points(1, 60, 5);
    let model = of_numbers(&training);
    let detector = fitted(&model, &training, &training);
    let error = message(detector.score(&points(1, 3, 4)));
    assert!(error.contains('4') && error.contains('5'), "{error}");
    let none = Matrix::zeros(0, 5);
    let error = message(Detector::fit(&model, &none, None));
    assert!(error.contains("fit a detector to"), "{error}");
    assert!(detector.score(&none).expect("nothing to score").is_empty());
    assert!(
        detector
            .explain(&none)
            .expect("nothing to explain")
            .is_empty()
    );
    // No held-out rows are as good as none.
    let by_none = Detector::fit(&model, &training, Some(&none)).expect("rows that fit");
    let without = Detector::fit(&model, &training, None).expect("rows that fit");
    assert_eq!(by_none.calibration(), without.calibration());
}

#[test]
fn pictures_of_any_bytes_have_finite_scores() {
    let spec = model_spec(
        "likelihood = 'bernoulli'
         encoder = [{ layer = 'dense', units = 4 }]
         decoder = [{ layer = 'dense' }]",
    );
    let (training, held_out) = (unit(1, 90, 16), unit(2, 30, 16));
    let model = learned(spec.build(&[4, 4], 1).expect("parts that fit"), &training);
    let detector = fitted(&model, &training, &held_out);
    let black_or_white = numbers(3, 16 * 50)
        .iter()
        .map(|&x| f32::from(x > 0.0))
        .collect();
    let scores = detector
        .score(&Matrix::from_vec(50, 16, black_or_white))
        .expect("values in [0, 1]");
    assert!(scores.iter().all(|score| score.is_finite()), "{scores:?}");
}
