//! The same images in other formats, and what each needs for them.
//!
//! Every byte of a file counts, headers and all, and every file is read again: that a format without loss gives the same values
//! back is checked, what a format with loss gives back is measured. Images are coded on all threads; the seconds are those of
//! one, summed over the images. Only sums are kept, no files, except the one file of a stream.

mod jpeg;
mod png;
mod streams;
mod webp;

use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use rayon::prelude::*;

use self::jpeg::Jpeg;
use self::png::Png;
use self::webp::WebP;

/// Images of 8-bit values, one after another.
#[derive(Clone, Copy, Debug)]
pub struct Images<'a> {
    /// Row after row, the colours of a pixel beside each other.
    pub values: &'a [u8],
    /// Rows of an image.
    pub height: usize,
    /// Pixels of a row.
    pub width: usize,
    /// 1 (grey) or 3 (red, green, blue).
    pub channels: usize,
}

/// What a format needs for some images.
#[derive(Clone, Debug, PartialEq)]
pub struct Rival {
    /// The format, and its quality where it has one: `PNG`, `JPEG q37`.
    pub name: String,
    /// Of all files together, or of the one stream.
    pub bytes: u64,
    /// Without what is there for any image of this size; absent for streams, whose headers are few bytes.
    ///
    /// - PNG: the compressed rows alone (`IDAT`), without signature, sizes and checksums of chunks
    /// - WebP: without the 30 bytes before the arithmetic code, or 25 of a file without loss
    /// - JPEG: the data of the scans alone. They cannot be read without the tables of codes in the headers, which are made for
    ///   each image: no JPEG is as small, even if all images shared one header
    pub bytes_without_headers: Option<u64>,
    /// Of all values, one mean squared error with a peak of 255; absent where nothing is lost, infinite where something could
    /// have been and was not.
    pub psnr_db: Option<f64>,
    /// Of one thread, summed over the images; where two settings were tried and the smaller file kept, of both.
    pub encode_seconds: f64,
    /// Of one thread, summed over the images.
    pub decode_seconds: f64,
}

/// PNG and WebP of each image, and gzip, bzip2 and xz of all values as one stream, each with the setting that makes it smallest.
///
/// # Errors
/// When the values are not whole images, a format has no room for one, or what is read back is not what was written.
pub fn lossless(images: &Images<'_>) -> anyhow::Result<Vec<Rival>> {
    let size = images.size()?;
    Ok(vec![
        measure("PNG", &Png, images)?,
        measure("WebP lossless", &WebP::lossless(size)?, images)?,
        streams::gzip(images.values)?,
        streams::bzip2(images.values)?,
        streams::xz(images.values)?,
    ])
}

/// JPEG and WebP at the lowest quality whose PSNR is at least `psnr_db`. Where none is as good, the best; where even the worst
/// is better, the worst: `psnr_db` of the result says what it is.
///
/// # Errors
/// When the values are not whole images, or a format has no room for one.
pub fn lossy_at(images: &Images<'_>, psnr_db: f64) -> anyhow::Result<Vec<Rival>> {
    Ok(vec![
        lowest(1..=100, psnr_db, |quality| jpeg(images, quality))?,
        // Halves, for quality 1 is many times as good as 0.
        lowest(0..=200, psnr_db, |halves| {
            webp(images, f32::from(halves) / 2.0)
        })?,
    ])
}

/// JPEG of each image: the usual tables, colours at half the resolution below quality 90, codes made for the image, in one pass
/// or in several, whichever is smaller.
///
/// # Errors
/// When the quality is not one of 1 to 100, the values are not whole images, or one has more than 65,535 pixels a side.
pub fn jpeg(images: &Images<'_>, quality: u8) -> anyhow::Result<Rival> {
    let jpeg = Jpeg::new(quality)?;
    measure(&format!("JPEG q{quality}"), &jpeg, images)
}

/// WebP with loss of each image, made by libwebp, set to be good by squared error instead of to the eye.
///
/// # Errors
/// When the quality is not within 0 and 100, the values are not whole images, or one has more than 16,383 pixels a side.
pub fn webp(images: &Images<'_>, quality: f32) -> anyhow::Result<Rival> {
    let webp = WebP::lossy(images.size()?, quality)?;
    measure(&format!("WebP q{quality}"), &webp, images)
}

/// Height, width and channels of an image, as the formats count them.
#[derive(Clone, Copy)]
struct Size {
    height: u32,
    width: u32,
    channels: usize,
}

