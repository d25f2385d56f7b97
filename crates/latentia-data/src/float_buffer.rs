//! Floats of a file as they come: in memory up to a limit, beyond it on the disk.

use std::env;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use crate::stored::Stored;
use crate::{DataError, Dataset};

/// Floats that come one after the other and become a [`Dataset`].
pub(crate) struct FloatBuffer {
    name: String,
    memory: usize,
    kept: Kept,
    count: usize,
    range: (f32, f32),
    /// The first that is not finite, and which it is.
    not_finite: Option<(usize, f32)>,
}

enum Kept {
    Memory(Vec<f32>),
    Disk(BufWriter<File>),
    /// Where they come from.
    Nowhere,
}

impl FloatBuffer {
    /// Keeps up to `memory` bytes in memory.
    pub(crate) fn new(name: &str, memory: usize) -> Self {
        Self {
            name: name.to_owned(),
            memory,
            kept: Kept::Memory(Vec::new()),
            count: 0,
            range: (f32::INFINITY, f32::NEG_INFINITY),
            not_finite: None,
        }
    }

    /// Keeps nothing: the values can be read again from where they are.
    pub(crate) fn that_looks_only(name: &str) -> Self {
        Self {
            kept: Kept::Nowhere,
            ..Self::new(name, 0)
        }
    }

    /// Takes the next floats.
    pub(crate) fn push(&mut self, floats: &[f32]) -> Result<(), DataError> {
        let (mut low, mut high, mut finite) = (self.range.0, self.range.1, true);
        for &value in floats {
            low = low.min(value);
            high = high.max(value);
            finite &= value.is_finite();
        }
        self.range = (low, high);
        if !finite && self.not_finite.is_none() {
            let at = floats.iter().position(|value| !value.is_finite());
            self.not_finite = at.map(|at| (self.count + at, floats[at]));
        }
        self.count += floats.len();
        if let Kept::Memory(kept) = &mut self.kept
            && self.count * size_of::<f32>() > self.memory
        {
            let kept = std::mem::take(kept);
            let file = temporary_file().map_err(|error| self.disk_error(error))?;
            self.kept = Kept::Disk(BufWriter::with_capacity(1 << 16, file));
            self.keep(&kept)?;
        }
        self.keep(floats)
    }

    fn keep(&mut self, floats: &[f32]) -> Result<(), DataError> {
        let kept = match &mut self.kept {
            Kept::Memory(kept) => {
                kept.extend_from_slice(floats);
                Ok(())
            }
            Kept::Disk(file) => {
                let mut floats = floats.iter();
                floats.try_for_each(|float| file.write_all(&float.to_le_bytes()))
            }
            Kept::Nowhere => Ok(()),
        };
        kept.map_err(|error| self.disk_error(error))
    }

    /// How many there were.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The smallest and the largest of those that came, in rows of `cols`.
    ///
    /// # Errors
    /// When one is not finite.
    pub(crate) fn range(&self, cols: usize) -> Result<(f32, f32), DataError> {
        match self.not_finite {
            Some((at, value)) => Err(not_finite(&self.name, at, cols, value)),
            None => Ok(self.range),
        }
    }

    /// A set of examples of shape `shape`.
    pub(crate) fn into_dataset(self, shape: Vec<usize>) -> Result<Dataset, DataError> {
        let range = self.range(shape.iter().product())?;
        match self.kept {
            Kept::Memory(floats) => Dataset::from_floats(self.name, shape, floats),
            Kept::Disk(file) => {
                let file = file
                    .into_inner()
                    .map_err(|error| disk_error(&self.name, error.into_error()))?;
                Dataset::from_stored(
                    &self.name,
                    shape,
                    Stored::in_own_file(file, self.count),
                    range,
                )
            }
            Kept::Nowhere => Dataset::from_floats(self.name, shape, Vec::new()),
        }
    }

    fn disk_error(&self, error: io::Error) -> DataError {
        disk_error(&self.name, error)
    }
}

/// The error that value `at` is not finite, in rows of `cols`.
pub(crate) fn not_finite(name: &str, at: usize, cols: usize, value: f32) -> DataError {
    DataError::invalid(
        name,
        format!("row {}, column {} (from 0)", at / cols, at % cols),
        value.to_string(),
        "a finite number within the range of f32",
    )
}

fn disk_error(name: &str, source: io::Error) -> DataError {
    DataError::Disk {
        name: name.to_owned(),
        folder: temporary_folder(),
        source,
    }
}

/// A file without a name, which is gone when the program ends, however it ends.
fn temporary_file() -> io::Result<File> {
    tempfile::tempfile_in(temporary_folder())
}

/// `$TMPDIR` where it is set, else a folder for large files: `/tmp` is in memory on many systems.
fn temporary_folder() -> PathBuf {
    let large = PathBuf::from("/var/tmp");
    match env::var_os("TMPDIR").is_none() && large.is_dir() {
        true => large,
        false => env::temp_dir(),
    }
}
