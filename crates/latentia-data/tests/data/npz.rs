//! NPZ files: those of NumPy, and others made byte by byte.

use std::io::Write;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use latentia_data::{LoadOptions, load_with};
use latentia_tensor::Rows;
use proptest::prelude::*;
use tempfile::TempDir;

use crate::{load_file, nowhere, npy, values};

/// A file within an archive, and what the archive says of it.
struct Member {
    name: &'static str,
    stored: Vec<u8>,
    method: u16,
    crc: u32,
    length: u32,
}

impl Member {
    fn new(name: &'static str, content: &[u8], is_compressed: bool) -> Self {
        let mut crc = Crc::new();
        crc.update(content);
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).unwrap();
        Self {
            name,
            stored: match is_compressed {
                true => encoder.finish().unwrap(),
                false => content.to_vec(),
            },
            method: if is_compressed { 8 } else { 0 },
            crc: crc.sum(),
            length: content.len() as u32,
        }
    }

    /// What its header beside the data and that in the directory share.
    fn header(&self) -> Vec<u8> {
        let shorts = [20, 0, self.method, 0, 0].map(u16::to_le_bytes);
        let longs = [self.crc, self.stored.len() as u32, self.length].map(u32::to_le_bytes);
        let names = [self.name.len() as u16, 0].map(u16::to_le_bytes);
        [
            shorts.as_flattened(),
            longs.as_flattened(),
            names.as_flattened(),
        ]
        .concat()
    }
}

/// An archive as the specification has it (APPNOTE.TXT 4.3).
fn zip(members: &[Member]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for member in members {
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(member.header());
        directory.extend([0; 10]);
        directory.extend((file.len() as u32).to_le_bytes());
        directory.extend(member.name.as_bytes());
        file.extend(b"PK\x03\x04");
        file.extend(member.header());
        file.extend(member.name.as_bytes());
        file.extend(&member.stored);
    }
    let start = file.len() as u32;
    let count = members.len() as u16;
    file.extend(&directory);
    file.extend(b"PK\x05\x06\0\0\0\0");
    file.extend([count, count].map(u16::to_le_bytes).as_flattened());
    file.extend(
        [directory.len() as u32, start]
            .map(u32::to_le_bytes)
            .as_flattened(),
    );
    file.extend([0; 2]);
    file
}

fn array(descr: &str, shape: &str, body: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    npy(&header, body)
}

fn floats(rows: usize, cols: usize) -> Vec<u8> {
    let body: Vec<u8> = (0..rows * cols)
        .flat_map(|i| (i as f32).to_le_bytes())
        .collect();
    array("<f4", &format!("({rows}, {cols})"), &body)
}

#[track_caller]
fn refused(members: &[Member], expected: &str) {
    let error = load_file("a.npz", &zip(members)).unwrap_err();
    assert_eq!(error, expected);
}

#[test]
fn files_of_numpy_are_read() {
    let load = |name: &str| {
        let file = std::fs::read(format!("../../fuzz/seeds/npz/{name}")).unwrap();
        // By its name, and by its first bytes.
        let (named, unnamed) = (load_file("a.npz", &file), load_file("a", &file));
        let loaded = unnamed.unwrap();
        assert_eq!(
            named.unwrap().fingerprint().unwrap(),
            loaded.fingerprint().unwrap()
        );
        let labels = loaded.labels().map(<[u32]>::to_vec);
        (
            values(&loaded),
            loaded.shape().to_vec(),
            loaded.is_bytes(),
            labels,
        )
    };
    let halves = vec![0.0, 0.5, 1.0, 1.5, 2.0, 2.5];
    assert_eq!(load("savez"), (halves.clone(), vec![2], false, None));
    assert_eq!(
        load("savez-compressed"),
        (halves.clone(), vec![2], false, Some(vec![2, 0, 1]))
    );
    assert_eq!(load("fortran"), (halves, vec![2], false, None));
    let bytes = (0..8).map(|i| i as f32).collect();
    assert_eq!(load("bytes"), (bytes, vec![2, 2], true, Some(vec![7, 255])));
}

