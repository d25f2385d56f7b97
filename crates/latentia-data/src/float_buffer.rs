//! Floats of a file as they come: in memory up to a limit, beyond it on the disk.

use std::env;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use crate::dataset::Dataset;
use crate::error::DataError;
use crate::stored::StoredValues;

/// Floats that come one after the other and become a [`Dataset`].
pub(crate) struct FloatBuffer {
    name: String,
    /// How many stay in memory.
    capacity: usize,
    in_memory: Vec<f32>,
    overflow: Overflow,
    count: usize,
    range: (f32, f32),
    /// Whether one that is no number stands for one that is missing.
    has_gaps: bool,
    /// The first that is not finite, and which it is.
    not_finite: Option<(usize, f32)>,
}

/// Where the values are that do not fit into memory.
enum Overflow {
    None,
    Temporary(BufWriter<File>),
    /// They can be read again from the file that they came from.
    Source,
}

impl FloatBuffer {
    /// Keeps the first `memory` bytes in memory, the others on the disk.
    pub(crate) fn new(name: &str, memory: usize) -> Self {
        Self {
            name: name.to_owned(),
            capacity: memory / size_of::<f32>(),
            in_memory: Vec::new(),
            overflow: Overflow::None,
            count: 0,
            range: (f32::INFINITY, f32::NEG_INFINITY),
            has_gaps: false,
            not_finite: None,
        }
    }

    /// As [`Self::new`], where NaN stands for a value that is missing and all others are finite.
    pub(crate) fn with_gaps(name: &str, memory: usize) -> Self {
        Self {
            has_gaps: true,
            ..Self::new(name, memory)
        }
    }

    /// As [`Self::new`], where the others can be read again from where they came.
    pub(crate) fn with_source(name: &str, memory: usize) -> Self {
        Self {
            overflow: Overflow::Source,
            ..Self::new(name, memory)
        }
    }

    /// Appends floats.
    pub(crate) fn push(&mut self, floats: &[f32]) -> Result<(), DataError> {
        let (mut low, mut high, mut finite) = (self.range.0, self.range.1, true);
        for &value in floats {
            low = low.min(value);
            high = high.max(value);
            finite &= value.is_finite();
        }
        self.range = (low, high);
        if !finite && !self.has_gaps && self.not_finite.is_none() {
            let at = floats.iter().position(|value| !value.is_finite());
            self.not_finite = at.map(|at| (self.count + at, floats[at]));
        }
        self.count += floats.len();
        let fit = floats.len().min(self.capacity - self.in_memory.len());
        let (fit, rest) = floats.split_at(fit);
        self.in_memory.extend_from_slice(fit);
        let written = match rest {
            [] => Ok(()),
            rest => self.write(rest),
        };
        written.map_err(|error| disk_error(&self.name, error))
    }

    fn write(&mut self, floats: &[f32]) -> io::Result<()> {
        if let Overflow::None = self.overflow {
            self.overflow =
                Overflow::Temporary(BufWriter::with_capacity(1 << 16, temporary_file()?));
        }
        let Overflow::Temporary(file) = &mut self.overflow else {
            return Ok(());
        };
        let mut floats = floats.iter();
        floats.try_for_each(|float| file.write_all(&float.to_le_bytes()))
    }

    /// How many floats there are.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Those in memory, and the smallest and the largest of all, in rows of `cols`.
    ///
    /// # Errors
    /// When one is not finite.
    pub(crate) fn into_values(self, cols: usize) -> Result<(Vec<f32>, (f32, f32)), DataError> {
        match self.not_finite {
            Some((at, value)) => Err(DataError::not_finite(&self.name, at, cols, value)),
            None => Ok((self.in_memory, self.range)),
        }
    }

    /// A set of examples of shape `shape`.
    ///
    /// # Errors
    /// When a value is not finite, the values do not make whole examples, or the disk is full.
    pub(crate) fn into_dataset(mut self, shape: Vec<usize>) -> Result<Dataset, DataError> {
        let (name, count) = (self.name.clone(), self.count);
        let overflow = std::mem::replace(&mut self.overflow, Overflow::None);
        let (in_memory, range) = self.into_values(shape.iter().product())?;
        let Overflow::Temporary(file) = overflow else {
            return Dataset::from_values(name, shape, in_memory, range);
        };
        let file = file
            .into_inner()
            .map_err(|error| disk_error(&name, error.into_error()))?;
        Dataset::from_stored(
            &name,
            shape,
            StoredValues::in_own_file(file, count, in_memory),
            range,
        )
    }
}

pub(crate) fn disk_error(name: &str, source: io::Error) -> DataError {
    DataError::Disk {
        name: name.to_owned(),
        folder: temporary_folder(),
        source,
    }
}

/// A file without a name, which is gone when the program ends, however it ends.
pub(crate) fn temporary_file() -> io::Result<File> {
    tempfile::tempfile_in(temporary_folder())
}

/// `$TMPDIR` where it is set, else a folder for large files: `/tmp` is in memory on many systems.
pub(crate) fn temporary_folder() -> PathBuf {
    let large = PathBuf::from("/var/tmp");
    match env::var_os("TMPDIR").is_none() && large.is_dir() {
        true => large,
        false => env::temp_dir(),
    }
}
