//! Calibration by models that did not learn from what they score.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};

use latentia_models::{Autoencoder, CalibrationSource, DetectionSpec, Detector, ModelError};
use latentia_tensor::{Matrix, Rows};

use super::{BRIEF, SMALL, fitted, of_numbers, points, score_bits};
use crate::{message, model_spec, training_spec};

fn cross_fitted(
    model: &Autoencoder,
    training: &dyn Rows,
    held_out: Option<&dyn Rows>,
    detection: &DetectionSpec,
    seed: u64,
) -> Result<Detector, ModelError> {
    Detector::cross_fit(
        model,
        training,
        held_out,
        &training_spec(BRIEF),
        detection,
        seed,
        &|| ControlFlow::Continue(()),
    )
}

fn of_folds(folds: u32) -> DetectionSpec {
    DetectionSpec {
        folds,
        ..DetectionSpec::default()
    }
}

#[test]
fn a_seed_gives_one_detector_on_any_number_of_threads() {
    let (training, rows) = (points(1, 90, 4), points(2, 20, 4));
    let model = of_numbers(&training);
    let detection = DetectionSpec {
        members: 3,
        folds: 4,
        second: Some(model_spec(&SMALL.replace("units = 12", "units = 9"))),
    };
    let on = |threads, seed| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let detector = pool
            .expect("threads start")
            .install(|| cross_fitted(&model, &training, None, &detection, seed));
        let detector = detector.expect("they converge");
        (
            detector.tensors().expect("members that are described"),
            score_bits(&detector, &rows),
        )
    };
    let one = on(1, 7);
    assert_eq!(one, on(3, 7));
    let other = on(3, 8);
    assert_ne!(one.1, other.1, "members differ by the seed");
    assert_ne!(one.0, other.0);
}

#[test]
fn each_training_row_calibrates_once_and_as_many_as_a_thousand_take() {
    let calibrating = |rows: usize, folds: u32| {
        let training = points(1, rows, 3);
        let detector = cross_fitted(&of_numbers(&training), &training, None, &of_folds(folds), 1)
            .expect("they converge");
        assert_eq!(
            detector.calibration().source(),
            CalibrationSource::CrossFitted
        );
        let scores = detector.calibration().scores().to_vec();
        let mut distinct = scores.clone();
        distinct.dedup();
        assert_eq!(
            distinct.len(),
            scores.len(),
            "each row has a score of its own"
        );
        scores.len()
    };
    assert_eq!(calibrating(60, 4), 60);
    assert_eq!(calibrating(61, 4), 61);
    assert_eq!(calibrating(5, 5), 5);
    // A fold of 750 is not enough, two are.
    assert_eq!(calibrating(3_000, 4), 1_500);
    assert_eq!(calibrating(3_000, 2), 1_500);
}

#[test]
fn models_that_learned_from_a_row_have_no_part_in_its_calibrating_score() {
    // Rows far from each other, which a model that has them reconstructs, and one that has not does not.
    let training = Matrix::from_vec(
        24,
        24,
        (0..24 * 24)
            .map(|i| {
                if i % 25 == 0 {
                    30.0
                } else {
                    0.1 * (i % 7) as f32
                }
            })
            .collect(),
    );
    let spec = model_spec(
        "likelihood = 'mse'
         encoder = [{ layer = 'dense', units = 24 }]
         decoder = [{ layer = 'dense' }]",
    );
    let mut model = spec.build(&[24], 1).expect("parts that fit");
    let steps =
        training_spec("steps = 2000\nbatch-size = 24\nlearning-rate = 0.01\nvalidation = 0");
    model.fit(&training, &steps, 1).expect("it converges");
    let detector = Detector::cross_fit(&model, &training, None, &steps, &of_folds(6), 1, &|| {
        ControlFlow::Continue(())
    })
    .expect("they converge");
    let own = detector.score(&training).expect("rows that fit");
    let highest = own.into_iter().fold(f64::MIN, f64::max);
    let least = detector.calibration().scores()[0];
    assert!(
        least > highest,
        "{least} of those that did not learn, {highest} of those that did"
    );
}

