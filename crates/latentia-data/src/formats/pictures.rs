//! Pictures: a folder of them, or one.

use std::path::Path;

use latentia_tensor::ColumnKind;

use super::Format;
use crate::dataset::Dataset;
use crate::error::DataError;
use crate::load_options::LoadOptions;
use crate::pictures::{self, Loaded};
use crate::table::Carried;

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
    in_gzip: false,
    read: |path, subject, options| {
        let loaded = pictures::load_one(path, subject, options)?;
        dataset(subject, loaded, options.pictures.carry)
    },
};

/// Reads the folder `path`, with a class for each folder in it.
pub(crate) fn read(
    path: &Path,
    subject: &str,
    options: &LoadOptions,
) -> Result<Dataset, DataError> {
    let loaded = pictures::load(path, subject, options)?;
    dataset(subject, loaded, options.pictures.carry)
}

fn dataset(subject: &str, loaded: Loaded, carry: bool) -> Result<Dataset, DataError> {
    let pictures = &loaded.pictures;
    let mut carried = Vec::new();
    if carry {
        carried.push(Carried::of("path", ColumnKind::Id, pictures.names()));
        let classes = pictures.classes();
        let class = |&label: &u32| &classes[label as usize];
        let labels = loaded.labels.iter().flatten().map(class);
        if loaded.labels.is_some() {
            carried.push(Carried::of("label", ColumnKind::Label, labels));
        }
    }
    let dataset = Dataset::from_pictures(subject, loaded.pictures)?;
    let dataset = dataset.with_notes(loaded.notes).carrying(carried);
    match loaded.labels {
        None => Ok(dataset),
        Some(labels) => dataset.with_labels(labels),
    }
}
