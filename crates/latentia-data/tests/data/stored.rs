//! Tables that do not fit into memory.

use std::fs::{self, File};

use latentia_data::{LoadOptions, load_with};
use latentia_tensor::{Matrix, Rows};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::{nowhere, npy, values};

/// Loads a file, of which `memory` bytes stay in memory.
fn load(folder: &TempDir, name: &str, memory: usize) -> latentia_data::Dataset {
    let options = LoadOptions {
        memory,
        ..LoadOptions::default()
    };
    let path = folder.path().join(name);
    let source = load_with(path.to_str().unwrap(), &nowhere(), &options);
    source.unwrap().train
}

/// A table as CSV and as NPY of every type, in both orders.
fn files(cols: usize, floats: &[f32]) -> Vec<(&'static str, Vec<u8>)> {
    let rows = floats.len() / cols;
    let mut text = String::new();
    for row in floats.chunks(cols) {
        let row: Vec<String> = row.iter().map(f32::to_string).collect();
        text += &(row.join(",") + "\n");
    }
    let array = |descr: &str, order: &str, body: Vec<u8>| {
        let header =
            format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': ({rows}, {cols})}}");
        npy(&header, &body)
    };
    let bytes = |each: &dyn Fn(f32) -> Vec<u8>| floats.iter().flat_map(|&x| each(x)).collect();
    vec![
        ("a.csv", text.into_bytes()),
        (
            "i2.npy",
            array(
                "<i2",
                "False",
                bytes(&|x| (x as i16).to_le_bytes().to_vec()),
            ),
        ),
        ("u1.npy", array("|u1", "False", bytes(&|x| vec![x as u8]))),
        ("u1f.npy", array("|u1", "True", bytes(&|x| vec![x as u8]))),
        (
            "f4.npy",
            array("<f4", "False", bytes(&|x| x.to_le_bytes().to_vec())),
        ),
        (
            "f4f.npy",
            array("<f4", "True", bytes(&|x| x.to_le_bytes().to_vec())),
        ),
        (
            "f4b.npy",
            array(">f4", "False", bytes(&|x| x.to_be_bytes().to_vec())),
        ),
        (
            "f8.npy",
            array(
                "<f8",
                "False",
                bytes(&|x| f64::from(x).to_le_bytes().to_vec()),
            ),
        ),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 50, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_examples_wherever_they_are(
        cols in 1..9_usize,
        floats in prop::collection::vec(0_f32..200.0, 9..2000),
        memory in prop_oneof![Just(0_usize), 1..2000_usize],
        indices in prop::collection::vec(any::<prop::sample::Index>(), 1..40),
    ) {
        let floats = &floats[..floats.len() / cols * cols];
        let folder = TempDir::new().unwrap();
        for (name, content) in files(cols, floats) {
            fs::write(folder.path().join(name), content).unwrap();
            let (whole, stored) = (load(&folder, name, usize::MAX), load(&folder, name, memory));
            prop_assert_eq!(whole.fingerprint().unwrap(), stored.fingerprint().unwrap());
            prop_assert_eq!(whole.range(), stored.range());
            prop_assert_eq!(whole.is_bytes(), stored.is_bytes());
            prop_assert_eq!(whole.rows(), stored.rows());
            prop_assert_eq!(values(&whole), values(&stored));
            let indices: Vec<u32> = indices.iter().map(|i| i.index(whole.rows()) as u32).collect();
            let read = |rows: &dyn Rows| {
                let mut out = Matrix::zeros(indices.len(), cols);
                rows.read(&indices, out.view_mut()).unwrap();
                out
            };
            prop_assert_eq!(read(&whole), read(&stored));
        }
    }
}

#[test]
fn a_row_longer_than_what_is_read_at_once() {
    let floats: Vec<f32> = (0..2 * 10_000).map(|i| (i % 251) as f32).collect();
    let folder = TempDir::new().unwrap();
    for (name, content) in files(10_000, &floats) {
        fs::write(folder.path().join(name), content).unwrap();
        let [whole, stored] = [usize::MAX, 0].map(|memory| values(&load(&folder, name, memory)));
        assert!(whole == stored, "{name}");
    }
}

#[test]
fn a_file_that_changes_while_it_is_read_is_noticed() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.npy");
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2)}";
    fs::write(&path, npy(header, &[0; 24])).unwrap();
    let set = load(&folder, "a.npy", 0);
    let read = || {
        let mut out = Matrix::zeros(1, 2);
        set.read(&[2], out.view_mut())
            .map_err(|error| error.to_string())
    };
    assert_eq!(read(), Ok(()));
    // Of the same length, a moment later.
    let file = File::options().write(true).open(&path).unwrap();
    let then = file.metadata().unwrap().modified().unwrap();
    file.set_modified(then + std::time::Duration::from_secs(1))
        .unwrap();
    let changed = format!("`{}` has changed since it was loaded", path.display());
    assert_eq!(read(), Err(changed.clone()));
    file.set_modified(then).unwrap();
    assert_eq!(read(), Ok(()));
    file.set_len(100).unwrap();
    assert_eq!(read(), Err(changed));
    // One that is taken away stays as long as it is open.
    fs::write(&path, npy(header, &[0; 24])).unwrap();
    let set = load(&folder, "a.npy", 0);
    fs::remove_file(&path).unwrap();
    assert_eq!(values(&set), [0.0; 6]);
}
