//! JPEG: grey as grey, colours at the resolution that is usual for a quality.

use anyhow::{Context, ensure};
use jpeg_decoder::Decoder;
use jpeg_encoder::{ColorType, Encoder};

use super::images::Size;
use super::measurement::Format;

const START_OF_SCAN: u8 = 0xda;
const END_OF_IMAGE: u8 = 0xd9;

/// One quality, codes made for each image; in one pass or in several, whichever is smaller.
pub(super) struct Jpeg {
    quality: u8,
}

impl Jpeg {
    pub(super) fn new(quality: u8) -> anyhow::Result<Self> {
        ensure!(
            (1..=100).contains(&quality),
            "a JPEG's quality is 1 to 100, not {quality}"
        );
        Ok(Self { quality })
    }

    fn encode(&self, image: &[u8], size: Size, progressive: bool) -> anyhow::Result<Vec<u8>> {
        let side = |n: u32| u16::try_from(n).context("a JPEG has at most 65,535 pixels a side");
        let colours = match size.channels {
            1 => ColorType::Luma,
            _ => ColorType::Rgb,
        };
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, self.quality);
        encoder.set_optimized_huffman_tables(true);
        encoder.set_progressive(progressive);
        encoder.encode(image, side(size.width)?, side(size.height)?, colours)?;
        Ok(file)
    }
}

impl Format for Jpeg {
    fn loses(&self) -> bool {
        true
    }

    fn encode(&self, image: &[u8], size: Size) -> anyhow::Result<Vec<u8>> {
        // The same coefficients in another order, so the same image.
        let one_pass = Self::encode(self, image, size, false)?;
        let several = Self::encode(self, image, size, true)?;
        Ok(if several.len() < one_pass.len() {
            several
        } else {
            one_pass
        })
    }

    fn decode(&self, file: &[u8], _: Size) -> anyhow::Result<Vec<u8>> {
        Ok(Decoder::new(file).decode()?)
    }

    fn content(&self, file: &[u8]) -> Option<usize> {
        // Past the marker that starts the image.
        let mut rest = file.get(2..)?;
        let mut content = 0;
        loop {
            let (&[0xff, marker], segment) = rest.split_first_chunk()? else {
                return None;
            };
            if marker == END_OF_IMAGE {
                return Some(content);
            }
            let length = u16::from_be_bytes(*segment.first_chunk()?);
            rest = segment.get(usize::from(length)..)?;
            if marker == START_OF_SCAN {
                let scan = rest.windows(2).position(is_marker)?;
                content += scan;
                rest = rest.get(scan..)?;
            }
        }
    }
}

/// Whether two bytes of a scan end it: a byte of 255 is followed by 0, and 208 to 215 mark places within.
fn is_marker(pair: &[u8]) -> bool {
    matches!(pair, [0xff, 1..=0xcf | 0xd8..])
}
