//! A folder of pictures in PNG and JPEG.

use std::path::Path;

use crate::dataset::Dataset;
use crate::error::DataError;
use crate::load_options::LoadOptions;
use crate::pictures;

/// Reads the folder `path`, with a class for each folder in it.
pub(crate) fn read(
    path: &Path,
    subject: &str,
    options: &LoadOptions,
) -> Result<Dataset, DataError> {
    let (pictures, labels) = pictures::load(path, subject, options)?;
    let dataset = Dataset::from_pictures(subject, pictures)?;
    match labels {
        None => Ok(dataset),
        Some(labels) => dataset.with_labels(labels),
    }
}
