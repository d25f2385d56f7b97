//! Pages: their headers, and what is compressed in them.

use std::io::Read;

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::StreamingDecoder;

use super::fault::{Fault, Result};
use super::thrift::{Kind, Thrift};

/// The most bytes of a page, compressed or not.
pub(super) const MOST_BYTES: usize = 1 << 28;

/// What a page holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Dictionary,
    /// Values, with their levels before them, which have a length of their own.
    Data,
    /// Values, with so many bytes of levels before them that are not compressed; and whether the values are.
    DataV2 {
        levels: usize,
        is_compressed: bool,
    },
    Other,
}

/// What a page's header says.
pub(super) struct Header {
    pub(super) content: Content,
    pub(super) values: u64,
    pub(super) encoding: i64,
    pub(super) level_encoding: i64,
    pub(super) compressed: usize,
    pub(super) uncompressed: usize,
}

impl Header {
    /// Reads a header.
    pub(super) fn read(thrift: &mut Thrift<'_>) -> Result<Self> {
        let [mut kind, mut compressed, mut uncompressed] = [None; 3];
        let [mut values, mut encoding, mut level_encoding] = [None; 3];
        let [mut definition, mut repetition, mut is_compressed] = [None; 3];
        thrift.structure(|thrift, field, value| match (field, value) {
            (1, Kind::Integer) => thrift.integer_into(value, &mut kind),
            (2, Kind::Integer) => thrift.integer_into(value, &mut uncompressed),
            (3, Kind::Integer) => thrift.integer_into(value, &mut compressed),
            (5 | 7, Kind::Struct) => {
                thrift.structure(|thrift, field, value| match field {
                    1 => thrift.integer_into(value, &mut values),
                    2 => thrift.integer_into(value, &mut encoding),
                    3 => thrift.integer_into(value, &mut level_encoding),
                    _ => Ok(false),
                })?;
                Ok(true)
            }
            (8, Kind::Struct) => {
                thrift.structure(|thrift, field, value| match field {
                    1 => thrift.integer_into(value, &mut values),
                    4 => thrift.integer_into(value, &mut encoding),
                    5 => thrift.integer_into(value, &mut definition),
                    6 => thrift.integer_into(value, &mut repetition),
                    7 => thrift.integer_into(value, &mut is_compressed),
                    _ => Ok(false),
                })?;
                Ok(true)
            }
            _ => Ok(false),
        })?;
        let size = |size: Option<i64>| match size.map(usize::try_from) {
            Some(Ok(size)) if size <= MOST_BYTES => Ok(size),
            Some(Ok(_)) => Err(Fault::Unsupported(
                "a page of more than 256 MiB".into(),
                "smaller ones, as every writer makes by default",
            )),
            _ => Err(Fault::Broken("a page without a size")),
        };
        if repetition.is_some_and(|bytes| bytes != 0) {
            return Err(Fault::Broken("levels of lists where there are none"));
        }
        let content = match kind {
            Some(0) => Content::Data,
            Some(2) => Content::Dictionary,
            Some(3) => Content::DataV2 {
                levels: size(Some(definition.unwrap_or(0)))?,
                is_compressed: is_compressed != Some(0),
            },
            _ => Content::Other,
        };
        let values = u64::try_from(values.unwrap_or(0));
        Ok(Self {
            content,
            values: values.map_err(|_| Fault::Broken("a page of less than no values"))?,
            encoding: encoding.unwrap_or(-1),
            level_encoding: level_encoding.unwrap_or(3),
            compressed: size(compressed)?,
            uncompressed: size(uncompressed)?,
        })
    }
}

/// The `length` bytes that `bytes` are compressed from by the format's codec of that number.
pub(super) fn decompressed(codec: i64, bytes: &[u8], length: usize) -> Result<Vec<u8>> {
    const BROKEN: Fault = Fault::Broken("compressed data that are damaged");
    // Memory grows with what comes out of it.
    let drained = |reader: &mut dyn Read| {
        let mut out = Vec::new();
        let read = reader.take(length as u64 + 1).read_to_end(&mut out);
        read.map(|_| out).map_err(|_| BROKEN)
    };
    let out = match codec {
        // Some writers leave nothing where nothing is compressed.
        0..=7 if bytes.is_empty() => Vec::new(),
        0 => bytes.to_vec(),
        // A byte is worth 22 at most.
        1 if length / 32 > bytes.len() => return Err(BROKEN),
        1 => match snap::raw::decompress_len(bytes) {
            Ok(claim) if claim == length => {
                let decoded = snap::raw::Decoder::new().decompress_vec(bytes);
                decoded.map_err(|_| BROKEN)?
            }
            _ => return Err(BROKEN),
        },
        2 => drained(&mut MultiGzDecoder::new(bytes))?,
        6 => drained(&mut StreamingDecoder::new(bytes).map_err(|_| BROKEN)?)?,
        // A byte is worth 255 at most.
        7 if length / 256 > bytes.len() => return Err(BROKEN),
        7 => lz4_flex::block::decompress(bytes, length).map_err(|_| BROKEN)?,
        codec => {
            let name = match codec {
                3 => "LZO",
                4 => "Brotli",
                5 => "LZ4 in Hadoop's framing",
                _ => "an unknown codec",
            };
            return Err(Fault::Unsupported(
                format!("compression by {name}"),
                "Snappy, gzip, Zstandard, LZ4 or none, such as `compression='snappy'`",
            ));
        }
    };
    match out.len() == length {
        true => Ok(out),
        false => Err(BROKEN),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_page_is_as_long_as_its_header_says() {
        let text = b"the same text again and again and again and again".as_slice();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(text).expect("in memory");
        let snappy = snap::raw::Encoder::new().compress_vec(text);
        let zstd =
            ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest);
        for (codec, bytes) in [
            (0, text.to_vec()),
            (1, snappy.expect("in memory")),
            (2, gzip.finish().expect("in memory")),
            (6, zstd),
            (7, lz4_flex::block::compress(text)),
        ] {
            assert_eq!(
                decompressed(codec, &bytes, text.len()).ok().as_deref(),
                Some(text)
            );
            for length in [0, 1, text.len() - 1, text.len() + 1, MOST_BYTES] {
                assert!(
                    decompressed(codec, &bytes, length).is_err(),
                    "{codec} {length}"
                );
            }
            for end in 0..bytes.len() {
                assert!(
                    decompressed(codec, &bytes[..end], text.len()).is_err(),
                    "{codec} {end}"
                );
            }
        }
        for codec in [-1, 3, 4, 5, 8] {
            let fault = decompressed(codec, text, text.len()).err();
            assert!(matches!(fault, Some(Fault::Unsupported(..))), "{codec}");
        }
    }
}
