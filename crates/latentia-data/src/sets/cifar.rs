//! CIFAR-10, from its archive or from the files that were in it.

use std::io;
use std::path::{Path, PathBuf};

use tar::Archive;

use super::named_set::{NamedFile, NamedSet};
use crate::error::{DataError, printable};
use crate::formats::cifar::Records;
use crate::input::{Input, read_error};
use crate::source::Source;

/// Pictures of ten classes.
pub(crate) const CIFAR10: NamedSet = NamedSet {
    name: "cifar10",
    summary: "colour pictures of animals and vehicles",
    examples: (50_000, 10_000),
    shape: &[32, 32, 3],
    licence: "NOASSERTION",
    source: "Alex Krizhevsky, https://www.cs.toronto.edu/~kriz/cifar.html",
    files: &[NamedFile {
        name: "cifar-10-binary.tar",
        bytes: 170_052_171,
        sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        compressed: true,
    }],
    unpacked: &FILES,
    mirrors: &["https://www.cs.toronto.edu/~kriz/"],
    load,
};

/// The files of the set: those to train on in their order, then the one to test on.
const FILES: [&str; 6] = [
    "data_batch_1.bin",
    "data_batch_2.bin",
    "data_batch_3.bin",
    "data_batch_4.bin",
    "data_batch_5.bin",
    "test_batch.bin",
];

fn load(set: &NamedSet, paths: &[PathBuf]) -> Result<Source, DataError> {
    let mut records: [Records; 6] = Default::default();
    if let [archive] = paths {
        read_archive(archive, &mut records)?;
    } else {
        for (records, path) in records.iter_mut().zip(paths) {
            records.add_file(path, &path.display().to_string())?;
        }
    }
    let [mut train, others @ .., test] = records;
    for part in others {
        train.append(part);
    }
    Ok(Source {
        train: train.into_dataset(set.name)?,
        test: Some(test.into_dataset(set.name)?),
    })
}

fn read_archive(path: &Path, records: &mut [Records; 6]) -> Result<(), DataError> {
    let subject = path.display().to_string();
    let mut archive = Archive::new(Input::open_gzip(path, &subject)?.into_reader());
    let entries = archive
        .entries()
        .map_err(|error| read_error(&subject, error))?;
    // Raw: extensions of headers, which may be of any length, are not read into memory.
    for (number, entry) in entries.raw(true).enumerate() {
        let entry = entry.map_err(|error| header_error(&subject, number, error))?;
        let path = entry.path_bytes().into_owned();
        let name = path.rsplit(|&byte| byte == b'/').next();
        let place = FILES.iter().position(|file| name == Some(file.as_bytes()));
        if let Some(place) = place.filter(|_| entry.header().entry_type().is_file()) {
            let (name, length) = (FILES[place], entry.size());
            let mut input = Input::from_reader(entry, &subject);
            let content = input.exactly(length, &format!("`{name}` in the archive"))?;
            records[place].add(&content, &subject, &format!("length of `{name}`"))?;
        }
    }
    match records.iter().position(|records| records.is_empty()) {
        Some(missing) => Err(DataError::invalid(
            subject.as_str(),
            "files in the archive",
            format!("no `{}`", FILES[missing]),
            "the six files of CIFAR-10",
        )),
        None => Ok(()),
    }
}

fn header_error(subject: &str, number: usize, error: io::Error) -> DataError {
    match error.kind() {
        // What the archive's parser says; it may show names from the archive.
        io::ErrorKind::Other => DataError::invalid(
            subject,
            format!("header of file {number} in the archive (from 0)"),
            printable(&error.to_string(), 200),
            "an intact tar archive",
        ),
        _ => read_error(subject, error),
    }
}
