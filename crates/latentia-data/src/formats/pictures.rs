//! Pictures: a folder of them, or one.

use std::path::Path;

use super::Format;
use crate::dataset::Dataset;
use crate::error::DataError;
use crate::load_options::LoadOptions;
use crate::pictures::{self, Loaded};

/// One picture.
pub(crate) static PICTURE: Format = Format {
    name: "picture",
    endings: &[".png", ".jpg", ".webp", ".bmp", ".tif", ".gif"],
    other_endings: &[".jpeg", ".tiff"],
    signatures: &[
        b"\x89PNG\r\n",
        b"\xff\xd8\xff",
        b"RIFF",
        b"BM",
        b"II*\0",
        b"MM\0*",
        b"GIF8",
    ],
    read: |path, subject, options| dataset(subject, pictures::load_one(path, subject, options)?),
};

/// Reads the folder `path`, with a class for each folder in it.
pub(crate) fn read(
    path: &Path,
    subject: &str,
    options: &LoadOptions,
) -> Result<Dataset, DataError> {
    dataset(subject, pictures::load(path, subject, options)?)
}

fn dataset(subject: &str, loaded: Loaded) -> Result<Dataset, DataError> {
    let dataset = Dataset::from_pictures(subject, loaded.pictures)?.with_notes(loaded.notes);
    match loaded.labels {
        None => Ok(dataset),
        Some(labels) => dataset.with_labels(labels),
    }
}
