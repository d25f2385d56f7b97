//! What is wrong with a Parquet file.

use std::io;
use std::path::Path;

use crate::error::DataError;

/// Why a part of a file cannot be read.
pub(super) enum Fault {
    /// It is not what the format asks for.
    Broken(&'static str),
    /// It is, but not of what is read; and what to do.
    Unsupported(String, &'static str),
    Io(io::Error),
}

impl Fault {
    /// The error where the `place` of the file `subject` is concerned.
    pub(super) fn at(self, subject: &str, place: impl Into<String>) -> DataError {
        match self {
            Self::Broken(seen) => {
                DataError::invalid(subject, place, seen, "an intact Parquet file")
            }
            Self::Unsupported(seen, expected) => DataError::invalid(subject, place, seen, expected),
            // A file that is shorter than its own footer says.
            Self::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Self::Broken("its end").at(subject, place)
            }
            Self::Io(error) => DataError::read(Path::new(subject), error),
        }
    }
}

pub(super) type Result<T> = std::result::Result<T, Fault>;
