//! CIFAR-10, from its archive, unpacked, and file by file.

use std::fs;
use std::path::Path;

use latentia_data::{DataError, Locations, Source, load};
use latentia_tensor::Rows;
use tar::{Builder, EntryType, Header};
use tempfile::TempDir;

use crate::{gzip, load_file, values};

/// A record whose pixel `i` has the colours `red + i`, `red + i + 1` and `red + i + 2`, modulo 256.
fn record(label: u8, red: usize) -> Vec<u8> {
    let plane = |channel: usize| (0..1024).map(move |i| (red + i + channel) as u8);
    let planes = (0..3).flat_map(plane);
    std::iter::once(label).chain(planes).collect()
}

/// The files of a set of six records, by their names.
fn files() -> Vec<(String, Vec<u8>)> {
    let train = (1..=5).map(|number| format!("data_batch_{number}.bin"));
    let names = train.chain(["test_batch.bin".to_owned()]);
    let content = |number| record(number as u8, 10 * number);
    names
        .enumerate()
        .map(|(number, name)| (name, content(number)))
        .collect()
}

fn tar(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut archive = Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = Header::new_gnu();
        header.set_size(content.len() as u64);
        let path = format!("cifar-10-batches-bin/{name}");
        let content = content.as_slice();
        archive.append_data(&mut header, path, content).unwrap();
    }
    archive.into_inner().unwrap()
}

fn load_from(folder: &Path) -> Result<Source, DataError> {
    let folders = vec![folder.to_owned()];
    load("cifar10", &Locations { folders })
}

#[track_caller]
fn check(folder: &Path) {
    let Source { train, test } = load_from(folder).unwrap();
    let test = test.unwrap();
    assert_eq!((train.rows(), test.rows()), (5, 1));
    assert_eq!(train.shape(), [32, 32, 3]);
    assert_eq!(train.labels(), Some([0, 1, 2, 3, 4].as_slice()));
    assert_eq!(test.labels(), Some([5].as_slice()));
    assert_eq!(
        values(&train)[3072..][..6],
        [10.0, 11.0, 12.0, 11.0, 12.0, 13.0]
    );
    assert_eq!(values(&test)[..3], [50.0, 51.0, 52.0]);
}

#[test]
fn the_set_is_its_archive_or_what_was_in_it() {
    let folder = TempDir::new().unwrap();
    let set = folder.path().join("cifar10");
    let inner = set.join("cifar-10-batches-bin");
    fs::create_dir_all(&inner).unwrap();
    let error = load_from(folder.path()).unwrap_err().to_string();
    let expected = format!("`cifar10` is in none of `{}`", folder.path().display());
    assert_eq!(error, expected);

    let archive = set.join("cifar-10-binary.tar.gz");
    fs::write(&archive, gzip(&tar(&files()))).unwrap();
    check(folder.path());
    fs::remove_file(&archive).unwrap();
    for place in [&inner, &set] {
        for (name, content) in files() {
            fs::write(place.join(name), content).unwrap();
        }
        check(folder.path());
        fs::remove_file(place.join("test_batch.bin")).unwrap();
        load_from(folder.path()).unwrap_err();
    }
}

#[track_caller]
fn check_refused(archive: &[u8], expected: &str) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("cifar10/cifar-10-binary.tar.gz");
    fs::create_dir(folder.path().join("cifar10")).unwrap();
    fs::write(&path, gzip(archive)).unwrap();
    let error = load_from(folder.path()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("`{}`: {expected}", path.display())
    );
}

#[test]
fn an_archive_that_is_not_whole_is_refused() {
    let check = check_refused;
    let whole = tar(&files());
    check(
        &whole[..300],
        "header of file 0 in the archive (from 0): found failed to read entire block, expected an intact tar archive",
    );
    check(
        &whole[..1000],
        "`data_batch_1.bin` in the archive: found 488 bytes, expected 3073 bytes",
    );
    check(
        &tar(&files()[..2]),
        "files in the archive: found no `data_batch_3.bin`, expected the six files of CIFAR-10",
    );
    let mut changed = whole.clone();
    changed[0] = b'x';
    check(
        &changed,
        "header of file 0 in the archive (from 0): found archive header checksum mismatch, expected an intact tar archive",
    );
}

#[test]
fn what_an_archive_claims_does_no_harm() {
    let check = |change: &dyn Fn(&mut Header), expected: &str| {
        let mut archive = tar(&files());
        let (first, _) = archive.split_at_mut(512);
        let mut header = Header::from_byte_slice(first).clone();
        change(&mut header);
        header.set_cksum();
        first.copy_from_slice(header.as_bytes());
        check_refused(&archive, expected);
    };
    let claim = |size: &'static [u8; 12]| {
        move |header: &mut Header| header.as_mut_bytes()[124..136].copy_from_slice(size)
    };
    let found = tar(&files()).len() - 512;
    check(
        &claim(b"777777777777"),
        &format!(
            "`data_batch_1.bin` in the archive: found {found} bytes, expected 68719476735 bytes"
        ),
    );
    check(
        &claim(b"elephant\x1b[2m"),
        "header of file 0 in the archive (from 0): found numeric field was not a number: elephant\\u{1b}[2m when getting \
         size for cifar-10-batches-bin/data_batch_1.bin, expected an intact tar archive",
    );
    check(
        &claim(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
        "header of file 0 in the archive (from 0): found size overflow, expected an intact tar archive",
    );
    // A name of 64 GiB for the next file is not read.
    check(
        &|header| {
            header.set_entry_type(EntryType::GNULongName);
            claim(b"777777777777")(header);
        },
        "header of file 1 in the archive (from 0): found unexpected EOF during skip, expected an intact tar archive",
    );
    check(
        &|header| header.set_entry_type(EntryType::Symlink),
        "files in the archive: found no `data_batch_1.bin`, expected the six files of CIFAR-10",
    );
}

#[test]
fn a_file_of_records_is_data_too() {
    let two = [record(9, 0), record(3, 100)].concat();
    let set = load_file("some.bin", &two).unwrap();
    assert_eq!((set.rows(), &set.shape()[..]), (2, [32, 32, 3].as_slice()));
    assert_eq!(set.labels(), Some([9, 3].as_slice()));
    assert_eq!(values(&set)[3072..][..4], [100.0, 101.0, 102.0, 101.0]);
    let check = |content: &[u8], expected: &str| {
        let error = load_file("some.bin", content).unwrap_err();
        assert_eq!(error, format!("`some.bin`: {expected}"));
    };
    let expected = "expected a multiple of 3073, as records of CIFAR-10 have";
    check(&two[1..], &format!("length: found 6145 bytes, {expected}"));
    check(b"", &format!("length: found 0 bytes, {expected}"));
    check(
        &[record(9, 0), record(77, 0)].concat(),
        "label of record 1 (from 0): found 77, expected 0 to 9, as in CIFAR-10",
    );
}
