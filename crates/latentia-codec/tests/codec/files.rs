//! Files that are damaged, forged, of another version or of another model.

use std::path::Path;

use latentia_codec::{Codec, CodecError, Method, Quantiser};
use latentia_models::ModelFile;
use proptest::prelude::*;

use crate::case::{Bytes, LOGISTIC, PLAIN, compress, decompress, file, same};

#[test]
fn a_quantiser_comes_back_from_its_model_file_or_is_told_to_be_damaged() {
    let examples = Bytes::pictures(20, 48);
    let mut file = file(PLAIN, &[48], &examples);
    let quantiser = Quantiser::fit(&file.model, &examples).expect("examples that fit");
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("model.safetensors");
    ModelFile::save(&file.model, &file.provenance, &file.attachments, &path)
        .expect("the folder can be written");
    let loaded = ModelFile::load(&path).expect("it was just written");
    let kept = Quantiser::of(&loaded).expect("it was just written");
    assert_eq!(kept, Some(quantiser));

    let good = file.attachments.clone();
    for number in 0..good.len() {
        let mut cut_short = good.clone();
        cut_short[number].bytes.truncate(2);
        let mut absent = good.clone();
        absent.remove(number);
        let mut of_other_numbers = good.clone();
        of_other_numbers[number].bytes.fill(0x80);
        for damaged in [cut_short, absent, of_other_numbers] {
            // Any counts are possible ones.
            if damaged.len() == good.len()
                && damaged[number].name == "symbols.counts"
                && damaged[number].bytes.len() == good[number].bytes.len()
            {
                continue;
            }
            file.attachments = damaged;
            let refused = Codec::new(&file, Method::Lossy { step: 1 }, true);
            let error = refused.err().expect("it is damaged");
            assert_eq!(
                error.to_string(),
                "the model file is damaged: the symbols do not fit the code; restore it from a copy or train again"
            );
        }
    }
}

#[test]
fn the_quantiser_of_the_first_model_files_is_found() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../latentia-models/tests/models");
    let file = ModelFile::load(&folder.join("formats/model-1.safetensors")).expect("it was ours");
    assert!(Quantiser::of(&file).expect("it was ours").is_some());
}

#[test]
fn another_model_and_a_newer_version_are_told_apart_from_damage() {
    let examples = Bytes::pictures(20, 48);
    let model = file(PLAIN, &[48], &examples);
    let bytes = {
        let codec = Codec::new(&model, Method::Lossy { step: 3 }, true).expect("it can");
        compress(&codec, &examples)
    };
    let mut newer = bytes.clone();
    newer[8] = 9;
    let error = decompress(&newer, &model).expect_err("newer");
    assert!(
        matches!(error, CodecError::Newer { seen: 9, .. }),
        "{error}"
    );
    let error = decompress(b"PK\x03\x04 something else", &model).expect_err("foreign");
    assert!(matches!(error, CodecError::Foreign(_)), "{error}");
    let other = ModelFile {
        digest: "a5".repeat(32),
        ..model
    };
    let error = decompress(&bytes, &other).expect_err("another model");
    assert!(matches!(error, CodecError::OtherModel { .. }), "{error}");
}

/// A header that claims `examples` examples, with a checksum that fits.
fn claiming(bytes: &[u8], examples: u64) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let at = 8 + 2 + 2 + 2 + 1 + 4;
    bytes[at..at + 8].copy_from_slice(&examples.to_le_bytes());
    let end = at + 8 + 4 + 32;
    let checksum = crc32fast::hash(&bytes[..end]);
    bytes[end..end + 4].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

#[test]
fn a_claim_of_more_than_the_file_can_hold_takes_no_memory() {
    let examples = Bytes::pictures(20, 48);
    let model = file(PLAIN, &[48], &examples);
    let codec = Codec::new(&model, Method::Lossy { step: 3 }, true).expect("it can");
    let bytes = compress(&codec, &examples);
    assert_eq!(claiming(&bytes, 20), bytes);
    for claimed in [u64::MAX, 1 << 40, 1 << 20] {
        let error = decompress(&claiming(&bytes, claimed), &model).expect_err("a lie");
        assert!(matches!(error, CodecError::Damaged(_)), "{error}");
    }
    // Fewer than there are.
    for claimed in [0, 1, 19] {
        let error = decompress(&claiming(&bytes, claimed), &model).expect_err("a lie");
        assert!(matches!(error, CodecError::Damaged(_)), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_file_that_changed_is_an_error_or_the_right_examples(
        flips in prop::collection::vec((any::<prop::sample::Index>(), 1u8..=255), 0..3),
        cut in prop::option::of(any::<prop::sample::Index>()),
        appended in prop::collection::vec(any::<u8>(), 0..3),
        lossless in any::<bool>(),
    ) {
        let examples = Bytes::pictures(30, 48);
        let (spec, method) = match lossless {
            true => (LOGISTIC, Method::BitsBack),
            false => (PLAIN, Method::Residual { step: 4 }),
        };
        let model = file(spec, &[48], &examples);
        let codec = Codec::new(&model, method, true).expect("it can");
        let mut bytes = compress(&codec, &examples);
        for (at, flip) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        bytes.extend(appended);
        if let Ok(values) = decompress(&bytes, &model) {
            prop_assert!(same(&values, &examples));
        }
    }

    /// What a checksum does not catch, because someone made it fit.
    #[test]
    fn forged_chunks_never_panic(payload in prop::collection::vec(any::<u8>(), 0..200), method in 0..3) {
        let examples = Bytes::pictures(30, 48);
        let (spec, method) = match method {
            0 => (LOGISTIC, Method::BitsBack),
            1 => (PLAIN, Method::Residual { step: 4 }),
            _ => (PLAIN, Method::Lossy { step: 4 }),
        };
        let model = file(spec, &[48], &examples);
        let codec = Codec::new(&model, method, true).expect("it can");
        let mut bytes = compress(&codec, &examples);
        bytes.truncate(8 + 2 + 2 + 2 + 1 + 4 + 8 + 4 + 32 + 4);
        bytes.extend((payload.len() as u32).to_le_bytes());
        bytes.extend(crc32fast::hash(&payload).to_le_bytes());
        bytes.extend(payload);
        match decompress(&bytes, &model) {
            Ok(values) => prop_assert_eq!(values.len(), 30 * 48),
            Err(error) => prop_assert!(matches!(error, CodecError::Damaged(_)), "{}", error),
        }
    }
}
