//! WebP, with loss and without, by the reference encoder.

use anyhow::{anyhow, ensure};
use webp::{Decoder, Encoder, PixelLayout, WebPConfig};

use super::images::ImageSize;
use super::measurement::Format;

/// The longest side that the format has bits for.
const LONGEST: u32 = 16_383;

/// One setting of libwebp.
pub(super) struct WebP {
    config: WebPConfig,
}

impl WebP {
    /// The smallest files without loss.
    pub(super) fn lossless(size: ImageSize) -> anyhow::Result<Self> {
        let mut config = thorough(size)?;
        config.lossless = 1;
        config.quality = 100.0;
        Ok(Self { config })
    }

    /// With loss; `quality` within 0 and 100.
    pub(super) fn lossy(size: ImageSize, quality: f32) -> anyhow::Result<Self> {
        ensure!(
            (0.0..=100.0).contains(&quality),
            "a WebP's quality is 0 to 100, not {quality}"
        );
        let mut config = thorough(size)?;
        config.quality = quality;
        // As good as can be by squared error, not to the eye: one quantiser for the whole image, and no map of which is where.
        // On MNIST this saves 12 to 14 bytes an image and gains 0.6 to 1.2 dB at qualities 5 to 75.
        config.sns_strength = 0;
        config.segments = 1;
        Ok(Self { config })
    }
}

/// Libwebp's usual settings, but as thorough as it can be.
fn thorough(size: ImageSize) -> anyhow::Result<WebPConfig> {
    ensure!(
        size.height.max(size.width) <= LONGEST,
        "a WebP has at most 16,383 pixels a side"
    );
    let mut config = WebPConfig::new().map_err(|()| anyhow!("libwebp is of another version"))?;
    config.method = 6;
    Ok(config)
}

impl Format for WebP {
    fn is_lossy(&self) -> bool {
        self.config.lossless == 0
    }

    fn encode(&self, image: &[u8], size: ImageSize) -> anyhow::Result<Vec<u8>> {
        // The format has no grey: it is the same in all three colours.
        let coloured: Vec<u8>;
        let image = match size.channels {
            1 => {
                coloured = image.iter().flat_map(|&grey| [grey; 3]).collect();
                &coloured
            }
            _ => image,
        };
        let encoder = Encoder::new(image, PixelLayout::Rgb, size.width, size.height);
        let file = encoder
            .encode_advanced(&self.config)
            .map_err(|error| anyhow!("libwebp cannot encode an image: {error:?}"))?;
        Ok(file.to_vec())
    }

    /// Grey is the rounded mean of the three colours.
    fn decode(&self, file: &[u8], size: ImageSize) -> anyhow::Result<Vec<u8>> {
        let image = Decoder::new(file)
            .decode()
            .ok_or_else(|| anyhow!("libwebp cannot read its own file"))?;
        ensure!(!image.is_alpha(), "a WebP without alpha has got one");
        Ok(match size.channels {
            1 => image.as_chunks().0.iter().map(grey).collect(),
            _ => image.to_vec(),
        })
    }

    fn payload(&self, file: &[u8]) -> Option<usize> {
        // Past `RIFF`, the length and `WEBP`: one chunk, for neither alpha nor metadata have one.
        let (kind, rest) = file.get(12..)?.split_first_chunk()?;
        let (length, _) = rest.split_first_chunk()?;
        let length = u32::from_le_bytes(*length) as usize;
        match kind {
            // Lengths and flags, a signature, width and height.
            b"VP8 " => length.checked_sub(10),
            // A signature, width, height and flags.
            b"VP8L" => length.checked_sub(5),
            _ => None,
        }
    }
}

/// The mean of three colours, rounded.
fn grey(colours: &[u8; 3]) -> u8 {
    let sum: u16 = colours.iter().map(|&colour| u16::from(colour)).sum();
    ((sum + 1) / 3) as u8
}
