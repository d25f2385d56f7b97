//! Models come back from their files as they were, or not at all.

use std::fs;
use std::io;
use std::path::PathBuf;

use latentia_models::{
    Autoencoder, ModelFile, Provenance, StoppedBy, StoredTensor, write_atomically,
};
use latentia_tensor::Matrix;
use latentia_testing::numbers;
use proptest::prelude::*;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView, serialize};
use tempfile::TempDir;

use crate::{begin, bits, message, model_spec, training_spec};

fn examples() -> Matrix {
    // Columns of different means and deviations, that no short decimal stands for.
    let data = numbers(1, 90)
        .iter()
        .enumerate()
        .map(|(i, x)| x * (1.0 + (i % 3) as f32) + 0.1 * i as f32)
        .collect();
    Matrix::from_vec(30, 3, data)
}

/// What somebody else keeps with a model, of several types, in the order of the names.
fn attachments() -> Vec<StoredTensor> {
    let tensor = |name: &str, dtype, shape, bytes: &[u8]| StoredTensor {
        name: name.into(),
        dtype,
        shape,
        bytes: bytes.into(),
    };
    vec![
        tensor("symbols.counts", Dtype::U16, vec![1, 2], &[1, 2, 3, 4]),
        tensor("symbols.step", Dtype::F32, vec![1], &0.1f32.to_le_bytes()),
        tensor("z", Dtype::U8, vec![0], &[]),
    ]
}

/// A model that was trained a little, saved in a folder.
fn saved(folder: &TempDir) -> (Autoencoder, Provenance, PathBuf) {
    let spec = model_spec(
        "likelihood = 'mse'\npreprocessing = 'standardise'
         encoder = [
            { layer = 'dense', units = 4, activation = 'tanh' },
            { layer = 'dropout', rate = 0.1 },
            { layer = 'dense', units = 2 },
         ]
         decoder = [{ layer = 'dense' }]",
    );
    let mut model = spec.build(&[3], 1).expect("parts that fit");
    let examples = examples();
    let training = training_spec("epochs = 9\nbatch-size = 8\nlearning-rate = 0.01");
    let mut run = begin(&mut model, training, 1, &examples, Some(&examples)).expect("all fits");
    run.run(&mut ()).expect("it converges");
    let provenance = Provenance {
        warm_start: false,
        preset: "own.toml".into(),
        data: "a \"table\".csv".into(),
        target: None,
        fingerprint: "00ff".into(),
        seed: u64::MAX,
        training: training_spec("epochs = 9"),
        stopped_by: StoppedBy::Epochs,
        history: run.history().to_vec(),
        warnings: vec!["a warning".into()],
    };
    let path = folder.path().join("model.safetensors");
    ModelFile::save(&model, &provenance, &attachments(), &path).expect("the folder can be written");
    (model, provenance, path)
}

fn folder() -> TempDir {
    TempDir::new().expect("a folder can be made")
}

#[test]
fn a_model_comes_back_bit_by_bit() {
    let folder = folder();
    let (model, provenance, path) = saved(&folder);
    let loaded = ModelFile::load(&path).expect("it was just written");
    assert_eq!(loaded.provenance, provenance);
    assert_eq!(loaded.attachments, attachments());
    assert_eq!(loaded.model.spec(), model.spec());
    assert_eq!(loaded.model.shape(), model.shape());
    assert_eq!(loaded.model.scaling(), model.scaling());
    assert_eq!(loaded.model.scaling().shift.len(), 3);
    assert_eq!(bits(&loaded.model), bits(&model));
    let examples = examples();
    let codes = |model: &Autoencoder| model.encode(&examples).expect("all fits");
    assert_eq!(codes(&loaded.model), codes(&model));
    let reconstructions = |model: &Autoencoder| model.reconstruct(&examples).expect("all fits");
    assert_eq!(reconstructions(&loaded.model), reconstructions(&model));
    // A code stands for one reconstruction, wherever it comes from.
    let decoded = loaded.model.decode(&codes(&model)).expect("all fits");
    assert_eq!(decoded, reconstructions(&model));
}

