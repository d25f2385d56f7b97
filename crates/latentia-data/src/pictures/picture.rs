//! One picture as an example.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use image::error::DecodingError;
use image::{DynamicImage, ImageError, ImageFormat, ImageReader, ImageResult, RgbImage};

use super::header::{Header, MAX_MEMORY, limits, one_line};
use super::target::Target;
use crate::error::{DataError, counted};

/// The longest file that is read, in bytes.
const MAX_FILE_LENGTH: u64 = 1 << 28;

/// The header of the picture in a file.
pub(crate) fn header(path: &Path) -> Result<Header, DataError> {
    let failed = |error| DataError::read(path, error);
    let file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    Header::read(file, length, &path.display().to_string())
}

/// The picture in a file as an example, `[height, width]` or `[height, width, 3]`, row after row, and whether some of it is transparent.
pub(crate) fn read(path: &Path, target: Target) -> Result<(Vec<u8>, bool), DataError> {
    decoded(path).map(|image| target.example(image))
}

/// The picture in a file, turned as its EXIF data says.
pub(crate) fn decoded(path: &Path) -> Result<DynamicImage, DataError> {
    let subject = path.display().to_string();
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_FILE_LENGTH + 1).read_to_end(&mut bytes))
        .map_err(|error| DataError::read(path, error))?;
    let length = bytes.len() as u64;
    if length > MAX_FILE_LENGTH {
        let expected = format!("{} at most", counted(MAX_FILE_LENGTH, "byte"));
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
    decode(&bytes, &header).map_err(|error| {
        DataError::invalid(subject, "pixels", one_line(&error), "an intact picture")
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
    reader.limits(limits());
    let mut image = match header.scan_each {
        true => decode_scan_by_scan(bytes)?,
        false => reader.decode()?,
    };
    image.apply_orientation(header.orientation);
    Ok(image)
}

/// A JPEG with a scan for each colour, which the other decoder gets wrong without an error (zune-image #422 and #448).
fn decode_scan_by_scan(bytes: &[u8]) -> ImageResult<DynamicImage> {
    let failed =
        |error: String| ImageError::Decoding(DecodingError::new(ImageFormat::Jpeg.into(), error));
    let mut decoder = jpeg_decoder::Decoder::new(bytes);
    decoder.set_max_decoding_buffer_size(MAX_MEMORY as usize);
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
