//! One picture as an example.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use image::error::DecodingError;
use image::imageops::{self, FilterType};
use image::{
    DynamicImage, GrayImage, ImageBuffer, ImageDecoder, ImageError, ImageFormat, ImageReader,
    ImageResult, Limits, Luma, Pixel, Rgb, RgbImage,
};

use super::header::Header;
use crate::DataError;
use crate::error::counted;

/// The longest file that is read, in bytes.
const LONGEST_FILE: u64 = 1 << 28;

/// The most memory that a decoder may ask for, in bytes: the pixels of the largest picture, and half as much again.
const MOST_MEMORY: u64 = 3 << 28;

/// What pictures become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) grey: bool,
}

impl Target {
    /// Shape of an example.
    pub(crate) fn shape(self) -> Vec<usize> {
        match self.grey {
            true => vec![self.height, self.width],
            false => vec![self.height, self.width, 3],
        }
    }

    /// Bytes of an example.
    pub(crate) fn bytes(self) -> usize {
        self.height * self.width * if self.grey { 1 } else { 3 }
    }
}

/// The head of the picture in a file.
pub(crate) fn header(path: &Path) -> Result<Header, DataError> {
    let failed = |error| DataError::read(path, error);
    let file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    Header::read(file, length, &path.display().to_string())
}

/// The picture in a file as an example: `[height, width]` or `[height, width, 3]`, row after row.
pub(crate) fn read(path: &Path, target: Target) -> Result<Vec<u8>, DataError> {
    let subject = path.display().to_string();
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LONGEST_FILE + 1).read_to_end(&mut bytes))
        .map_err(|error| DataError::read(path, error))?;
    let length = bytes.len() as u64;
    if length > LONGEST_FILE {
        let expected = format!("{} at most", counted(LONGEST_FILE, "byte"));
        return Err(DataError::invalid(
            subject,
            "length of the picture",
            "more",
            expected,
        ));
    }
    let header = Header::read(Cursor::new(&bytes), length, &subject)?;
    // The decoder would paint grey what is missing.
    let pixels = &bytes[header.before_pixels.min(length) as usize..];
    if header.format == ImageFormat::Jpeg && !pixels.windows(2).rev().any(|two| two == [0xff, 0xd9])
    {
        return Err(DataError::invalid(
            subject,
            "end of the JPEG",
            "none: the file is cut off",
            "an end-of-image marker (0xff 0xd9)",
        ));
    }
    if header.format == ImageFormat::Png
        && let Some(length) = palettes(&bytes).find(|length| length % 3 != 0)
    {
        return Err(DataError::invalid(
            subject,
            "length of the palette",
            counted(length, "byte"),
            "3 bytes for each colour",
        ));
    }
    let image = decode(&bytes, &header).map_err(|error| {
        let seen = error.to_string();
        DataError::invalid(
            subject,
            "pixels",
            seen.lines().collect::<Vec<_>>().join(" "),
            "an intact picture",
        )
    })?;
    let image = on_black(image);
    Ok(match target.grey {
        true => fit(&image.into_luma8(), target),
        false => fit(&image.into_rgb8(), target),
    })
}

/// Lengths of the palettes in a PNG. The decoder panics at one that breaks off within a colour (image-png #694).
fn palettes(bytes: &[u8]) -> impl Iterator<Item = u32> {
    // Behind the signature, chunks: a length, a name, as many bytes, a checksum.
    let mut rest = bytes.get(8..).unwrap_or_default();
    let chunks = std::iter::from_fn(move || {
        let ([length, name], _) = rest.as_chunks::<4>().0.split_first_chunk()?;
        let length = u32::from_be_bytes(*length);
        rest = rest.get(length as usize + 12..).unwrap_or_default();
        Some((length, *name))
    });
    chunks
        .filter(|(_, name)| name == b"PLTE")
        .map(|(length, _)| length)
}

fn decode(bytes: &[u8], header: &Header) -> ImageResult<DynamicImage> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), header.format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    let orientation = decoder.orientation();
    let mut image = match header.scan_each {
        true => decode_scan_by_scan(bytes)?,
        false => DynamicImage::from_decoder(decoder)?,
    };
    if let Ok(orientation) = orientation {
        image.apply_orientation(orientation);
    }
    Ok(image)
}

