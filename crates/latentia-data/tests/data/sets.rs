//! Sets that have names.
#![allow(clippy::print_stderr, reason = "a test that is left out says so")]

use std::collections::HashSet;
use std::fs;

use latentia_data::{CATALOGUE, Locations, NamedSet, Source, load};
use latentia_tensor::Rows;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::{gzip, idx, nowhere, values};

#[test]
fn mnist_mini_is_built_in() {
    let Source { train, test } = load("mnist-mini", &nowhere()).unwrap();
    let test = test.unwrap();
    assert_eq!((train.rows(), test.rows()), (5_000, 1_000));
    for set in [&train, &test] {
        assert_eq!(set.name(), "mnist-mini");
        assert_eq!(
            (&set.shape()[..], set.is_bytes()),
            ([28, 28].as_slice(), true)
        );
        assert_eq!(set.range(), (0.0, 255.0));
    }
    assert_eq!(train.labels().unwrap()[..5], [5, 0, 4, 1, 9]);
    assert_eq!(test.labels().unwrap()[..5], [7, 2, 1, 0, 4]);
    let mean = |values: Vec<f32>| {
        values.iter().map(|&value| f64::from(value)).sum::<f64>() / values.len() as f64
    };
    assert_eq!(mean(values(&train)), 130_170_281.0 / 3_920_000.0);
    assert_eq!(mean(values(&test)), 24_443_134.0 / 784_000.0);
    assert_eq!(
        train.fingerprint().unwrap(),
        "6939ad12e16363cc2e5433601a798f23e242b4d91739d5f1ff7210cee812b71f"
    );
}

#[test]
fn random_is_that_of_numpy() {
    // What is built in needs no folder at all.
    let folders = Vec::new();
    let Source { train, test } = load("random", &Locations { folders }).unwrap();
    assert!(test.is_none());
    assert_eq!((train.rows(), &train.shape()[..]), (100, [10].as_slice()));
    assert_eq!(train.range(), (0.004_632_023, 0.999_717_65));
    assert_eq!(values(&train)[..2], [0.374_540_12, 0.950_714_3]);
    // hashlib over numpy.random.RandomState(42).rand(100, 10).astype('<f4').
    assert_eq!(
        train.fingerprint().unwrap(),
        "08a9195221a30dc2a4136db38cddbd15c1df650203a7679f0445c9ab46be2930"
    );
}

#[test]
fn shapes_are_every_combination_of_their_factors() {
    let Source { train, test } = load("shapes", &nowhere()).unwrap();
    let test = test.unwrap();
    let mut seen = HashSet::new();
    for set in [&train, &test] {
        assert_eq!((set.range(), set.is_bytes()), ((0.0, 255.0), true));
        let factors = set.factors().unwrap();
        assert_eq!(factors.examples(), set.rows());
        for row in 0..set.rows() {
            assert_eq!(set.label(row as u32), Some(factors.of(row)[0]));
            assert!(seen.insert(factors.of(row).to_vec()), "{row} comes twice");
        }
    }
    assert_eq!(seen.len(), 3 * 6 * 20 * 16 * 16);
    let largest = (0..5).map(|factor| seen.iter().map(|own| own[factor]).max().unwrap());
    assert_eq!(largest.collect::<Vec<_>>(), [2, 5, 19, 15, 15]);
    // The same pictures on every machine.
    assert_eq!(
        test.fingerprint().unwrap(),
        "0b2003de0f7fb1470c909c159a2ae35a2e31e36d921d4e0668fcd6357a0ee46a"
    );

    let some = test.choose(&[5, 3]);
    let (of_some, of_all) = (some.factors().unwrap(), test.factors().unwrap());
    assert_eq!([of_some.of(0), of_some.of(1)], [of_all.of(5), of_all.of(3)]);
    let error = some.with_factors(of_all.clone()).unwrap_err().to_string();
    assert!(
        error.contains("9216") && error.contains("2, all"),
        "{error}"
    );
}

