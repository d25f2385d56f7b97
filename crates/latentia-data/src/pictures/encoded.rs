//! Examples as files of pictures.

use std::io::Cursor;

use image::{ExtendedColorType, ImageFormat};

/// A picture of 8-bit levels, `[height, width]` in grey or `[height, width, 3]` in colour, as a file with the ending that `name` has: `.png`,
/// `.bmp`, `.tif`, `.tiff` or `.webp`, none of which loses anything. `None` for any other ending and shape, and where the format
/// cannot hold so large a picture.
///
/// ```
/// use latentia_data::encode_picture;
///
/// let file = encode_picture("grey.png", &[2, 1], &[0, 255]).expect("a picture");
/// assert!(file.starts_with(b"\x89PNG"));
/// assert_eq!(encode_picture("grey.jpg", &[2, 1], &[0, 255]), None);
/// ```
pub fn encode_picture(name: &str, shape: &[usize], levels: &[u8]) -> Option<Vec<u8>> {
    let (height, width, colour) = match *shape {
        [height, width] | [height, width, 1] => (height, width, ExtendedColorType::L8),
        [height, width, 3] => (height, width, ExtendedColorType::Rgb8),
        _ => return None,
    };
    let [height, width] = [height, width].map(|side| u32::try_from(side).ok());
    let size = (width?, height?);
    let (_, ending) = name.rsplit_once('.')?;
    let format = match ending.to_ascii_lowercase().as_str() {
        "png" => ImageFormat::Png,
        "bmp" => ImageFormat::Bmp,
        "tif" | "tiff" => ImageFormat::Tiff,
        "webp" => ImageFormat::WebP,
        _ => return None,
    };
    let mut file = Cursor::new(Vec::new());
    let written =
        image::write_buffer_with_format(&mut file, levels, size.0, size.1, colour, format);
    written.ok().map(|()| file.into_inner())
}