/// A JPEG with a scan for each colour, which the other decoder gets wrong without an error (zune-image #422 and #448).
fn decode_scan_by_scan(bytes: &[u8]) -> ImageResult<DynamicImage> {
    let failed =
        |error: String| ImageError::Decoding(DecodingError::new(ImageFormat::Jpeg.into(), error));
    let mut decoder = jpeg_decoder::Decoder::new(bytes);
    decoder.set_max_decoding_buffer_size(MOST_MEMORY as usize);
    let pixels = decoder
        .decode()
        .map_err(|error| failed(error.to_string()))?;
    let size = decoder
        .info()
        .map(|info| (info.width.into(), info.height.into()));
    size.and_then(|(width, height)| RgbImage::from_raw(width, height, pixels))
        .map(DynamicImage::from)
        .ok_or_else(|| failed("pixels that do not fill the picture".into()))
}

/// A picture without transparency: each level times its opacity.
fn on_black(image: DynamicImage) -> DynamicImage {
    let shade = |level: u8, alpha: u8| ((u16::from(level) * u16::from(alpha) + 127) / 255) as u8;
    match image {
        DynamicImage::ImageLumaA8(image) => {
            let (width, height) = image.dimensions();
            let grey = GrayImage::from_fn(width, height, |x, y| {
                let [level, alpha] = image.get_pixel(x, y).0;
                Luma([shade(level, alpha)])
            });
            grey.into()
        }
        DynamicImage::ImageRgba8(image) => {
            let (width, height) = image.dimensions();
            let colour = RgbImage::from_fn(width, height, |x, y| {
                let [red, green, blue, alpha] = image.get_pixel(x, y).0;
                Rgb([red, green, blue].map(|level| shade(level, alpha)))
            });
            colour.into()
        }
        opaque => opaque,
    }
}

/// The largest part around the centre that has the target's aspect ratio, resized to it.
fn fit<P>(image: &ImageBuffer<P, Vec<u8>>, target: Target) -> Vec<u8>
where
    P: Pixel<Subpixel = u8> + 'static,
{
    let (width, height) = image.dimensions();
    let (to_width, to_height) = (target.width as u64, target.height as u64);
    // width / height beside to_width / to_height
    let (have, want) = (u64::from(width) * to_height, u64::from(height) * to_width);
    let rounded = |product: u64, side: u64| ((product + side / 2) / side).max(1) as u32;
    let (cut_width, cut_height) = match have > want {
        true => (rounded(want, to_height).min(width), height),
        false => (width, rounded(have, to_width).min(height)),
    };
    let cut = imageops::crop_imm(
        image,
        (width - cut_width) / 2,
        (height - cut_height) / 2,
        cut_width,
        cut_height,
    );
    let (to_width, to_height) = (target.width as u32, target.height as u32);
    imageops::resize(&*cut, to_width, to_height, FilterType::Triangle).into_raw()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn target(height: usize, width: usize) -> Target {
        Target {
            height,
            width,
            grey: true,
        }
    }

    /// Column `x` has level `10 x`, and row `y` adds `y`.
    fn ramp(width: u32, height: u32) -> GrayImage {
        GrayImage::from_fn(width, height, |x, y| Luma([(10 * x + y) as u8]))
    }

    #[test]
    fn what_has_the_size_is_not_changed() {
        let image = ramp(5, 7);
        assert_eq!(fit(&image, target(7, 5)), image.into_raw());
    }

    #[test]
    fn the_centre_is_cut_to_the_aspect_ratio() {
        // columns 2 to 5 of 8
        let wide = fit(&ramp(8, 4), target(4, 4));
        assert_eq!(wide[..4], [20, 30, 40, 50]);
        // rows 2 to 5 of 8
        let tall = fit(&ramp(4, 8), target(4, 4));
        assert_eq!([tall[0], tall[4], tall[12]], [2, 3, 5]);
        let oblong = fit(&ramp(9, 9), target(3, 9));
        assert_eq!(oblong[..2], [3, 13]);
    }

    #[test]
    fn what_is_reduced_is_averaged_and_not_picked() {
        // A chessboard of single pixels is grey from afar.
        let board = GrayImage::from_fn(64, 64, |x, y| Luma([255 * ((x + y) % 2) as u8]));
        let small = fit(&board, target(8, 8));
        assert!(
            small.iter().all(|level| (120..=135).contains(level)),
            "{small:?}"
        );
    }

    #[test]
    fn what_is_transparent_is_black() {
        let image = image::RgbaImage::from_raw(2, 1, vec![200, 100, 50, 255, 200, 100, 50, 51]);
        let image = on_black(image.expect("two pixels").into());
        assert_eq!(image.into_rgb8().into_raw(), [200, 100, 50, 40, 20, 10]);
        let image = image::GrayAlphaImage::from_raw(2, 1, vec![90, 0, 90, 255]);
        let image = on_black(image.expect("two pixels").into());
        assert_eq!(image.into_luma8().into_raw(), [0, 90]);
    }
}