#[test]
fn without_folds_and_with_fewer_rows_than_folds_it_is_fitted_as_usual() {
    let (training, held_out) = (points(1, 40, 4), points(2, 30, 4));
    let model = of_numbers(&training);
    let usual = fitted(&model, &training, &held_out);
    for folds in [0, 41] {
        let detector = cross_fitted(&model, &training, Some(&held_out), &of_folds(folds), 1)
            .expect("rows that fit");
        assert_eq!(detector.calibration(), usual.calibration());
        assert_eq!(detector.calibration().source(), CalibrationSource::HeldOut);
        assert_eq!(
            score_bits(&detector, &held_out),
            score_bits(&usual, &held_out)
        );
        let detector =
            cross_fitted(&model, &training, None, &of_folds(folds), 1).expect("rows that fit");
        assert_eq!(detector.calibration().source(), CalibrationSource::Training);
        // Every second row, which is none of the references.
        assert_eq!(
            (detector.calibration().scores().len(), detector.references()),
            (20, 20)
        );
    }
    // With folds, rows that were held out are not asked for.
    let folded =
        cross_fitted(&model, &training, Some(&held_out), &of_folds(4), 1).expect("they converge");
    let without = cross_fitted(&model, &training, None, &of_folds(4), 1).expect("they converge");
    assert_eq!(folded.calibration(), without.calibration());
    assert_eq!(folded.references(), 40);
}

#[test]
fn a_model_that_nothing_describes_is_fitted_as_usual() {
    let (training, held_out) = (points(1, 60, 4), points(2, 30, 4));
    let parts = model_spec(SMALL).parts(&[4]).expect("parts that fit");
    let model = Autoencoder::from_parts(parts, &[4], 3).expect("parts that fit");
    let model = super::learned(model, &training);
    assert!(model.spec().is_none());
    let detector =
        cross_fitted(&model, &training, Some(&held_out), &of_folds(4), 1).expect("rows that fit");
    let usual = fitted(&model, &training, &held_out);
    assert_eq!(detector.calibration(), usual.calibration());
    assert_eq!(detector.calibration().source(), CalibrationSource::HeldOut);
    assert_eq!(
        score_bits(&detector, &held_out),
        score_bits(&usual, &held_out)
    );
    let other = Detector::of(&model, &detector.tensors().expect("one member"))
        .expect("its own tensors")
        .expect("a detector");
    assert_eq!(score_bits(&other, &held_out), score_bits(&usual, &held_out));
    // More members like it cannot be built.
    let members = DetectionSpec {
        members: 2,
        ..of_folds(4)
    };
    let error = message(cross_fitted(&model, &training, None, &members, 1));
    assert!(error.contains("parts that nothing describes"), "{error}");
}

#[test]
fn specifications_out_of_range_are_refused_by_name() {
    let training = points(1, 40, 4);
    let model = of_numbers(&training);
    for (text, parts) in [
        ("members = 0", ["members", "0", "from 1 to 64"]),
        ("members = 65", ["members", "65", "from 1 to 64"]),
        ("folds = 1", ["folds", "1", "from 2 to 100"]),
        ("folds = 101", ["folds", "101", "from 2 to 100"]),
    ] {
        let detection: DetectionSpec = toml::from_str(text).expect("numbers");
        let error = message(cross_fitted(&model, &training, None, &detection, 1));
        assert_eq!(error, message(detection.check()));
        for part in parts {
            assert!(error.contains(part), "{error}: no {part}");
        }
    }
    let second = DetectionSpec {
        members: 2,
        second: Some(model_spec(
            "likelihood = 'mse'\nencoder = [{ layer = 'dense', units = 2 }]\ndecoder = [{ layer = 'dense', units = 3 }]",
        )),
        ..DetectionSpec::default()
    };
    let error = message(cross_fitted(&model, &training, None, &second, 1));
    assert!(error.contains("decoder"), "{error}");
}

#[test]
fn folds_and_members_end_after_a_batch_where_they_are_not_to_go_on() {
    const BATCHES: usize = 5;
    let training = points(1, 60, 4);
    let model = of_numbers(&training);
    for (members, folds) in [(1, 4), (3, 0)] {
        let asked = AtomicUsize::new(0);
        let goes_on = || match asked.fetch_add(1, Ordering::Relaxed) + 1 < BATCHES {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        };
        let detection = DetectionSpec {
            members,
            folds,
            ..DetectionSpec::default()
        };
        let spec = training_spec("epochs = 100000\nbatch-size = 8");
        let ended = Detector::cross_fit(&model, &training, None, &spec, &detection, 1, &goes_on);
        assert!(matches!(ended, Err(ModelError::Interrupted)), "{ended:?}");
        // One batch at most of each model that was under way.
        assert!(asked.into_inner() < BATCHES + 8);
    }
}