#[test]
fn examples_are_known_by_their_name_and_the_others_refused() {
    let member = |name, shape: &str| {
        let count: usize = if shape.contains("(3") { 6 } else { 2 };
        Member::new(name, &array("|u1", shape, &vec![0; count]), true)
    };
    let save = "save one alone, such as `numpy.save('examples.npy', numpy.load('a.npz')";
    refused(
        &[
            member("x_train.npy", "(3, 2)"),
            member("x_test.npy", "(1, 2)"),
        ],
        &format!(
            "`a.npz`: arrays: found `x_train` [3, 2], `x_test` [1, 2], expected one array, or `x` and its labels `y`; {save}['x_train'])`"
        ),
    );
    refused(
        &[member("x.npy", "(3, 2)"), member("y.npy", "(2,)")],
        "`a.npz[y]`: labels: found shape [2] of `|u1`, expected 3 integers from 0 to 65535, a label for each example",
    );
    for (more, said) in [
        ("data.npy", "`data` [1, 2]"),
        ("y.npy", "`y` [1, 2]"),
        ("other.npy", "`other` [1, 2]"),
    ] {
        refused(
            &[
                member("x.npy", "(3, 2)"),
                member("label.npy", "(3, 2)"),
                member(more, "(1, 2)"),
            ],
            &format!(
                "`a.npz`: arrays: found `x` [3, 2], `label` [3, 2], {said}, expected one array, or `x` and its labels `y`; {save}['x'])`"
            ),
        );
    }
    for (descr, body, seen) in [
        ("<f4", 1_f32.to_le_bytes().as_slice(), "shape [1] of `<f4`"),
        ("<i2", &(-1_i16).to_le_bytes(), "-1"),
        ("<i4", &65_536_i32.to_le_bytes(), "65536"),
    ] {
        let examples = Member::new("x.npy", &floats(1, 2), false);
        let labels = Member::new("labels.npy", &array(descr, "(1,)", body), false);
        refused(
            &[labels, examples],
            &format!(
                "`a.npz[labels]`: labels: found {seen}, expected 1 integers from 0 to 65535, a label for each example"
            ),
        );
    }
    refused(
        &[Member::new("xl/workbook.xml", b"<a/>", true)],
        "`a.npz`: arrays in the zip file: found none, expected an array or several in NPY, as `numpy.savez` writes them; save a spreadsheet as \
             CSV, unpack an archive of other files",
    );
}

#[test]
fn what_the_directory_says_must_be_so() {
    let good = || Member::new("x.npy", &floats(2, 2), true);
    assert_eq!(
        values(&load_file("a.npz", &zip(&[good()])).unwrap()),
        [0.0, 1.0, 2.0, 3.0]
    );
    for (broken, seen) in [
        (
            Member { crc: 1, ..good() },
            "cannot read `a.npz[x]`: the zip file is damaged: ",
        ),
        (
            Member {
                length: 1,
                ..good()
            },
            "cannot read `a.npz[x]`: the zip file is damaged: ",
        ),
        (
            Member {
                method: 0,
                ..good()
            },
            "`a.npz[x]`: first six bytes: found ",
        ),
        (
            Member {
                method: 14,
                ..good()
            },
            "`a.npz[x]`: compression: found ",
        ),
        (
            Member {
                stored: vec![0xff; 9],
                ..good()
            },
            "cannot read `a.npz[x]`: the zip file is damaged: ",
        ),
    ] {
        let error = load_file("a.npz", &zip(&[broken])).unwrap_err();
        assert!(error.starts_with(seen), "{error}");
    }
    let file = zip(&[good()]);
    for length in 0..file.len() {
        load_file("a.npz", &file[..length]).unwrap_err();
    }
    let many: Vec<_> = (0..1025).map(|_| good()).collect();
    let error = load_file("a.npz", &zip(&many)).unwrap_err();
    assert!(
        error.starts_with("`a.npz`: files in it: found more than 1024"),
        "{error}"
    );
}

