//! IDX, the format of the MNIST family.
//!
//! Two zero bytes, a type, the number of dimensions, each dimension as a big-endian `u32`, then the values. The first
//! dimension counts the examples.

use std::path::Path;

use super::format::Format;
use crate::dataset::Dataset;
use crate::error::DataError;
use crate::input::Input;
use crate::load_options::LoadOptions;

/// Unsigned bytes, plain or in gzip.
pub(crate) static IDX: Format = Format {
    name: "IDX",
    endings: &[".idx", ".idx.gz"],
    other_endings: &["-ubyte", "-ubyte.gz"],
    signatures: &[&[0, 0, 0x08]],
    in_gzip: true,
    read,
};

fn read(path: &Path, subject: &str, _: &LoadOptions) -> Result<Dataset, DataError> {
    Idx::parse(Input::open_gzip(path, subject)?)?.into_dataset(subject)
}

/// Values of an IDX file and their shape, examples first.
pub(crate) struct Idx {
    shape: Vec<usize>,
    values: Vec<u8>,
}

impl Idx {
    /// Parses a file of unsigned bytes.
    pub(crate) fn parse(mut input: Input<'_>) -> Result<Self, DataError> {
        let subject = input.subject;
        let mut start = [0; 4];
        input.header("IDX header", &mut start)?;
        let [zero, also_zero, kind, rank] = start;
        if (zero, also_zero) != (0, 0) {
            return Err(DataError::invalid(
                subject,
                "first two bytes",
                format!("{zero:#04x} {also_zero:#04x}"),
                "0x00 0x00, as in an IDX file",
            ));
        }
        if kind != 0x08 {
            return Err(DataError::invalid(
                subject,
                "type of the values (byte 2)",
                format!("{kind:#04x} ({})", type_name(kind)),
                "0x08 (unsigned bytes)",
            ));
        }
        if rank == 0 {
            return Err(DataError::invalid(
                subject,
                "number of dimensions (byte 3)",
                "0",
                "1 or more",
            ));
        }
        let mut sizes = vec![0; 4 * usize::from(rank)];
        input.header("dimensions in the IDX header", &mut sizes)?;
        let shape: Vec<u32> = sizes
            .as_chunks()
            .0
            .iter()
            .map(|&size| u32::from_be_bytes(size))
            .collect();
        if shape.contains(&0) {
            return Err(DataError::invalid(
                subject,
                "dimensions",
                format!("{shape:?}"),
                "one example or more, each of one value or more",
            ));
        }
        let claim = shape
            .iter()
            .try_fold(1_u64, |claim, &size| claim.checked_mul(size.into()));
        let Some(claim) = claim else {
            return Err(DataError::invalid(
                subject,
                "dimensions",
                format!("{shape:?}"),
                "fewer than 2^64 values",
            ));
        };
        let values = input.body(claim, &format!("dimensions {shape:?}"))?;
        Ok(Self {
            shape: shape.iter().map(|&size| size as usize).collect(),
            values,
        })
    }

    /// The examples as a set; in a file of one dimension each value is an example.
    pub(crate) fn into_dataset(self, name: &str) -> Result<Dataset, DataError> {
        let shape = match &self.shape[1..] {
            [] => vec![1],
            shape => shape.to_vec(),
        };
        Dataset::from_bytes(name, shape, self.values)
    }

    /// The values as labels.
    pub(crate) fn into_labels(self, subject: &str) -> Result<Vec<u8>, DataError> {
        if self.shape.len() != 1 {
            return Err(DataError::invalid(
                subject,
                "dimensions",
                format!("{:?}", self.shape),
                "one dimension, as labels have",
            ));
        }
        Ok(self.values)
    }
}

fn type_name(kind: u8) -> &'static str {
    match kind {
        0x09 => "signed bytes",
        0x0b => "16-bit integers",
        0x0c => "32-bit integers",
        0x0d => "32-bit floats",
        0x0e => "64-bit floats",
        _ => "no known type",
    }
}