#[test]
fn a_model_lives_in_memory_as_in_a_file() {
    let folder = folder();
    let (model, provenance, path) = saved(&folder);
    let bytes = ModelFile::to_bytes(&model, &provenance, &attachments()).expect("all is finite");
    assert_eq!(bytes, fs::read(path).expect("it was just written"));
    let loaded = ModelFile::from_bytes(&bytes).expect("they are whole");
    assert_eq!(bits(&loaded.model), bits(&model));
    let error = ModelFile::from_bytes(&bytes[..bytes.len() - 1]).expect_err("a byte is missing");
    let error = error.to_string();
    assert!(
        error.starts_with("`model in memory` is no model file"),
        "{error}"
    );
}

#[test]
fn a_model_goes_through_any_writer_and_reader() {
    let folder = folder();
    let (model, provenance, path) = saved(&folder);
    let mut bytes = Vec::new();
    ModelFile::to_writer(&model, &provenance, &attachments(), &mut bytes).expect("memory");
    assert_eq!(bytes, fs::read(path).expect("it was just written"));
    let loaded = ModelFile::from_reader(&bytes[..]).expect("they are whole");
    assert_eq!(bits(&loaded.model), bits(&model));
    assert_eq!(loaded.attachments, attachments());

    // Eight bytes of room, and a file whose half is missing.
    let mut room = [0; 8];
    let full = ModelFile::to_writer(&model, &provenance, &[], &mut room[..]);
    assert!(message(full).starts_with("cannot write `model in memory`: "));
    let half = &bytes[..bytes.len() / 2];
    let cut = message(ModelFile::from_reader(half));
    assert!(
        cut.starts_with("`model in memory` is no model file"),
        "{cut}"
    );
}

#[test]
fn the_same_model_gives_the_same_bytes() {
    let (first, second) = (folder(), folder());
    let read = |path| fs::read(path).expect("it was just written");
    let (_, _, path) = saved(&first);
    let bytes = read(path.clone());
    assert_eq!(read(saved(&second).2), bytes);
    // So does one that was loaded.
    let ModelFile {
        model,
        provenance,
        attachments,
        ..
    } = ModelFile::load(&path).expect("it was just written");
    ModelFile::save(&model, &provenance, &attachments, &path).expect("the folder can be written");
    assert_eq!(read(path), bytes);
}

#[test]
fn others_find_the_weights_by_their_names() {
    let folder = folder();
    let (model, _, path) = saved(&folder);
    let bytes = fs::read(path).expect("it was just written");
    let tensors = SafeTensors::deserialize(&bytes).expect("it is the format");
    let mut found: Vec<_> = tensors
        .iter()
        .map(|(name, tensor)| (name, tensor.dtype(), tensor.shape().to_vec()))
        .filter(|(name, ..)| name.starts_with("encoder.") || name.starts_with("decoder."))
        .collect();
    found.sort_unstable_by_key(|(name, ..)| *name);
    let expected = [
        ("decoder.0.bias", Dtype::F32, vec![3]),
        ("decoder.0.weight", Dtype::F32, vec![2, 3]),
        ("encoder.0.bias", Dtype::F32, vec![4]),
        ("encoder.0.weight", Dtype::F32, vec![3, 4]),
        ("encoder.2.bias", Dtype::F32, vec![2]),
        ("encoder.2.weight", Dtype::F32, vec![4, 2]),
    ];
    assert_eq!(found, expected);
    let weight = tensors.tensor("encoder.2.weight").expect("it is listed");
    let (numbers, _) = weight.data().as_chunks();
    let numbers: Vec<f32> = numbers.iter().map(|x| f32::from_le_bytes(*x)).collect();
    assert_eq!(numbers, model.chain().parameters()[2].value.as_slice());
}