#[test]
fn an_array_larger_than_memory_is_read_from_the_disk_whatever_its_type() {
    let folder = TempDir::new().unwrap();
    let body: Vec<u8> = (0..40_000).map(|i| (i % 251) as u8).collect();
    let arrays = [
        array("|u1", "(10000, 4)", &body),
        array("<f4", "(2500, 4)", &[0, 0, 0x80, 0x3f].repeat(10_000)),
        array(">i2", "(5000, 4)", &body),
    ];
    for (file, is_compressed) in arrays.iter().flat_map(|file| [(file, false), (file, true)]) {
        let path = folder.path().join("a.npz");
        std::fs::write(&path, zip(&[Member::new("x.npy", file, is_compressed)])).unwrap();
        let load = |memory| {
            let options = LoadOptions {
                memory,
                ..LoadOptions::default()
            };
            load_with(path.to_str().unwrap(), &nowhere(), &options)
                .unwrap()
                .train
        };
        let (whole, stored) = (load(usize::MAX), load(1000));
        assert_eq!(whole.fingerprint().unwrap(), stored.fingerprint().unwrap());
        assert_eq!(values(&whole), values(&stored));
        assert_eq!(whole.is_bytes(), stored.is_bytes());
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        bytes in prop::collection::vec(any::<u8>(), 6),
        labels in prop::collection::vec(any::<u8>(), 3),
        order in prop::sample::select(vec!["<", ">"]),
        is_compressed in any::<bool>(),
        (x, y) in prop::sample::select(vec![("x.npy", "y.npy"), ("X.npy", "label.npy"), ("data.npy", "labels.npy"), ("arr_0.npy", "arr_1.npy")]),
        labels_first in any::<bool>(),
    ) {
        for (kind, size) in [("i1", 1), ("u1", 1), ("b1", 1), ("i2", 2), ("u2", 2), ("i4", 4), ("u4", 4), ("i8", 8), ("u8", 8)] {
            // Integers of one byte, in the last place of those that are longer.
            let wide = |values: &[u8]| -> Vec<u8> {
                let widened = values.iter().flat_map(|&value| {
                    let mut bytes = vec![0; size];
                    bytes[if order == "<" { 0 } else { size - 1 }] = value;
                    bytes
                });
                widened.collect()
            };
            let descr = format!("{order}{kind}");
            let mut members = vec![
                Member::new(x, &array(&descr, "(3, 2)", &wide(&bytes)), is_compressed),
                Member::new(y, &array(&descr, "(3,)", &wide(&labels)), is_compressed),
            ];
            if labels_first {
                members.reverse();
            }
            let loaded = load_file("a.npz", &zip(&members));
            if kind == "i1" && labels.iter().any(|&label| label > 127) {
                prop_assert!(loaded.is_err());
                continue;
            }
            let loaded = loaded.unwrap();
            let value = |byte: &u8| match kind {
                "i1" => f32::from(*byte as i8),
                "b1" => f32::from(*byte != 0),
                _ => f32::from(*byte),
            };
            let expected: Vec<f32> = bytes.iter().map(value).collect();
            prop_assert_eq!(values(&loaded), expected);
            let expected: Vec<u32> = labels.iter().map(|label| value(label) as u32).collect();
            prop_assert_eq!(loaded.labels(), Some(&expected[..]));
            prop_assert_eq!((loaded.rows(), loaded.is_bytes()), (3, kind == "u1"));
        }
    }

    #[test]
    fn a_flipped_bit_does_no_harm(is_compressed in any::<bool>(), at in any::<prop::sample::Index>(), bit in 0..8) {
        let mut file = zip(&[Member::new("x.npy", &floats(3, 2), is_compressed)]);
        *at.get_mut(&mut file) ^= 1_u8 << bit;
        if let Ok(loaded) = load_file("a.npz", &file) {
            prop_assert_eq!(values(&loaded), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        }
    }

    #[test]
    fn arbitrary_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = load_file("a.npz", &bytes);
        let _ = load_file("a.npz", &[&bytes, &zip(&[])[..]].concat());
        let _ = load_file("a.npz", &zip(&[Member::new("x.npy", &bytes, false)]));
    }
}