impl Images<'_> {
    /// The size of an image, if these are images.
    fn size(&self) -> anyhow::Result<Size> {
        let Self {
            values,
            height,
            width,
            channels,
        } = *self;
        ensure!(
            matches!(channels, 1 | 3),
            "images of other formats have 1 or 3 channels, not {channels}"
        );
        let cells = height.checked_mul(width);
        let numbers = match cells.and_then(|cells| cells.checked_mul(channels)) {
            Some(numbers @ 1..) => numbers,
            _ => bail!("images of {height} by {width} pixels have no file"),
        };
        ensure!(
            !values.is_empty() && values.len().is_multiple_of(numbers),
            "{} values are not images of {height} by {width} by {channels}",
            values.len()
        );
        Ok(Size {
            height: u32::try_from(height)?,
            width: u32::try_from(width)?,
            channels,
        })
    }
}

/// A format with a file for each image.
trait Format: Sync {
    /// Whether what is read back may differ.
    fn loses(&self) -> bool;

    /// The file of an image.
    fn encode(&self, image: &[u8], size: Size) -> anyhow::Result<Vec<u8>>;

    /// The image of a file.
    fn decode(&self, file: &[u8], size: Size) -> anyhow::Result<Vec<u8>>;

    /// Bytes of a file that are there for this image alone; `None` if the file is broken.
    fn content(&self, file: &[u8]) -> Option<usize>;
}

/// What is summed over images.
#[derive(Clone, Copy, Default)]
struct Sums {
    bytes: u64,
    content: u64,
    /// Of the differences.
    squares: u64,
    encode: Duration,
    decode: Duration,
}

impl Sums {
    fn of_one(format: &dyn Format, image: &[u8], size: Size) -> anyhow::Result<Self> {
        let start = Instant::now();
        let file = format.encode(image, size)?;
        let encode = start.elapsed();

        let start = Instant::now();
        let read = format.decode(&file, size)?;
        let decode = start.elapsed();

        let content = format.content(&file).context("a file without an end")?;
        ensure!(
            read.len() == image.len(),
            "{} values were read of {} written",
            read.len(),
            image.len()
        );
        let squares = image
            .iter()
            .zip(&read)
            .map(|(&a, &b)| u64::from(a.abs_diff(b)).pow(2))
            .sum();
        ensure!(
            format.loses() || squares == 0,
            "an image was not read as it was written"
        );
        Ok(Self {
            bytes: file.len() as u64,
            content: content as u64,
            squares,
            encode,
            decode,
        })
    }

    fn plus(self, other: Self) -> Self {
        Self {
            bytes: self.bytes + other.bytes,
            content: self.content + other.content,
            squares: self.squares + other.squares,
            encode: self.encode + other.encode,
            decode: self.decode + other.decode,
        }
    }
}

/// Writes and reads all images.
fn measure(name: &str, format: &dyn Format, images: &Images<'_>) -> anyhow::Result<Rival> {
    let size = images.size()?;
    let numbers = images.height * images.width * images.channels;
    let sums = images
        .values
        .par_chunks_exact(numbers)
        .map(|image| Sums::of_one(format, image, size))
        .try_reduce(Sums::default, |a, b| Ok(a.plus(b)))
        .with_context(|| format!("cannot compare with {name}"))?;
    let mse = sums.squares as f64 / images.values.len() as f64;
    Ok(Rival {
        name: name.to_owned(),
        bytes: sums.bytes,
        bytes_without_headers: Some(sums.content),
        psnr_db: format.loses().then(|| 10.0 * (255.0 * 255.0 / mse).log10()),
        encode_seconds: sums.encode.as_secs_f64(),
        decode_seconds: sums.decode.as_secs_f64(),
    })
}

/// What the lowest step needs that reaches `psnr_db`, or the last where none does, found by halving.
fn lowest(
    steps: RangeInclusive<u8>,
    psnr_db: f64,
    at: impl Fn(u8) -> anyhow::Result<Rival>,
) -> anyhow::Result<Rival> {
    let (mut low, mut high) = steps.into_inner();
    // Always of `high`.
    let mut found = None;
    while low < high {
        let middle = low + (high - low) / 2;
        let rival = at(middle)?;
        if rival.psnr_db.is_some_and(|reached| reached >= psnr_db) {
            high = middle;
            found = Some(rival);
        } else {
            low = middle + 1;
        }
    }
    match found {
        Some(rival) => Ok(rival),
        None => at(high),
    }
}

#[cfg(test)]
mod tests;
