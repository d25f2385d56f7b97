//! A format's files of all images, written and read.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use rayon::prelude::*;

use super::baseline::Baseline;
use super::images::{ImageSize, Images};
use latentia_models::psnr;

/// A format with a file for each image.
pub(super) trait Format: Sync {
    /// Whether what is read back may differ.
    fn is_lossy(&self) -> bool;

    /// The file of an image.
    fn encode(&self, image: &[u8], size: ImageSize) -> anyhow::Result<Vec<u8>>;

    /// The image of a file.
    fn decode(&self, file: &[u8], size: ImageSize) -> anyhow::Result<Vec<u8>>;

    /// Bytes of a file that are there for this image alone; `None` if the file is broken.
    fn payload(&self, file: &[u8]) -> Option<usize>;
}

/// What is summed over images.
#[derive(Clone, Copy, Default)]
struct Totals {
    bytes: u64,
    payload: u64,
    /// Of the differences.
    squares: u64,
    encode: Duration,
    decode: Duration,
}

impl Totals {
    fn of_one(format: &dyn Format, image: &[u8], size: ImageSize) -> anyhow::Result<Self> {
        let start = Instant::now();
        let file = format.encode(image, size)?;
        let encode = start.elapsed();

        let start = Instant::now();
        let read = format.decode(&file, size)?;
        let decode = start.elapsed();

        let payload = format.payload(&file).context("a file without an end")?;
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
            format.is_lossy() || squares == 0,
            "an image was not read as it was written"
        );
        Ok(Self {
            bytes: file.len() as u64,
            payload: payload as u64,
            squares,
            encode,
            decode,
        })
    }

    fn plus(self, other: Self) -> Self {
        Self {
            bytes: self.bytes + other.bytes,
            payload: self.payload + other.payload,
            squares: self.squares + other.squares,
            encode: self.encode + other.encode,
            decode: self.decode + other.decode,
        }
    }
}

/// Writes and reads all images.
pub(super) fn measure(
    name: &str,
    format: &dyn Format,
    images: &Images<'_>,
) -> anyhow::Result<Baseline> {
    let size = images.size()?;
    let values_per_image = images.height * images.width * images.channels;
    let totals = images
        .values
        .par_chunks_exact(values_per_image)
        .map(|image| Totals::of_one(format, image, size))
        .try_reduce(Totals::default, |a, b| Ok(a.plus(b)))
        .with_context(|| format!("cannot compare with {name}"))?;
    let mse = totals.squares as f64 / images.values.len() as f64;
    Ok(Baseline {
        name: name.to_owned(),
        bytes: totals.bytes,
        bytes_without_headers: Some(totals.payload),
        psnr_db: format.is_lossy().then(|| psnr(mse, 255.0)),
        encode_seconds: totals.encode.as_secs_f64(),
        decode_seconds: totals.decode.as_secs_f64(),
    })
}