/// Writes a small set of MNIST's form and loads it from there.
fn load_small(images: [&[u8]; 2], labels: [&[u8]; 2]) -> Result<Source, String> {
    let folder = TempDir::new().unwrap();
    let set = folder.path().join("mnist");
    fs::create_dir(&set).unwrap();
    fs::write(set.join("train-images-idx3-ubyte"), images[0]).unwrap();
    fs::write(set.join("train-labels-idx1-ubyte.gz"), gzip(labels[0])).unwrap();
    fs::write(set.join("t10k-images-idx3-ubyte.gz"), gzip(images[1])).unwrap();
    fs::write(set.join("t10k-labels-idx1-ubyte"), labels[1]).unwrap();
    let locations = Locations {
        folders: vec!["/nowhere".into(), folder.path().to_owned()],
    };
    let without_folder = |error: String| error.replace(&format!("{}/", set.display()), "");
    load("mnist", &locations).map_err(|error| without_folder(error.to_string()))
}

#[test]
fn files_may_be_plain_or_gzip_and_must_agree() {
    let (two, one) = (idx(&[2, 1, 2], &[1, 2, 3, 4]), idx(&[1, 1, 2], &[5, 6]));
    let (labels_two, labels_one) = (idx(&[2], &[8, 9]), idx(&[1], &[7]));

    let source = load_small([&two, &one], [&labels_two, &labels_one]).unwrap();
    assert_eq!(values(&source.train), [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(source.train.labels(), Some([8, 9].as_slice()));
    assert_eq!(values(&source.test.unwrap()), [5.0, 6.0]);

    assert_eq!(
        load_small([&two, &one], [&labels_one, &labels_one]).unwrap_err(),
        "`train-images-idx3-ubyte`: labels: found 1, expected 2, one for each example"
    );
    assert_eq!(
        load_small([&two, &one], [&labels_two, &one]).unwrap_err(),
        "`t10k-labels-idx1-ubyte`: dimensions: found [1, 1, 2], expected one dimension, as labels have"
    );
    assert_eq!(
        load_small(
            [&two, &idx(&[1, 2, 2], &[0; 4])],
            [&labels_two, &labels_one]
        )
        .unwrap_err(),
        "`t10k-images-idx3-ubyte.gz`: shape of an image: found 2x2, expected 1x2, as in \
         `train-images-idx3-ubyte`"
    );
}

#[test]
fn the_catalogue_is_complete() {
    for set in CATALOGUE {
        assert_eq!(NamedSet::find(set.name).unwrap().name, set.name);
        assert_eq!(set.is_built_in(), set.mirrors.is_empty(), "{}", set.name);
        assert!(set.mirrors.iter().all(|mirror| mirror.ends_with('/')));
        for file in set.files {
            assert_eq!(file.sha256.len(), 64, "{} of {}", file.name, set.name);
        }
        if set.is_built_in() {
            let source = load(set.name, &nowhere()).unwrap();
            let tests = source.test.map_or(0, |test| test.rows());
            assert_eq!((source.train.rows(), tests), set.examples, "{}", set.name);
            assert_eq!(source.train.shape(), set.shape, "{}", set.name);
        }
    }
    assert!(NamedSet::find("cats").is_none());
}

#[test]
fn full_sets_are_what_the_catalogue_says() {
    let locations = Locations::new(None);
    for set in CATALOGUE.iter().filter(|set| !set.is_built_in()) {
        let Some(paths) = locations.find(set) else {
            eprintln!(
                "`{}` is left out: put it into $LATENTIA_DATA_DIR to test it",
                set.name
            );
            continue;
        };
        // What was in an archive has no digest of its own.
        let are_files = paths.len() == set.files.len();
        for (path, file) in paths.iter().zip(set.files).filter(|_| are_files) {
            let mut content = fs::read(path).unwrap();
            if !file.compressed && content.starts_with(&[0x1f, 0x8b]) {
                let mut plain = Vec::new();
                std::io::copy(
                    &mut flate2::read::GzDecoder::new(content.as_slice()),
                    &mut plain,
                )
                .unwrap();
                content = plain;
            }
            assert_eq!(content.len() as u64, file.bytes, "{}", path.display());
            let digest = hex::encode(Sha256::digest(&content));
            assert_eq!(digest, file.sha256, "{}", path.display());
        }
        let Source { train, test } = load(set.name, &locations).unwrap();
        let test = test.unwrap();
        assert_eq!((train.rows(), test.rows()), set.examples);
        assert_eq!(train.shape(), set.shape);
        if set.name == "mnist" {
            let mini = load("mnist-mini", &locations).unwrap();
            assert_eq!(values(&mini.train), values(&train)[..3_920_000]);
            assert_eq!(values(&mini.test.unwrap()), values(&test)[..784_000]);
            assert_eq!(
                mini.train.labels().unwrap(),
                &train.labels().unwrap()[..5_000]
            );
        }
    }
}
