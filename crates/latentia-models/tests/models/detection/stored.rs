//! A detector as tensors of a model file.

use std::ops::ControlFlow;

use latentia_models::{Autoencoder, DetectionSpec, Detector, StoredTensor};
use latentia_tensor::Matrix;
use safetensors::tensor::Dtype;

use super::{BRIEF, SMALL, fitted, learned, mixed, of_table, points, score_bits};
use crate::{model_spec, training_spec, unit};

/// A model of a table with a detector of two members, and rows.
fn two_members() -> (Autoencoder, Detector, Matrix) {
    let ((schema, training), (_, rows)) = (mixed(1, 120), mixed(2, 40));
    let model = of_table(&schema, &training);
    let detection = DetectionSpec {
        members: 2,
        second: Some(model_spec(&SMALL.replace("units = 3 }", "units = 2 }"))),
        ..DetectionSpec::default()
    };
    let detector = Detector::cross_fit(
        &model,
        &training,
        Some(&rows),
        &training_spec(BRIEF),
        &detection,
        9,
        &|| ControlFlow::Continue(()),
    );
    (model, detector.expect("they converge"), rows)
}

/// The detector that these tensors are, if they are one.
fn kept(model: &Autoencoder, stored: &[StoredTensor]) -> Option<Detector> {
    Detector::of(model, stored).expect("what a detector wrote")
}

/// Whether these tensors are told to be no detector of this model.
fn is_refused(model: &Autoencoder, stored: &[StoredTensor]) -> bool {
    Detector::of(model, stored)
        .is_err_and(|error| error.to_string().starts_with("detector is damaged"))
}

fn tensors(detector: &Detector) -> Vec<StoredTensor> {
    detector.tensors().expect("members that are described")
}

/// A model of pictures with its detector, and pictures.
fn of_pictures() -> (Autoencoder, Detector, Matrix) {
    let spec = model_spec(
        "likelihood = 'mse'\nencoder = [{ layer = 'dense', units = 3 }]\ndecoder = [{ layer = 'dense' }]",
    );
    let (training, pictures) = (unit(1, 60, 32), unit(2, 20, 32));
    let model = learned(spec.build(&[8, 4], 1).expect("parts that fit"), &training);
    let detector = fitted(&model, &training, &pictures);
    (model, detector, pictures)
}

#[test]
fn a_detector_comes_back_from_its_tensors_bit_by_bit() {
    for (model, detector, rows) in [two_members(), of_pictures()] {
        let stored = tensors(&detector);
        let other = kept(&model, &stored).expect("its own tensors");
        assert_eq!(tensors(&other), stored);
        assert_eq!(score_bits(&other, &rows), score_bits(&detector, &rows));
        assert_eq!(
            (other.members(), other.references()),
            (detector.members(), detector.references())
        );
        assert_eq!(
            (other.parts(), other.is_of_pictures()),
            (detector.parts(), detector.is_of_pictures())
        );
        assert_eq!(other.calibration(), detector.calibration());
        assert_eq!(
            format!("{:?}", other.explain(&rows)),
            format!("{:?}", detector.explain(&rows))
        );
        // In any order, and among what others keep.
        let mut among_others = stored;
        among_others.reverse();
        among_others.insert(3, bytes("quantiser.step", vec![1, 2, 3]));
        let other = kept(&model, &among_others).expect("its own tensors");
        assert_eq!(score_bits(&other, &rows), score_bits(&detector, &rows));
    }
}

fn bytes(name: &str, bytes: Vec<u8>) -> StoredTensor {
    StoredTensor {
        name: name.into(),
        dtype: Dtype::U8,
        shape: vec![bytes.len()],
        bytes,
    }
}

#[test]
fn without_tensors_there_is_no_detector() {
    let (model, detector, _) = two_members();
    assert!(kept(&model, &[]).is_none());
    assert!(kept(&model, &[bytes("quantiser.step", vec![1])]).is_none());
    // A plain one has nothing to keep.
    let plain = Detector::plain(&model);
    assert!(plain.is_plain() && !detector.is_plain());
    assert_eq!(tensors(&plain), []);
}

