//! CIFAR-10 in its binary form: records of a label and three planes of 32 by 32 bytes, red, green and blue.

use std::fs;
use std::path::Path;

use crate::error::counted;
use crate::input::Input;
use crate::sets::NamedSet;
use crate::tar::Tar;
use crate::{DataError, Dataset, Locations, Source};

const SIDE: usize = 32;
const PLANE: usize = SIDE * SIDE;
const CHANNELS: usize = 3;
const CLASSES: u8 = 10;

/// Bytes in a record.
pub(crate) const RECORD: usize = 1 + CHANNELS * PLANE;

/// The files of the set: those to train on in their order, then the one to test on.
pub(crate) const FILES: [&str; 6] = [
    "data_batch_1.bin",
    "data_batch_2.bin",
    "data_batch_3.bin",
    "data_batch_4.bin",
    "data_batch_5.bin",
    "test_batch.bin",
];

/// The set, from its archive or from the files that were in it.
pub(crate) fn load_set(set: &NamedSet, locations: &Locations) -> Result<Source, DataError> {
    let Some(paths) = locations.find(set) else {
        return Err(DataError::NotFound {
            name: set.name,
            folders: locations.folders.clone(),
        });
    };
    let mut records: [Records; 6] = Default::default();
    if let [archive] = paths.as_slice() {
        read_archive(archive, &mut records)?;
    } else {
        for (records, path) in records.iter_mut().zip(&paths) {
            let subject = path.display().to_string();
            let bytes = fs::read(path).map_err(|error| DataError::read(path, error))?;
            records.add(&bytes, &subject, "length")?;
        }
    }
    let [mut train, others @ .., test] = records;
    for part in others {
        train.pixels.extend(part.pixels);
        train.labels.extend(part.labels);
    }
    Ok(Source {
        train: train.into_dataset(set.name)?,
        test: Some(test.into_dataset(set.name)?),
    })
}

/// A file of records.
pub(crate) fn read(path: &Path, subject: &str) -> Result<Dataset, DataError> {
    let bytes = fs::read(path).map_err(|error| DataError::read(path, error))?;
    let mut records = Records::default();
    records.add(&bytes, subject, "length")?;
    records.into_dataset(subject)
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
    let missing = records.iter().position(|records| records.labels.is_empty());
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

/// Pictures, channels last, and their classes.
#[derive(Default)]
struct Records {
    pixels: Vec<u8>,
    labels: Vec<u8>,
}

impl Records {
    fn add(&mut self, bytes: &[u8], subject: &str, place: &str) -> Result<(), DataError> {
        if bytes.is_empty() || !bytes.len().is_multiple_of(RECORD) {
            return Err(DataError::invalid(
                subject,
                place,
                counted(bytes.len() as u64, "byte"),
                format!("a multiple of {RECORD}, as records of CIFAR-10 have"),
            ));
        }
        self.pixels.reserve(bytes.len());
        for (number, record) in bytes.chunks_exact(RECORD).enumerate() {
            let (label, planes) = (record[0], &record[1..]);
            if label >= CLASSES {
                return Err(DataError::invalid(
                    subject,
                    format!("label of record {number} (from 0)"),
                    label.to_string(),
                    "0 to 9, as in CIFAR-10",
                ));
            }
            self.labels.push(label);
            for pixel in 0..PLANE {
                let channels = [0, PLANE, 2 * PLANE].map(|plane| planes[plane + pixel]);
                self.pixels.extend(channels);
            }
        }
        Ok(())
    }

    fn into_dataset(self, name: &str) -> Result<Dataset, DataError> {
        let shape = vec![SIDE, SIDE, CHANNELS];
        Dataset::from_bytes(name, shape, self.pixels)?.with_labels(self.labels)
    }
}
