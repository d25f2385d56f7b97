//! CIFAR-10, from its archive or from the files that were in it.

use std::path::{Path, PathBuf};

use super::named_set::{NamedFile, NamedSet};
use crate::error::DataError;
use crate::formats::cifar::Records;
use crate::input::Input;
use crate::source::Source;
use crate::tar::Tar;

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
    let mut tar = Tar::new(Input::open_gzip(path, &subject)?);
    while let Some(entry) = tar.next()? {
        if let Some(number) = FILES.iter().position(|name| *name == entry.name) {
            let place = format!("length of `{}`", entry.name);
            records[number].add(&tar.content(&entry)?, &subject, &place)?;
        }
    }
    let missing = records.iter().position(|records| records.is_empty());
    match missing {
        Some(number) => Err(DataError::invalid(
            subject.as_str(),
            "files in the archive",
            format!("no `{}`", FILES[number]),
            "the six files of CIFAR-10",
        )),
        None => Ok(()),
    }
}