#[test]
fn a_tensor_of_another_size_or_type_is_refused_without_panic() {
    for (model, detector, _) in [two_members(), of_pictures()] {
        let whole = tensors(&detector);
        for (at, own) in whole.iter().enumerate() {
            let refused = |change: &dyn Fn(&mut StoredTensor)| {
                let mut stored = whole.clone();
                change(&mut stored[at]);
                let (name, size) = (&own.name, stored[at].bytes.len());
                let is_no_other = stored == whole || is_refused(&model, &stored);
                assert!(
                    is_no_other,
                    "{name}: {:?} of {size} bytes",
                    stored[at].dtype
                );
            };
            refused(&|tensor| tensor.dtype = Dtype::I64);
            // As many scores calibrate as there are, and the first byte says whose they are.
            let (is_calibration, is_source) = (
                own.name.ends_with("calibration"),
                own.name.ends_with("source"),
            );
            if !is_calibration {
                refused(&|tensor| tensor.bytes.clear());
            }
            if !is_source {
                refused(&|tensor| tensor.bytes.truncate(own.bytes.len().saturating_sub(1)));
                refused(&|tensor| tensor.bytes.push(0));
            }
            let element = if own.dtype == Dtype::F32 { 4 } else { 8 };
            if !is_calibration && !is_source {
                refused(&|tensor| {
                    tensor
                        .bytes
                        .truncate(own.bytes.len().saturating_sub(element))
                });
                refused(&|tensor| tensor.bytes.extend_from_slice(&[0; 8][..element]));
            }
        }
    }
}

#[test]
fn a_part_that_a_member_lacks_is_no_detector() {
    for (model, detector, _) in [two_members(), of_pictures()] {
        let whole = tensors(&detector);
        let mut lacking = 0;
        for own in &whole {
            // Without its part of the score a detector is another one, not a damaged one, and without its marks a member is none.
            let is_optional = ["columns", "codes", "spread", "contrast"]
                .iter()
                .any(|part| own.name.ends_with(part));
            if is_optional && !own.name.starts_with("detector.members.0") {
                continue;
            }
            let mut stored = whole.clone();
            stored.retain(|other| other.name != own.name);
            assert!(is_refused(&model, &stored), "without {}", own.name);
            lacking += 1;
        }
        assert!(lacking >= 7, "{lacking}");
    }
}

#[test]
fn constants_that_are_no_numbers_are_refused() {
    let (model, detector, _) = two_members();
    let whole = tensors(&detector);
    let named = |name: &str| {
        let own = whole
            .iter()
            .position(|own| own.name == format!("detector.{name}"));
        own.expect(name)
    };
    let refused = |name: &str, element: usize, x: f64| {
        let mut stored = whole.clone();
        stored[named(name)].bytes[8 * element..][..8].copy_from_slice(&x.to_le_bytes());
        assert!(
            is_refused(&model, &stored),
            "{name}, element {element}: {x}"
        );
    };
    for part in ["reconstruction", "columns", "codes"] {
        for x in [f64::NAN, f64::INFINITY] {
            refused(part, 0, x);
            refused(part, 1, x);
        }
        refused(part, 1, 0.0);
        refused(part, 1, -1.0);
    }
    for member in ["members.0", "members.1"] {
        for x in [f64::NAN, f64::NEG_INFINITY] {
            refused(&format!("{member}.spread"), 0, x);
            refused(&format!("{member}.spread"), 1, x);
            refused(&format!("{member}.missing"), 4, x);
        }
        refused(&format!("{member}.spread"), 1, 0.0);
    }
    for element in 0..4 {
        refused("columns.numbers", element, f64::NAN);
    }
    refused("columns.numbers", 3, 0.0);
    refused("columns.numbers", 3, -2.0);
    refused("columns.levels", 5, f64::INFINITY);
    let mut stored = whole.clone();
    stored[named("calibration.source")].bytes = vec![7];
    assert!(is_refused(&model, &stored), "a source that there is not");
    let mut stored = whole.clone();
    stored[named("members.1.model")].bytes[900] ^= 1;
    assert!(is_refused(&model, &stored), "a damaged member");
}

#[test]
fn tensors_of_another_model_are_refused() {
    let (_, detector, _) = two_members();
    let stored = tensors(&detector);
    for cols in [4, 6] {
        let other = super::of_numbers(&points(1, 30, cols));
        assert!(is_refused(&other, &stored), "{cols} columns");
    }
    // As many columns, but of other kinds: levels are left over.
    let other = super::of_numbers(&points(1, 30, 5));
    assert!(is_refused(&other, &stored));
}

#[test]
fn a_file_is_believed_to_have_no_member_without_its_model() {
    let (model, detector, rows) = two_members();
    let mut stored = tensors(&detector);
    stored.retain(|own| own.name != "detector.members.1.model");
    assert!(is_refused(&model, &stored));
    // Without its constants it is no member.
    let mut stored = tensors(&detector);
    stored.retain(|own| !own.name.starts_with("detector.members.1."));
    let other = kept(&model, &stored).expect("one member is enough");
    assert_eq!(other.members(), 1);
    assert!(
        other
            .score(&rows)
            .expect("rows that fit")
            .iter()
            .all(|x| x.is_finite())
    );
}
