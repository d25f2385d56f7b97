//! JPEG: grey as grey, colours at the resolution that is usual for a quality.

use anyhow::{Context, ensure};
use jpeg_decoder::Decoder;
use jpeg_encoder::{ColorType, Encoder};

use super::images::ImageSize;
use super::measurement::Format;

const START_OF_IMAGE: [u8; 2] = [0xff, 0xd8];
const END_OF_IMAGE: [u8; 2] = [0xff, 0xd9];
const QUANTIZATION_TABLES: u8 = 0xdb;
const START_OF_SCAN: u8 = 0xda;
/// A frame in one pass, and one in several.
const FRAMES: [u8; 2] = [0xc0, 0xc2];

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

    fn encode(&self, image: &[u8], size: ImageSize, progressive: bool) -> anyhow::Result<Vec<u8>> {
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
        // The encoder gives a grey image the table of colours too: 69 bytes that nobody reads.
        without_unused_tables(&file).context("a JPEG without a frame")
    }
}

impl Format for Jpeg {
    fn is_lossy(&self) -> bool {
        true
    }

    fn encode(&self, image: &[u8], size: ImageSize) -> anyhow::Result<Vec<u8>> {
        // The same coefficients in another order, so the same image.
        let one_pass = Self::encode(self, image, size, false)?;
        let several = Self::encode(self, image, size, true)?;
        Ok(if several.len() < one_pass.len() {
            several
        } else {
            one_pass
        })
    }

    fn decode(&self, file: &[u8], _: ImageSize) -> anyhow::Result<Vec<u8>> {
        Ok(Decoder::new(file).decode()?)
    }

    fn payload(&self, file: &[u8]) -> Option<usize> {
        let scans = segments(file)?
            .into_iter()
            .map(|segment| segment.scan.len());
        Some(scans.sum())
    }
}

/// A part of a file.
pub(super) struct Segment<'a> {
    marker: u8,
    /// What stands behind the length.
    body: &'a [u8],
    /// What follows a start of scan.
    scan: &'a [u8],
    /// All of it, with its marker.
    whole: &'a [u8],
}

impl Segment<'_> {
    /// The number of the quantisation table that this segment defines, if it defines one and nothing else.
    pub(super) fn quantization_table(&self) -> Option<u8> {
        let (&first, values) = self.body.split_first()?;
        // Values of 8 bits have a precision of 0.
        (self.marker == QUANTIZATION_TABLES && first < 4 && values.len() == 64).then_some(first)
    }
}

/// The segments between the start and the end of an image; `None` where the file is broken.
pub(super) fn segments(file: &[u8]) -> Option<Vec<Segment<'_>>> {
    let mut rest = file.strip_prefix(&START_OF_IMAGE)?;
    let mut segments = Vec::new();
    while !rest.starts_with(&END_OF_IMAGE) {
        let (&[0xff, marker], behind) = rest.split_first_chunk()? else {
            return None;
        };
        let length = usize::from(u16::from_be_bytes(*behind.first_chunk()?));
        let body = behind.get(2..length)?;
        let behind = behind.get(length..)?;
        let scan = match marker {
            START_OF_SCAN => behind.get(..behind.windows(2).position(is_marker)?)?,
            _ => &[],
        };
        let (whole, next) = rest.split_at_checked(2 + length + scan.len())?;
        segments.push(Segment {
            marker,
            body,
            scan,
            whole,
        });
        rest = next;
    }
    Some(segments)
}

/// Whether two bytes of a scan end it: a byte of 255 is followed by 0, and 208 to 215 mark places within.
fn is_marker(pair: &[u8]) -> bool {
    matches!(pair, [0xff, 1..=0xcf | 0xd8..])
}

/// The file without the quantisation tables that no component of its frame names.
fn without_unused_tables(file: &[u8]) -> Option<Vec<u8>> {
    let segments = segments(file)?;
    let frame = segments.iter().find(|s| FRAMES.contains(&s.marker))?;
    // Precision, height, width and the number of components; of each, its name, its sampling and its table.
    let (components, _) = frame.body.get(6..)?.as_chunks::<3>();
    let is_used = |table| components.iter().any(|&[_, _, named]| named == table);
    let kept = segments
        .iter()
        .filter(|segment| segment.quantization_table().is_none_or(is_used))
        .map(|segment| segment.whole);
    let parts = [&START_OF_IMAGE[..]]
        .into_iter()
        .chain(kept)
        .chain([&END_OF_IMAGE[..]]);
    Some(parts.collect::<Vec<_>>().concat())
}
