//! CIFAR-10 in its binary form: records of a label and three channels of 32 by 32 bytes, red, green and blue.

use std::fs;
use std::path::Path;

use super::format::Format;
use crate::dataset::Dataset;
use crate::error::{DataError, counted};
use crate::load_options::LoadOptions;

/// Records, one after another.
pub(crate) static CIFAR: Format = Format {
    name: "CIFAR-10",
    endings: &[".bin"],
    other_endings: &[],
    signatures: &[],
    in_gzip: false,
    read,
};

const SIDE: usize = 32;
const PIXELS: usize = SIDE * SIDE;
const CHANNELS: usize = 3;
const CLASSES: u8 = 10;

/// Bytes in a record.
const RECORD: usize = 1 + CHANNELS * PIXELS;

fn read(path: &Path, subject: &str, _: &LoadOptions) -> Result<Dataset, DataError> {
    let mut records = Records::default();
    records.add_file(path, subject)?;
    records.into_dataset(subject)
}

/// Pictures, channels last, and their classes.
#[derive(Default)]
pub(crate) struct Records {
    pixels: Vec<u8>,
    labels: Vec<u32>,
}

impl Records {
    /// Adds the records of a file.
    pub(crate) fn add_file(&mut self, path: &Path, subject: &str) -> Result<(), DataError> {
        let bytes = fs::read(path).map_err(|error| DataError::read(path, error))?;
        self.add(&bytes, subject, "length")
    }

    /// Adds records; `place` names their length in messages.
    pub(crate) fn add(
        &mut self,
        bytes: &[u8],
        subject: &str,
        place: &str,
    ) -> Result<(), DataError> {
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
            let (label, channels) = (record[0], &record[1..]);
            if label >= CLASSES {
                return Err(DataError::invalid(
                    subject,
                    format!("label of record {number} (from 0)"),
                    label.to_string(),
                    "0 to 9, as in CIFAR-10",
                ));
            }
            self.labels.push(label.into());
            for pixel in 0..PIXELS {
                let colour = [0, PIXELS, 2 * PIXELS].map(|start| channels[start + pixel]);
                self.pixels.extend(colour);
            }
        }
        Ok(())
    }

    /// Adds the records of `other`.
    pub(crate) fn append(&mut self, mut other: Self) {
        self.pixels.append(&mut other.pixels);
        self.labels.append(&mut other.labels);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    pub(crate) fn into_dataset(self, name: &str) -> Result<Dataset, DataError> {
        let shape = vec![SIDE, SIDE, CHANNELS];
        Dataset::from_bytes(name, shape, self.pixels)?.with_labels(self.labels)
    }
}
