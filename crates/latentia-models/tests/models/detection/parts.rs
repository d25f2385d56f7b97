//! Scores against the slow reference.

use std::ops::ControlFlow;

use latentia_models::{Autoencoder, DetectionSpec, Detector, ModelFile};
use latentia_tensor::{ElementKind, Matrix};

use super::{BRIEF, SMALL, fitted, learned, mixed, of_numbers, of_table, only, points, reference};
use crate::{model_spec, training_spec, unit};

/// Of table [`mixed`].
const MIXED: [ElementKind; 5] = [
    ElementKind::Number,
    ElementKind::Number,
    ElementKind::Number,
    ElementKind::Boolean,
    ElementKind::Category { levels: 4 },
];

/// Fails unless the detector that is fitted to `training` gives the reference's scores, of training rows and others.
fn check(model: &Autoencoder, kinds: &[ElementKind], training: &Matrix, rows: &Matrix) -> Detector {
    let detector = fitted(model, training, rows);
    for rows in [training, rows] {
        compare(
            &detector,
            rows,
            &reference::scores(&[model], kinds, training, rows),
        );
    }
    detector
}

fn compare(detector: &Detector, rows: &Matrix, expected: &[f64]) {
    let obtained = detector.score(rows).expect("rows that fit");
    assert_eq!(obtained.len(), expected.len());
    for (row, (x, y)) in obtained.iter().zip(expected).enumerate() {
        // Distances between codes are sums of f32.
        assert!(
            (x - y).abs() <= 2e-5 * y.abs().max(1.0),
            "row {row}: {x}, expected {y}"
        );
    }
}

#[test]
fn scores_of_numbers_are_the_formula() {
    let (training, rows) = (points(1, 150, 6), points(2, 70, 6));
    let detector = check(
        &of_numbers(&training),
        &[ElementKind::Number; 6],
        &training,
        &rows,
    );
    assert_eq!((detector.references(), detector.members()), (150, 1));
    assert!(!detector.is_plain());
}

#[test]
fn scores_of_categories_gaps_and_constant_columns_are_the_formula() {
    let ((schema, training), (_, mut rows)) = (mixed(1, 200), mixed(2, 60));
    // What training never had: a gap where none was, another value where all were the same.
    rows.as_mut_slice()[0] = f32::NAN;
    rows.as_mut_slice()[5 + 2] = 7.5;
    rows.as_mut_slice()[10 + 3] = f32::NAN;
    rows.as_mut_slice()[15 + 4] = f32::NAN;
    check(&of_table(&schema, &training), &MIXED, &training, &rows);
}

#[test]
fn a_level_that_training_never_had_and_a_column_without_values_are_the_formula() {
    let ((schema, mut training), (_, mut rows)) = (mixed(1, 80), mixed(2, 20));
    for row in training.as_mut_slice().chunks_mut(5) {
        row[1] = f32::NAN;
        row[4] = row[4].min(2.0);
    }
    rows.as_mut_slice()[4] = 3.0;
    check(&of_table(&schema, &training), &MIXED, &training, &rows);
}

#[test]
fn a_column_that_is_mostly_one_value_is_measured_by_its_deviation() {
    let mut training = points(1, 100, 3);
    for (i, row) in training.as_mut_slice().chunks_mut(3).enumerate() {
        row[0] = if i % 5 == 0 { 2.0 + i as f32 } else { 2.0 };
    }
    check(
        &of_numbers(&training),
        &[ElementKind::Number; 3],
        &training,
        &points(2, 30, 3),
    );
}

#[test]
fn with_fewer_references_than_ten_the_farthest_counts() {
    for rows in [2, 3, 9, 10, 11, 12] {
        let (training, others) = (points(1, rows, 4), points(2, 25, 4));
        let detector = check(
            &of_numbers(&training),
            &[ElementKind::Number; 4],
            &training,
            &others,
        );
        assert_eq!(detector.references(), rows);
    }
}

#[test]
fn one_training_row_has_no_neighbours_and_scores_all_the_same() {
    let (training, others) = (points(1, 1, 4), points(2, 25, 4));
    let detector = check(
        &of_numbers(&points(3, 40, 4)),
        &[ElementKind::Number; 4],
        &training,
        &others,
    );
    assert_eq!(detector.references(), 0);
}

