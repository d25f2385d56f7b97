//! Compressors of any bytes: all values as one stream.

use std::io::{self, Read, Write};
use std::time::Instant;

use anyhow::{Context, ensure};
#[cfg(feature = "baselines")]
use lzma_rust2::{XzOptions, XzReader, XzWriter};

use super::baseline::Baseline;

/// Bytes read at once.
const BLOCK: usize = 1 << 16;

/// As `gzip -9`.
pub(super) fn gzip(values: &[u8]) -> anyhow::Result<Baseline> {
    let encode = |values: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(values)?;
        encoder.finish()
    };
    measure("gzip", values, encode, flate2::read::GzDecoder::new)
}

/// As `bzip2 -9`.
#[cfg(feature = "baselines")]
pub(super) fn bzip2(values: &[u8]) -> anyhow::Result<Baseline> {
    let encode = |values: &[u8]| {
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
        encoder.write_all(values)?;
        encoder.finish()
    };
    measure("bzip2", values, encode, bzip2::read::BzDecoder::new)
}

/// As `xz -9e`.
#[cfg(feature = "baselines")]
pub(super) fn xz(values: &[u8]) -> anyhow::Result<Baseline> {
    let encode = |values: &[u8]| {
        let mut options = XzOptions::with_preset(9);
        let lzma = &mut options.lzma_options;
        // The `e`, for which the crate has no preset.
        lzma.nice_len = 273;
        lzma.depth_limit = 512;
        // More than there are values only takes memory, 11 times as much.
        let values_long = u32::try_from(values.len()).unwrap_or(u32::MAX);
        lzma.dict_size = lzma.dict_size.min(values_long.max(1 << 12));
        let mut encoder = XzWriter::new(Vec::new(), options)?;
        encoder.write_all(values)?;
        encoder.finish()
    };
    measure("xz", values, encode, |stream| XzReader::new(stream, false))
}

fn measure<R: Read>(
    name: &str,
    values: &[u8],
    encode: impl Fn(&[u8]) -> io::Result<Vec<u8>>,
    decoder: impl Fn(io::Cursor<Vec<u8>>) -> R,
) -> anyhow::Result<Baseline> {
    let start = Instant::now();
    let stream = encode(values).with_context(|| format!("cannot compare with {name}"))?;
    let encode_seconds = start.elapsed().as_secs_f64();
    let bytes = stream.len() as u64;

    let start = Instant::now();
    let same = reads_as(decoder(io::Cursor::new(stream)), values)
        .with_context(|| format!("cannot compare with {name}"))?;
    let decode_seconds = start.elapsed().as_secs_f64();
    ensure!(
        same,
        "cannot compare with {name}: the values were not read as they were written"
    );
    Ok(Baseline {
        name: name.to_owned(),
        bytes,
        bytes_without_headers: None,
        psnr_db: None,
        encode_seconds,
        decode_seconds,
    })
}

/// Whether these values and no others are read.
fn reads_as(mut reader: impl Read, mut values: &[u8]) -> io::Result<bool> {
    let mut block = vec![0; BLOCK];
    loop {
        let count = match reader.read(&mut block) {
            Ok(0) => return Ok(values.is_empty()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        match values.strip_prefix(&block[..count]) {
            Some(rest) => values = rest,
            None => return Ok(false),
        }
    }
}
