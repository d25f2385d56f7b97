//! PNG: 8 bits a channel, grey or RGB.

use anyhow::Context;
use png::{BitDepth, ColorType, Compression, Decoder, Encoder, Filter};

use super::images::ImageSize;
use super::measurement::Format;

/// Where the chunks start.
const SIGNATURE: usize = 8;

/// The strongest compression; rows filtered or not, whichever is smaller.
pub(super) struct Png;

impl Format for Png {
    fn is_lossy(&self) -> bool {
        false
    }

    fn encode(&self, image: &[u8], size: ImageSize) -> anyhow::Result<Vec<u8>> {
        let filtered = encode(image, size, Filter::Adaptive)?;
        let plain = encode(image, size, Filter::NoFilter)?;
        Ok(if plain.len() < filtered.len() {
            plain
        } else {
            filtered
        })
    }

    fn decode(&self, file: &[u8], _: ImageSize) -> anyhow::Result<Vec<u8>> {
        let mut reader = Decoder::new(std::io::Cursor::new(file)).read_info()?;
        let length = reader.output_buffer_size().context("too large a PNG")?;
        let mut image = vec![0; length];
        reader.next_frame(&mut image)?;
        Ok(image)
    }

    fn payload(&self, file: &[u8]) -> Option<usize> {
        let mut chunks = file.get(SIGNATURE..)?;
        let mut content = 0;
        loop {
            let (length, rest) = chunks.split_first_chunk()?;
            let (kind, rest) = rest.split_first_chunk()?;
            let length = u32::from_be_bytes(*length) as usize;
            match kind {
                b"IDAT" => content += length,
                b"IEND" => return Some(content),
                _ => {}
            }
            // The checksum.
            chunks = rest.get(length.checked_add(4)?..)?;
        }
    }
}

fn encode(image: &[u8], size: ImageSize, filter: Filter) -> anyhow::Result<Vec<u8>> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, size.width, size.height);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_color(match size.channels {
        1 => ColorType::Grayscale,
        _ => ColorType::Rgb,
    });
    // Sets the filter too.
    encoder.set_compression(Compression::High);
    encoder.set_filter(filter);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(image)?;
    writer.finish()?;
    Ok(file)
}
