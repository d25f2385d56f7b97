//! What a name or a path stands for.

use std::fs::File;
use std::io::Read;
use std::path::{self, Path};

use crate::formats::idx::Idx;
use crate::formats::{cifar, csv, npy, pictures};
use crate::input::{Input, open};
use crate::sets::{CATALOGUE, NamedSet};
use crate::{DataError, Dataset, LoadOptions, Locations};

/// The examples that a name or a path stands for.
#[derive(Clone, Debug)]
pub struct Source {
    /// Those to train on: all that a file holds.
    pub train: Dataset,
    /// Those to test on, where the set keeps some apart.
    pub test: Option<Dataset>,
}

/// Loads what `data` stands for: a name in the [`CATALOGUE`], the path of a file in NPY, CSV, IDX, the
/// last plain or in gzip, or in the binary form of CIFAR-10, or the path of a folder of pictures in PNG and JPEG.
///
/// A known name wins over a file in the working folder; `./mnist` is always a path. A file's format follows from its
/// name, or else from its first bytes. A folder of folders has a class for each of them, in the order of their names.
///
/// # Errors
/// When neither a set nor a file is called `data`, when a named set is in none of `locations`, and when a file cannot
/// be read or breaks the rules of its format. A picture that cannot be read is left out
/// ([`Pictures::refused`](crate::Pictures::refused)); it is an error when no other is left.
pub fn load(data: &str, locations: &Locations) -> Result<Source, DataError> {
    load_with(data, locations, &LoadOptions::default())
}

/// Loads what `data` stands for, as [`load`] does, in the way that `options` say.
///
/// # Errors
/// As [`load`], and when the options are out of range.
pub fn load_with(
    data: &str,
    locations: &Locations,
    options: &LoadOptions,
) -> Result<Source, DataError> {
    let path = Path::new(data);
    if !data.contains(path::is_separator) {
        if let Some(set) = NamedSet::find(data) {
            return (set.load)(set, locations);
        }
        if path.extension().is_none() && !path.exists() {
            return Err(DataError::UnknownName {
                name: data.to_owned(),
                known: CATALOGUE.iter().map(|set| set.name).collect(),
            });
        }
    }
    let train = match Format::of(path, data)? {
        Format::Npy => npy::read(open(path)?, data, options.memory)?,
        Format::Csv => csv::read(Input::open(path, data)?, options.memory)?,
        Format::Idx => Idx::parse(Input::open_gzip(path, data)?)?.into_dataset(data)?,
        Format::Cifar => cifar::read(path, data)?,
        Format::Pictures => pictures::read(path, data, options)?,
    };
    Ok(Source { train, test: None })
}

enum Format {
    Npy,
    Csv,
    Idx,
    Cifar,
    Pictures,
}

impl Format {
    fn of(path: &Path, subject: &str) -> Result<Self, DataError> {
        let mut start = Vec::new();
        let metadata = path
            .metadata()
            .map_err(|error| DataError::read(path, error))?;
        if metadata.is_dir() {
            return Ok(Self::Pictures);
        }
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .to_ascii_lowercase();
        if name.ends_with(".npy") {
            return Ok(Self::Npy);
        }
        if name.ends_with(".csv") {
            return Ok(Self::Csv);
        }
        if name.ends_with(".bin") {
            return Ok(Self::Cifar);
        }
        if [".idx", ".idx.gz", "-ubyte", ".gz"]
            .iter()
            .any(|end| name.ends_with(end))
        {
            return Ok(Self::Idx);
        }
        if !metadata.is_file() {
            let seen = "no regular file, and no ending that says it";
            return Err(Self::unknown(subject, seen));
        }
        File::open(path)
            .and_then(|file| file.take(6).read_to_end(&mut start))
            .map_err(|error| DataError::read(path, error))?;
        match start.as_slice() {
            b"\x93NUMPY" => Ok(Self::Npy),
            [0x1f, 0x8b, ..] | [0, 0, 0x08, ..] => Ok(Self::Idx),
            _ => Err(Self::unknown(subject, &format!("first bytes {start:02x?}"))),
        }
    }

    fn unknown(subject: &str, seen: &str) -> DataError {
        DataError::invalid(
            subject,
            "kind of file",
            seen,
            "an NPY, CSV, IDX or CIFAR-10 file (`.npy`, `.csv`, `.idx`, `.idx.gz`, `.bin`) or a folder of PNG and JPEG files",
        )
    }
}