#[test]
fn rows_that_are_repeated_have_a_least_distance() {
    let few = points(1, 9, 4);
    let training = only(&few, (0..180).map(|i| i % 9));
    let model = of_numbers(&points(3, 60, 4));
    let others = only(&points(2, 30, 4), 0..30);
    check(&model, &[ElementKind::Number; 4], &training, &others);
    // All the same: nothing is known of the scale of any part.
    check(
        &model,
        &[ElementKind::Number; 4],
        &only(&few, [0; 30]),
        &others,
    );
}

#[test]
fn of_many_training_rows_two_thousand_evenly_spaced_are_references() {
    let (training, others) = (points(1, 2_300, 3), points(2, 40, 3));
    let detector = check(
        &of_numbers(&training),
        &[ElementKind::Number; 3],
        &training,
        &others,
    );
    assert_eq!(detector.references(), 2_000);
}

#[test]
fn pictures_are_scored_by_their_worst_window_and_their_neighbourhood() {
    for (shape, likelihood) in [
        ([13, 12, 1], "bernoulli"),
        ([8, 12, 3], "mse"),
        ([2, 3, 1], "mse"),
        ([5, 4, 2], "gaussian-shared-scale"),
    ] {
        let spec = model_spec(&format!(
            "likelihood = '{likelihood}'
             encoder = [{{ layer = 'dense', units = 4 }}]
             decoder = [{{ layer = 'dense' }}]"
        ));
        let elements = shape.iter().product();
        let (training, others) = (unit(1, 90, elements), unit(2, 30, elements));
        let shown: &[usize] = if shape[2] == 1 { &shape[..2] } else { &shape };
        let model = learned(spec.build(shown, 1).expect("parts that fit"), &training);
        let detector = fitted(&model, &training, &others);
        assert!(detector.is_of_pictures());
        for rows in [&training, &others] {
            let expected = reference::scores_of_pictures(&model, shape, &training, rows);
            compare(&detector, rows, &expected);
        }
    }
}

#[test]
fn pictures_with_fewer_neighbours_than_count_are_held_against_those_that_there_are() {
    let spec = model_spec(
        "likelihood = 'mse'\nencoder = [{ layer = 'dense', units = 2 }]\ndecoder = [{ layer = 'dense' }]",
    );
    for rows in [2, 4, 6, 19, 21, 23] {
        let (training, others) = (unit(1, rows, 16), unit(2, 10, 16));
        let model = learned(spec.build(&[4, 4], 1).expect("parts that fit"), &training);
        let expected = reference::scores_of_pictures(&model, [4, 4, 1], &training, &others);
        compare(&fitted(&model, &training, &others), &others, &expected);
    }
}

#[test]
fn restricted_codes_have_no_code_part() {
    let spec = model_spec(
        "likelihood = 'mse'
         code = { kind = 'vector-quantised', codebook = 8, dimension = 4 }
         encoder = [{ layer = 'dense', units = 4 }]
         decoder = [{ layer = 'dense' }]",
    );
    let (training, others) = (points(1, 90, 4), points(2, 30, 4));
    let model = learned(spec.build(&[4], 1).expect("parts that fit"), &training);
    let detector = check(&model, &[ElementKind::Number; 4], &training, &others);
    assert_eq!(detector.references(), 0);
}

#[test]
fn members_are_averaged_before_parts_are_standardised() {
    let (training, others) = (points(1, 120, 4), points(2, 40, 4));
    let model = of_numbers(&training);
    let detection = DetectionSpec {
        members: 3,
        second: Some(model_spec(&SMALL.replace("units = 3 }", "units = 2 }"))),
        ..DetectionSpec::default()
    };
    let detector = Detector::cross_fit(
        &model,
        &training,
        Some(&others),
        &training_spec(BRIEF),
        &detection,
        9,
        &|| ControlFlow::Continue(()),
    );
    let detector = detector.expect("they converge");
    let tensors = detector.tensors().expect("members that are described");
    let member = |number: usize| {
        let name = format!("detector.members.{number}.model");
        let own = tensors
            .iter()
            .find(|tensor| tensor.name == name)
            .expect("a member's file");
        ModelFile::from_bytes(&own.bytes)
            .expect("a model's file")
            .model
    };
    let (second, third) = (member(1), member(2));
    assert_eq!(
        [model.code_width(), second.code_width(), third.code_width()],
        [3, 2, 3]
    );
    let members = [&model, &second, &third];
    let expected = reference::scores(&members, &[ElementKind::Number; 4], &training, &others);
    compare(&detector, &others, &expected);
}
