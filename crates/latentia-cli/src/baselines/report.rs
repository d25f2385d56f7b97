//! A compressed file beside what other formats need for the same pictures.

use std::fmt;
use std::io::Cursor;
use std::time::Instant;

use anyhow::{Context, ensure};
use latentia_codec::{Archive, Codec, CodecError};
use latentia_data::Dataset;
use latentia_models::{psnr, ssim};
use latentia_tensor::{Matrix, Rows};
use serde_json::{Value, json};

use super::baseline::Baseline;
use super::images::Images;
use super::lossless::lossless;
#[cfg(feature = "baselines")]
use super::lossy::lossy_at;
use crate::figures::PixelLayout;
use crate::terminal::{count, number, table};

/// The shorter side of the smallest picture whose structural similarity is measured.
const SMALLEST: usize = 11;

/// A compressed file beside others.
pub struct Report {
    /// Ours first.
    formats: Vec<Baseline>,
    ssim: Option<f64>,
    examples: usize,
    raw_bytes: u64,
    model_bytes: u64,
}

impl Report {
    /// Measures `file`, which `codec` made of `examples` in `seconds`, and what other formats do: the same values without
    /// loss, or as near in peak signal-to-noise ratio; without the feature `baselines`, only the former.
    ///
    /// # Errors
    /// When examples are no 8-bit pictures or cannot be read, or something does not come back as it should.
    pub fn of(
        codec: &Codec<'_>,
        examples: &Dataset,
        file: &[u8],
        seconds: f64,
        model_bytes: u64,
    ) -> anyhow::Result<Self> {
        ensure!(
            examples.is_bytes(),
            "a report compares pictures of 8-bit values, and these are floats"
        );
        let layout = PixelLayout::of_grey_or_rgb(examples.shape())
            .context("a report compares pictures, grey or RGB; these examples are none")?;
        let (height, width, channels) = (layout.height, layout.width, layout.channels);
        let start = Instant::now();
        let mut archive = Archive::open(Cursor::new(file), codec.model())?;
        let mut back: Vec<u8> = Vec::with_capacity(examples.rows() * examples.cols());
        archive.for_each_chunk::<CodecError>(|chunk| {
            back.extend(chunk.as_slice().iter().map(|&x| x as u8));
            Ok(())
        })?;
        let decode_seconds = start.elapsed().as_secs_f64();
        let mut originals = Matrix::zeros(examples.rows(), examples.cols());
        let all: Vec<u32> = (0..examples.rows() as u32).collect();
        examples.read(&all, originals.view_mut())?;
        let originals: Vec<u8> = originals.as_slice().iter().map(|&x| x as u8).collect();
        let is_lossless = codec.method().is_lossless();
        if is_lossless && !codec.binarises() {
            ensure!(back == originals, "not every byte came back");
        }
        let psnr = (!is_lossless).then(|| psnr(mean_squared_error(&originals, &back), 255.0));
        let values = if is_lossless { &back } else { &originals };
        let values: Vec<u8> = values
            .chunks_exact(examples.cols())
            .flat_map(|example| layout.channels_last(example))
            .collect();
        let images = Images {
            values: &values,
            height,
            width,
            channels,
        };
        let mut formats = vec![Baseline {
            name: "latentia".into(),
            bytes: file.len() as u64,
            bytes_without_headers: None,
            psnr_db: psnr,
            encode_seconds: seconds,
            decode_seconds,
        }];
        formats.extend(match psnr {
            #[cfg(feature = "baselines")]
            Some(psnr) => lossy_at(&images, psnr)?,
            _ => lossless(&images)?,
        });
        let measured = psnr.is_some() && channels == 1 && height.min(width) >= SMALLEST;
        Ok(Self {
            formats,
            ssim: measured.then(|| mean_ssim(&originals, &back, (height, width))),
            examples: examples.rows(),
            raw_bytes: originals.len() as u64,
            model_bytes,
        })
    }

    /// From how many examples on our file and the model together are smaller than `other`.
    fn worth_it_from(&self, other: &Baseline) -> Option<u64> {
        let saved = other.bytes.checked_sub(self.formats[0].bytes)?;
        let each = saved as f64 / self.examples as f64;
        (each > 0.0).then(|| (self.model_bytes as f64 / each).ceil() as u64)
    }

    /// Adds what the report says to a JSON object.
    pub fn add_to(&self, all: &mut Value) {
        let format = |format: &Baseline| {
            json!({
                "name": format.name,
                "bytes": format.bytes,
                "bytes_without_headers": format.bytes_without_headers,
                "bits_per_dim": self.bits(format),
                "psnr_db": format.psnr_db,
                "encode_seconds": format.encode_seconds,
                "decode_seconds": format.decode_seconds,
            })
        };
        let formats: Vec<Value> = self.formats.iter().map(format).collect();
        all["raw_bytes"] = self.raw_bytes.into();
        all["psnr_db"] = self.formats[0].psnr_db.into();
        all["ssim"] = self.ssim.into();
        all["decompress_seconds"] = self.formats[0].decode_seconds.into();
        all["formats"] = formats.into();
    }

    fn bits(&self, format: &Baseline) -> f64 {
        8.0 * format.bytes as f64 / self.raw_bytes as f64
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lossy = self.formats[0].psnr_db.is_some();
        let mut head = vec!["", "bytes", "bits/value", "ratio"];
        if lossy {
            head.extend(["PSNR dB", "headers apart"]);
        }
        head.extend(["encode MB/s", "decode MB/s"]);
        let mut rows = vec![head.into_iter().map(String::from).collect::<Vec<_>>()];
        let raw = self.raw_bytes as f64;
        for format in &self.formats {
            let mut row = vec![
                format.name.clone(),
                count(format.bytes as usize),
                number(self.bits(format)),
                number(raw / format.bytes as f64),
            ];
            if lossy {
                row.push(
                    format
                        .psnr_db
                        .map_or_else(String::new, |x| format!("{x:.2}")),
                );
                let apart = format.bytes_without_headers;
                row.push(apart.map_or_else(String::new, |bytes| count(bytes as usize)));
            }
            row.push(number(raw / 1e6 / format.encode_seconds));
            row.push(number(raw / 1e6 / format.decode_seconds));
            rows.push(row);
        }
        f.write_str(&table(&rows))?;
        if let Some(ssim) = self.ssim {
            writeln!(f, "structural similarity of what comes back: {ssim:.4}")?;
        }
        writeln!(
            f,
            "the model itself: {} bytes",
            count(self.model_bytes as usize)
        )?;
        for other in &self.formats[1..] {
            match self.worth_it_from(other) {
                Some(from) => writeln!(
                    f,
                    "with the model, smaller than {} from {} examples on",
                    other.name,
                    count(from as usize)
                )?,
                None => writeln!(f, "{} is smaller, whatever the model's size", other.name)?,
            }
        }
        Ok(())
    }
}

fn mean_squared_error(a: &[u8], b: &[u8]) -> f64 {
    let pairs = a.iter().zip(b);
    let squares = pairs.map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2));
    squares.sum::<f64>() / a.len() as f64
}

fn mean_ssim(a: &[u8], b: &[u8], sides: (usize, usize)) -> f64 {
    let size = sides.0 * sides.1;
    let unit = |bytes: &[u8]| -> Vec<f32> { bytes.iter().map(|&x| f32::from(x) / 255.0).collect() };
    let pairs = a.chunks(size).zip(b.chunks(size));
    let sum: f64 = pairs.map(|(a, b)| ssim(&unit(a), &unit(b), sides)).sum();
    sum / (a.len() / size) as f64
}
