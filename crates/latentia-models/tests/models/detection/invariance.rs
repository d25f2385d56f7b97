//! A score is a matter of its row and the detector alone.

use latentia_data::Dataset;
use latentia_models::{Detector, ModelFile, Provenance, StoppedBy};
use latentia_tensor::{Matrix, Rows, Subset};

use super::{BRIEF, fitted, learned, mixed, of_numbers, of_table, only, points, score_bits};
use crate::{model_spec, training_spec};

fn provenance() -> Provenance {
    Provenance {
        preset: "small".into(),
        data: "rows".into(),
        target: None,
        fingerprint: String::new(),
        seed: 3,
        warm_start: false,
        training: training_spec(BRIEF),
        stopped_by: StoppedBy::Epochs,
        history: Vec::new(),
        warnings: Vec::new(),
    }
}

fn with_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.expect("threads start").install(work)
}

#[test]
fn scores_and_reasons_do_not_depend_on_the_number_of_threads() {
    let ((schema, training), (_, rows)) = (mixed(1, 300), mixed(2, 200));
    let model = of_table(&schema, &training);
    let work = || {
        let detector = fitted(&model, &training, &rows);
        let tensors = detector.tensors().expect("a model that is described");
        let some = only(&rows, 0..10);
        (
            score_bits(&detector, &rows),
            tensors,
            format!("{:?}", detector.explain(&some)),
        )
    };
    let one = with_threads(1, work);
    assert_eq!(one, with_threads(3, work));
    assert_eq!(one.0.len(), 200);
}

#[test]
fn a_row_has_the_same_score_alone_among_others_and_in_any_place() {
    // More rows than are scored at once, and a number that no block divides.
    let (training, rows) = (points(1, 150, 4), points(2, 4_163, 4));
    let detector = fitted(&of_numbers(&training), &training, &points(3, 50, 4));
    let all = score_bits(&detector, &rows);
    for row in (0..rows.rows())
        .step_by(97)
        .chain(4_090..4_100)
        .chain([4_162])
    {
        assert_eq!(
            score_bits(&detector, &only(&rows, [row])),
            [all[row]],
            "row {row}"
        );
    }
    for cut in [1, 63, 64, 65, 1_000, 4_096] {
        let (first, last) = (only(&rows, 0..cut), only(&rows, cut..rows.rows()));
        let both = [score_bits(&detector, &first), score_bits(&detector, &last)].concat();
        assert_eq!(both, all, "cut at {cut}");
    }
    let backwards = Subset::new(&rows, (0..rows.rows() as u32).rev().collect());
    let mut turned = score_bits(&detector, &backwards);
    turned.reverse();
    assert_eq!(turned, all);
}

#[test]
fn an_explanation_has_the_same_score_and_does_not_depend_on_other_rows() {
    let ((schema, training), (_, rows)) = (mixed(1, 150), mixed(2, 30));
    let detector = fitted(&of_table(&schema, &training), &training, &rows);
    let all = detector.explain(&rows).expect("rows that fit");
    let scores = detector.score(&rows).expect("rows that fit");
    for (row, explanation) in all.iter().enumerate() {
        assert_eq!(explanation.score, scores[row]);
        let alone = detector
            .explain(&only(&rows, [row]))
            .expect("a row that fits");
        // NaN stands for what is missing.
        assert_eq!(format!("{alone:?}"), format!("{:?}", [explanation]));
        let drops: Vec<f64> = explanation
            .reasons
            .iter()
            .map(|reason| reason.drop)
            .collect();
        assert!(drops.is_sorted_by(|a, b| a >= b) && drops.iter().all(|&drop| drop > 0.0));
        let shares: f64 = explanation.reasons.iter().map(|reason| reason.share).sum();
        assert!(drops.is_empty() || (shares - 1.0).abs() < 1e-9, "{shares}");
    }
}

#[test]
fn a_model_that_was_loaded_from_bytes_scores_the_same() {
    let ((schema, training), (_, rows)) = (mixed(1, 150), mixed(2, 50));
    let model = of_table(&schema, &training);
    let detector = fitted(&model, &training, &rows);
    let tensors = detector.tensors().expect("a model that is described");
    let file = ModelFile::to_bytes(&model, &provenance(), &tensors).expect("numbers");
    let loaded = ModelFile::from_bytes(&file).expect("a model's file");
    let other = Detector::of(&loaded.model, &loaded.attachments)
        .expect("what it wrote")
        .expect("its detector");
    assert_eq!(score_bits(&other, &rows), score_bits(&detector, &rows));
    assert_eq!(other.calibration(), detector.calibration());
    let reasons = |detector: &Detector| format!("{:?}", detector.explain(&rows));
    assert_eq!(reasons(&other), reasons(&detector));
    // And one that is fitted to the loaded model.
    let anew = fitted(&loaded.model, &training, &rows);
    assert_eq!(score_bits(&anew, &rows), score_bits(&detector, &rows));
}

#[test]
fn bytes_and_the_same_values_in_the_unit_range_score_the_same() {
    let bytes = |seed, rows: usize| -> Vec<u8> {
        let unit = latentia_testing::numbers(seed, rows * 6);
        unit.iter().map(|x| (127.5 + 127.0 * x) as u8).collect()
    };
    let set =
        |bytes: &[u8]| Dataset::from_bytes("bytes", vec![6], bytes.to_vec()).expect("whole rows");
    let floats = |bytes: &[u8]| {
        Matrix::from_vec(
            bytes.len() / 6,
            6,
            bytes.iter().map(|&x| f32::from(x) / 255.0).collect(),
        )
    };
    let (training, rows) = (bytes(1, 80), bytes(2, 40));
    let spec = model_spec(
        "likelihood = 'mse'\nencoder = [{ layer = 'dense', units = 2 }]\ndecoder = [{ layer = 'dense' }]",
    );
    let model = learned(
        spec.build(&[6], 1).expect("parts that fit"),
        &set(&training),
    );
    let detector =
        Detector::fit(&model, &set(&training), Some(&set(&rows))).expect("rows that fit");
    let scores = |rows: &dyn Rows| detector.score(rows).expect("rows that fit");
    for (x, y) in scores(&set(&rows)).iter().zip(scores(&floats(&rows))) {
        assert!((x - y).abs() < 1e-5, "{x}, {y}");
    }
}
