//! Formats with loss, at the quality that is as good.

use std::ops::RangeInclusive;

use super::baseline::Baseline;
use super::images::Images;
use super::jpeg::Jpeg;
use super::measurement::measure;
use super::webp::WebP;

/// JPEG and WebP at the lowest quality whose PSNR is at least `psnr_db`. Where none is as good, the best; where even the worst
/// is better, the worst: `psnr_db` of the result says what it is.
///
/// # Errors
/// When the values are not whole images, or one is too large for a format.
pub fn lossy_at(images: &Images<'_>, psnr_db: f64) -> anyhow::Result<Vec<Baseline>> {
    Ok(vec![
        lowest_quality(1..=100, psnr_db, |quality| jpeg(images, quality))?,
        // Halves, for quality 1 is many times as good as 0.
        lowest_quality(0..=200, psnr_db, |halves| {
            webp(images, f32::from(halves) / 2.0)
        })?,
    ])
}

/// JPEG of each image: the usual tables, colours at half the resolution below quality 90, codes made for the image, in one pass
/// or in several, whichever is smaller.
///
/// # Errors
/// When the quality is not one of 1 to 100, the values are not whole images, or one has more than 65,535 pixels a side.
pub fn jpeg(images: &Images<'_>, quality: u8) -> anyhow::Result<Baseline> {
    let jpeg = Jpeg::new(quality)?;
    measure(&format!("JPEG q{quality}"), &jpeg, images)
}

/// WebP with loss of each image, made by libwebp, set to be good by squared error instead of to the eye.
///
/// # Errors
/// When the quality is not within 0 and 100, the values are not whole images, or one has more than 16,383 pixels a side.
pub fn webp(images: &Images<'_>, quality: f32) -> anyhow::Result<Baseline> {
    let webp = WebP::lossy(images.size()?, quality)?;
    measure(&format!("WebP q{quality}"), &webp, images)
}

/// What the lowest step needs that reaches `psnr_db`, or the last where none does, found by halving.
fn lowest_quality(
    steps: RangeInclusive<u8>,
    psnr_db: f64,
    at: impl Fn(u8) -> anyhow::Result<Baseline>,
) -> anyhow::Result<Baseline> {
    let (mut low, mut high) = steps.into_inner();
    // Always of `high`.
    let mut found = None;
    while low < high {
        let middle = low + (high - low) / 2;
        let baseline = at(middle)?;
        if baseline.psnr_db.is_some_and(|reached| reached >= psnr_db) {
            high = middle;
            found = Some(baseline);
        } else {
            low = middle + 1;
        }
    }
    match found {
        Some(baseline) => Ok(baseline),
        None => at(high),
    }
}
