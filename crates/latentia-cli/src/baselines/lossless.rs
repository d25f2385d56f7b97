//! Formats without loss.

use super::baseline::Baseline;
use super::images::Images;
use super::measurement::measure;
use super::png::Png;
use super::streams;
use super::webp::WebP;

/// PNG and WebP of each image, and gzip, bzip2 and xz of all values as one stream, each with the setting that makes it smallest.
///
/// # Errors
/// When the values are not whole images, a format has no room for one, or what is read back is not what was written.
pub fn lossless(images: &Images<'_>) -> anyhow::Result<Vec<Baseline>> {
    let size = images.size()?;
    Ok(vec![
        measure("PNG", &Png, images)?,
        measure("WebP lossless", &WebP::lossless(size)?, images)?,
        streams::gzip(images.values)?,
        streams::bzip2(images.values)?,
        streams::xz(images.values)?,
    ])
}
