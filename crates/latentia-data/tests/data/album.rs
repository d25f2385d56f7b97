//! A folder of pictures to test with.

use std::fs;
use std::io::Cursor;
use std::path::PathBuf;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgb, RgbImage};
use latentia_data::{DataError, Dataset, LoadOptions, PictureOptions, load_with};
use tempfile::TempDir;

use crate::nowhere;

/// A folder to put pictures into.
pub struct Album(pub TempDir);

impl Album {
    pub fn new<const N: usize>(files: [(&str, &[u8]); N]) -> Self {
        let album = Self(TempDir::new().unwrap());
        for (name, content) in files {
            album.write(name, content);
        }
        album
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, content: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub fn load(&self, options: LoadOptions) -> Result<Dataset, DataError> {
        let source = load_with(self.0.path().to_str().unwrap(), &nowhere(), &options)?;
        assert!(source.test.is_none());
        Ok(source.train)
    }

    /// A message without the path of the folder.
    pub fn plain(&self, message: &str) -> String {
        let folder = self.0.path().display().to_string();
        message
            .replace(&format!("{folder}{}", std::path::MAIN_SEPARATOR), "")
            .replace(&folder, "album")
    }

    /// What is said when a file is left out, and the same as an error.
    #[track_caller]
    pub fn refuses(&self, expected: &str) {
        let set = self.load(LoadOptions::default()).unwrap();
        let refused = set.pictures().unwrap().refused();
        assert_eq!(refused.len(), 1, "{refused:?}");
        assert_eq!(self.plain(&refused[0]), expected);
        let strict = LoadOptions {
            strict: true,
            ..LoadOptions::default()
        };
        let error = self.load(strict).unwrap_err().to_string();
        assert_eq!(self.plain(&error), expected);
    }

    #[track_caller]
    pub fn fails(&self, options: LoadOptions, expected: &str) {
        let error = self.load(options).unwrap_err().to_string();
        assert_eq!(self.plain(&error), expected);
    }
}

pub fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    image.into().write_to(&mut file, format).unwrap();
    file.into_inner()
}

pub fn png(image: impl Into<DynamicImage>) -> Vec<u8> {
    encoded(image, ImageFormat::Png)
}

pub fn jpeg(image: impl Into<DynamicImage>) -> Vec<u8> {
    let mut file = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut file, 95);
    image.into().write_with_encoder(encoder).unwrap();
    file
}

pub fn grey(width: u32, height: u32, level: u8) -> GrayImage {
    GrayImage::from_pixel(width, height, Luma([level]))
}

pub fn colour(width: u32, height: u32, levels: [u8; 3]) -> RgbImage {
    RgbImage::from_pixel(width, height, Rgb(levels))
}

/// Varied enough to be long.
pub fn noise(width: u32, height: u32) -> RgbImage {
    let level = |x: u32, y: u32, c: u32| ((x * 73) ^ (y * 151) ^ (c * 37) ^ (x * y)) as u8;
    RgbImage::from_fn(width, height, |x, y| Rgb([0, 1, 2].map(|c| level(x, y, c))))
}

/// The head of a grey PNG, with the right checksum, and the beginning of its pixels.
pub fn png_claim(width: u32, height: u32) -> Vec<u8> {
    let mut chunk = b"IHDR".to_vec();
    chunk.extend(width.to_be_bytes());
    chunk.extend(height.to_be_bytes());
    chunk.extend([8, 0, 0, 0, 0]);
    let mut crc = flate2::Crc::new();
    crc.update(&chunk);
    let mut file = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    file.extend(chunk);
    file.extend(crc.sum().to_be_bytes());
    file.extend(b"\0\0\0\x10IDAT\x78\x9c");
    file
}

pub fn cmyk(side: u16) -> Vec<u8> {
    let mut file = Vec::new();
    let pixels = vec![77; 4 * usize::from(side).pow(2)];
    jpeg_encoder::Encoder::new(&mut file, 90)
        .encode(&pixels, side, side, jpeg_encoder::ColorType::Cmyk)
        .unwrap();
    file
}

pub fn prepared(pictures: PictureOptions) -> LoadOptions {
    LoadOptions {
        pictures,
        ..LoadOptions::default()
    }
}

pub fn sized(height: usize, width: usize) -> LoadOptions {
    prepared(PictureOptions {
        size: Some((height, width)),
        ..PictureOptions::default()
    })
}
