//! Formats without loss.

use super::baseline::Baseline;
use super::images::Images;
use super::measurement::measure;
use super::png::Png;
use super::streams;
#[cfg(feature = "baselines")]
use super::webp::WebP;

/// PNG and WebP of each image, and gzip, bzip2 and xz of all values as one stream, each with the setting that makes it smallest;
/// without the feature `baselines`, PNG and gzip.
///
/// # Errors
/// When the values are not whole images, one is too large for a format, or what is read back is not what was written.
pub fn lossless(images: &Images<'_>) -> anyhow::Result<Vec<Baseline>> {
    Ok(vec![
        measure("PNG", &Png, images)?,
        #[cfg(feature = "baselines")]
        measure("WebP lossless", &WebP::lossless(images.size()?)?, images)?,
        streams::gzip(images.values)?,
        #[cfg(feature = "baselines")]
        streams::bzip2(images.values)?,
        #[cfg(feature = "baselines")]
        streams::xz(images.values)?,
    ])
}
