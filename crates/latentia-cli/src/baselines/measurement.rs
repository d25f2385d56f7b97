//! A format's files of all images, written and read.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use rayon::prelude::*;

use super::baseline::Baseline;
use super::images::{Images, Size};
use crate::measures::psnr;

/// A format with a file for each image.
pub(super) trait Format: Sync {
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
pub(super) fn measure(
    name: &str,
    format: &dyn Format,
    images: &Images<'_>,
) -> anyhow::Result<Baseline> {
    let size = images.size()?;
    let numbers = images.height * images.width * images.channels;
    let sums = images
        .values
        .par_chunks_exact(numbers)
        .map(|image| Sums::of_one(format, image, size))
        .try_reduce(Sums::default, |a, b| Ok(a.plus(b)))
        .with_context(|| format!("cannot compare with {name}"))?;
    let mse = sums.squares as f64 / images.values.len() as f64;
    Ok(Baseline {
        name: name.to_owned(),
        bytes: sums.bytes,
        bytes_without_headers: Some(sums.content),
        psnr_db: format.loses().then(|| psnr(mse, 255.0)),
        encode_seconds: sums.encode.as_secs_f64(),
        decode_seconds: sums.decode.as_secs_f64(),
    })
}