/// The message that refuses these bytes.
fn refused(bytes: &[u8]) -> String {
    let folder = folder();
    let path = folder.path().join("other");
    fs::write(&path, bytes).expect("the folder can be written");
    message(ModelFile::load(&path))
}

#[test]
fn files_of_others_are_refused_in_words() {
    let ones = 1f32.to_le_bytes();
    let tensor = TensorView::new(Dtype::F32, vec![1], &ones).expect("one number");
    let theirs = serialize([("encoder.0.weight", tensor)], None).expect("one tensor");
    let error = refused(&theirs);
    assert!(
        error.ends_with(
            "is a safetensors file without the key `latentia`; it is no model file of latentia"
        ),
        "{error}"
    );
    for other in [&b""[..], b"PNG", &[0; 100], &[0xff; 100]] {
        let error = refused(other);
        assert!(
            error.contains("is no model file, or is cut short"),
            "{error}"
        );
    }
    let error = message(ModelFile::load(&folder().path().join("absent")));
    assert!(error.starts_with("cannot read `"), "{error}");
}

#[test]
fn a_newer_format_is_told_apart_from_damage() {
    let folder = folder();
    let (.., path) = saved(&folder);
    let mut bytes = fs::read(&path).expect("it was just written");
    let pattern = br#"\"format\":1"#;
    let at = bytes
        .windows(pattern.len())
        .position(|window| window == pattern)
        .expect("the format is in the metadata");
    bytes[at + pattern.len() - 1] = b'2';
    let error = refused(&bytes);
    assert!(
        error.ends_with("has format 2; this version reads up to 1: use a newer latentia"),
        "{error}"
    );
}

#[test]
fn a_write_that_fails_leaves_what_was_there() {
    let folder = folder();
    let path = folder.path().join("file");
    let write = |text: &'static str, fails: bool| {
        write_atomically(&path, |out| {
            out.write_all(text.as_bytes())?;
            match fails {
                true => Err(io::Error::other("disk full")),
                false => Ok(()),
            }
        })
    };
    write("old", false).expect("the folder can be written");
    let error = message(write("new", true));
    assert!(error.starts_with("cannot write `"), "{error}");
    assert!(error.ends_with("`: disk full"), "{error}");
    let read = || fs::read_to_string(&path).expect("it was written");
    assert_eq!(read(), "old");
    write("new", false).expect("the folder can be written");
    assert_eq!(read(), "new");
    // No temporary file stays behind.
    let files = fs::read_dir(folder.path()).expect("a folder");
    assert_eq!(files.count(), 1);
}

/// Whether two files hold the same model.
fn assert_same(a: &ModelFile, b: &ModelFile) {
    assert_eq!(bits(&a.model), bits(&b.model));
    assert_eq!(a.model.spec(), b.model.spec());
    assert_eq!(a.model.shape(), b.model.shape());
    assert_eq!(a.model.scaling(), b.model.scaling());
    assert_eq!(a.provenance, b.provenance);
    assert_eq!(a.attachments, b.attachments);
}

#[test]
fn no_byte_can_change_unseen() {
    let folder = folder();
    let (.., path) = saved(&folder);
    let good = fs::read(&path).expect("it was just written");
    let original = ModelFile::load(&path).expect("it was just written");
    let load = |bytes: &[u8]| {
        fs::write(&path, bytes).expect("the folder can be written");
        ModelFile::load(&path)
    };
    let header = u64::from_le_bytes(good[..8].try_into().expect("eight bytes")) as usize + 8;
    let config = ProptestConfig {
        cases: 2000,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    // Half of the changes in the header, where more can go wrong.
    let place = prop_oneof![0..header, 0..good.len()];
    proptest!(config, |(at in place, change in 1u8.., cut in any::<bool>())| {
        if cut {
            prop_assert!(load(&good[..at]).is_err());
            return Ok(());
        }
        let mut bytes = good.clone();
        bytes[at] ^= change;
        if let Ok(loaded) = load(&bytes) {
            assert_same(&loaded, &original);
        }
    });
}
