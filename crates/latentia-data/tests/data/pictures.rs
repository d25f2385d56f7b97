//! Folders of pictures.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{
    DynamicImage, ExtendedColorType, GrayImage, ImageBuffer, ImageEncoder, ImageFormat, Luma, Rgb,
    RgbImage,
};
use latentia_data::{DataError, Dataset, LoadOptions, PictureOptions, load_with};
use latentia_tensor::{Background, Fit, Matrix, Rows};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::{nowhere, values};

/// A folder to put pictures into.
struct Album(TempDir);

impl Album {
    fn new<const N: usize>(files: [(&str, &[u8]); N]) -> Self {
        let album = Self(TempDir::new().unwrap());
        for (name, content) in files {
            album.write(name, content);
        }
        album
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn load(&self, options: LoadOptions) -> Result<Dataset, DataError> {
        let source = load_with(self.0.path().to_str().unwrap(), &nowhere(), &options)?;
        assert!(source.test.is_none());
        Ok(source.train)
    }

    /// A message without the path of the folder.
    fn plain(&self, message: &str) -> String {
        let folder = self.0.path().display().to_string();
        message
            .replace(&format!("{folder}{}", std::path::MAIN_SEPARATOR), "")
            .replace(&folder, "album")
    }

    /// What is said when a file is left out, and the same as an error.
    #[track_caller]
    fn refuses(&self, expected: &str) {
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
    fn fails(&self, options: LoadOptions, expected: &str) {
        let error = self.load(options).unwrap_err().to_string();
        assert_eq!(self.plain(&error), expected);
    }
}

fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    image.into().write_to(&mut file, format).unwrap();
    file.into_inner()
}

fn png(image: impl Into<DynamicImage>) -> Vec<u8> {
    encoded(image, ImageFormat::Png)
}

fn jpeg(image: impl Into<DynamicImage>) -> Vec<u8> {
    let mut file = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut file, 95);
    image.into().write_with_encoder(encoder).unwrap();
    file
}

fn grey(width: u32, height: u32, level: u8) -> GrayImage {
    GrayImage::from_pixel(width, height, Luma([level]))
}

fn colour(width: u32, height: u32, levels: [u8; 3]) -> RgbImage {
    RgbImage::from_pixel(width, height, Rgb(levels))
}

/// Varied enough to be long.
fn noise(width: u32, height: u32) -> RgbImage {
    let level = |x: u32, y: u32, c: u32| ((x * 73) ^ (y * 151) ^ (c * 37) ^ (x * y)) as u8;
    RgbImage::from_fn(width, height, |x, y| Rgb([0, 1, 2].map(|c| level(x, y, c))))
}

/// The head of a grey PNG, with the right checksum, and the beginning of its pixels.
fn png_claim(width: u32, height: u32) -> Vec<u8> {
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

fn cmyk(side: u16) -> Vec<u8> {
    let mut file = Vec::new();
    let pixels = vec![77; 4 * usize::from(side).pow(2)];
    jpeg_encoder::Encoder::new(&mut file, 90)
        .encode(&pixels, side, side, jpeg_encoder::ColorType::Cmyk)
        .unwrap();
    file
}

fn prepared(pictures: PictureOptions) -> LoadOptions {
    LoadOptions {
        pictures,
        ..LoadOptions::default()
    }
}

fn sized(height: usize, width: usize) -> LoadOptions {
    prepared(PictureOptions {
        size: Some((height, width)),
        ..PictureOptions::default()
    })
}

#[test]
fn examples_come_in_the_order_of_names_with_channels_last() {
    let album = Album::new([
        ("b.png", &png(colour(2, 1, [1, 2, 3]))),
        ("a.PNG", &png(grey(2, 1, 9))),
        (".hidden.png", b"no picture"),
        ("notes.txt", b"no picture"),
        ("C.png", &png(colour(2, 1, [4, 5, 6]))),
    ]);
    let set = album.load(LoadOptions::default()).unwrap();
    assert_eq!(set.shape(), [1, 2, 3]);
    assert!(set.is_bytes() && set.labels().is_none());
    let expected = [4, 5, 6, 4, 5, 6, 9, 9, 9, 9, 9, 9, 1, 2, 3, 1, 2, 3];
    assert_eq!(values(&set), expected.map(|level: u8| level.into()));
    assert_eq!((set.range(), set.full_scale()), ((1.0, 9.0), 255.0));
    let pictures = set.pictures().unwrap();
    assert_eq!(pictures.ignored(), ["notes.txt"]);
    assert_eq!(pictures.names(), ["C.png", "a.PNG", "b.png"]);
    assert_eq!(pictures.kept(), 3);
    let same = Dataset::from_bytes("same", vec![1, 2, 3], expected.to_vec()).unwrap();
    assert_eq!(set.fingerprint().unwrap(), same.fingerprint().unwrap());
}

#[test]
fn folders_are_classes_in_the_order_of_names() {
    let picture = |level| png(grey(2, 2, level));
    let album = Album::new([
        ("dogs/1.png", &picture(30)),
        ("cats/2.jpg", &jpeg(grey(2, 2, 20))),
        ("cats/1.png", &picture(10)),
        ("cats/deeper/3.png", &picture(25)),
        ("eels/notes.txt", b""),
        ("__MACOSX/cats/._1.png", b"no picture"),
        ("cats/Thumbs.db", b"no picture"),
        ("foxes/1.JPEG", &jpeg(grey(2, 2, 40))),
        ("README", b""),
    ]);
    let set = album.load(LoadOptions::default()).unwrap();
    assert_eq!(set.shape(), [2, 2]);
    assert_eq!(set.labels(), Some([0, 0, 0, 1, 2].as_slice()));
    let levels: Vec<f32> = values(&set).into_iter().step_by(4).collect();
    assert_eq!(levels, [10.0, 20.0, 25.0, 30.0, 40.0]);
    let pictures = set.pictures().unwrap();
    assert_eq!(pictures.classes(), ["cats", "dogs", "foxes"]);
    assert_eq!(pictures.names()[2..4], ["cats/deeper/3.png", "dogs/1.png"]);
    assert_eq!(pictures.ignored(), ["README", "eels/notes.txt"]);

    let plain = prepared(PictureOptions {
        no_classes: true,
        ..PictureOptions::default()
    });
    let set = album.load(plain).unwrap();
    assert_eq!((set.rows(), set.labels()), (5, None));
    let strict = LoadOptions {
        strict: true,
        ..LoadOptions::default()
    };
    album.fails(
        strict,
        "`album`: files: found `README`, `eels/notes.txt`, no pictures by their names, expected pictures alone",
    );

    // A picture that is left out takes its label with it.
    album.write("cats/1.png", b"no picture");
    let set = album.load(LoadOptions::default()).unwrap();
    assert_eq!(set.labels(), Some([0, 0, 1, 2].as_slice()));

    // Beside folders, pictures have no class.
    album.write("1.png", &picture(50));
    let set = album.load(LoadOptions::default()).unwrap();
    assert_eq!((set.rows(), set.labels()), (5, None));
    let said = "pictures lie beside folders of pictures, which are no classes then";
    assert_eq!(set.notes(), [said]);
}

#[test]
fn a_picture_is_an_example() {
    let album = Album::new([("one.bmp", &encoded(noise(6, 4), ImageFormat::Bmp))]);
    for name in ["one.bmp", "another"] {
        fs::copy(album.path("one.bmp"), album.path("another")).unwrap();
        let path = album.path(name);
        let options = LoadOptions::default();
        let set = load_with(path.to_str().unwrap(), &nowhere(), &options).unwrap();
        assert_eq!(
            (set.train.rows(), &set.train.shape()[..]),
            (1, &[4, 6, 3][..])
        );
        assert_eq!(set.train.pictures().unwrap().names(), [name]);
        let pixels: Vec<f32> = noise(6, 4).iter().map(|&x| x.into()).collect();
        assert_eq!(values(&set.train), pixels);
    }
}

#[test]
fn every_format_and_depth_is_read() {
    let (deep, small) = (deep_noise(), noise(6, 4));
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for (ending, format) in [
        ("png", ImageFormat::Png),
        ("webp", ImageFormat::WebP),
        ("BMP", ImageFormat::Bmp),
        ("tiff", ImageFormat::Tiff),
        ("Gif", ImageFormat::Gif),
    ] {
        files.push((format!("8.{ending}"), encoded(small.clone(), format)));
    }
    files.push(("16.png".into(), encoded(deep.clone(), ImageFormat::Png)));
    files.push(("16.tif".into(), encoded(deep, ImageFormat::Tiff)));
    let album = Album::new([]);
    for (name, file) in &files {
        album.write(name, file);
    }
    let set = album.load(LoadOptions::default()).unwrap();
    let pictures = set.pictures().unwrap();
    let none: [&str; 0] = [];
    assert_eq!(pictures.refused(), none);
    assert_eq!((set.rows(), &set.shape()[..]), (7, &[4, 6, 3][..]));
    let pixels: Vec<f32> = noise(6, 4).iter().map(|&x| x.into()).collect();
    for (name, row) in pictures.names().iter().zip(values(&set).chunks(72)) {
        // A palette of 256 colours holds all of these few.
        assert_eq!(row, pixels, "{name}");
    }
    let said = "2 pictures of more than 8 bits a channel, rounded to 8";
    assert_eq!(pictures.changes(), [said]);
    assert_eq!(pictures.first_changed(), Some("16.png"));
}

/// The same as `noise(6, 4)` in 16 bits.
fn deep_noise() -> ImageBuffer<Rgb<u16>, Vec<u16>> {
    let noise = noise(6, 4);
    ImageBuffer::from_fn(6, 4, |x, y| {
        Rgb(noise.get_pixel(x, y).0.map(|level| u16::from(level) * 257))
    })
}

#[test]
fn pictures_are_grey_whether_their_format_can_say_so_or_not() {
    let shades = GrayImage::from_fn(5, 4, |x, y| Luma([(x * 40 + y) as u8]));
    let coloured = DynamicImage::from(shades.clone()).into_rgb8();
    let album = Album::new([
        ("a.png", &png(shades)),
        ("b.webp", &encoded(coloured.clone(), ImageFormat::WebP)),
        ("c.bmp", &encoded(coloured.clone(), ImageFormat::Bmp)),
        ("d.gif", &encoded(coloured, ImageFormat::Gif)),
    ]);
    let set = album.load(LoadOptions::default()).unwrap();
    assert_eq!((set.rows(), &set.shape()[..]), (4, &[4, 5][..]));
    assert_eq!(set.pictures().unwrap().first_changed(), None);
    let values = values(&set);
    assert!(values.chunks(20).all(|own| own == &values[..20]));
    // One in colour is enough.
    album.write("e.webp", &encoded(noise(5, 4), ImageFormat::WebP));
    let set = album.load(LoadOptions::default()).unwrap();
    assert_eq!(set.shape(), [4, 5, 3]);
}

#[test]
fn what_is_done_to_pictures_is_said() {
    let album = Album::new([
        ("a.png", &png(colour(20, 30, [1, 2, 3]))),
        ("b.png", &png(colour(40, 60, [4, 5, 6]))),
        ("c.png", &png(grey(30, 30, 7))),
    ]);
    let said = |options: LoadOptions| album.load(options).unwrap().pictures().unwrap().changes();
    let grey = PictureOptions {
        size: Some((30, 20)),
        grey: Some(true),
        ..PictureOptions::default()
    };
    assert_eq!(
        said(prepared(grey)),
        [
            "3 pictures of 2 sizes, 30x30 to 60x40, 2 in colour, made 30x20 grey, cut around the centre"
        ]
    );
    let stretched = PictureOptions {
        fit: Fit::Stretch,
        grey: None,
        ..grey
    };
    assert_eq!(
        said(prepared(stretched)),
        ["2 pictures of 2 sizes, 30x30 to 60x40, 1 in grey, made 30x20 colour, stretched"]
    );
    let alone = Album::new([("a.png", &png(colour(20, 30, [1, 2, 3])))]);
    let set = alone.load(LoadOptions::default()).unwrap();
    let pictures = set.pictures().unwrap();
    assert_eq!(
        (pictures.changes(), pictures.first_changed()),
        (vec![], None)
    );
}

#[test]
fn strokes_on_a_transparent_ground_are_seen() {
    let strokes = |level: u8| {
        png(ImageBuffer::from_fn(8, 8, |x, _| {
            image::LumaA([level, if x % 3 == 0 { 255 } else { 0 }])
        }))
    };
    for (level, ground, name) in [(0, 255.0, "white"), (255, 0.0, "black")] {
        let album = Album::new([("a.png", &strokes(level)), ("b.png", &strokes(level))]);
        let set = album.load(LoadOptions::default()).unwrap();
        assert_eq!(values(&set)[..2], [f32::from(level), ground]);
        let said = format!("2 pictures, in part transparent, laid on {name}");
        assert_eq!(set.pictures().unwrap().changes(), [said]);
        let checker = PictureOptions {
            background: Some(Background::Checker),
            ..PictureOptions::default()
        };
        let set = album.load(prepared(checker)).unwrap();
        assert_eq!(values(&set)[..2], [f32::from(level), 102.0]);
    }
}

#[test]
fn the_size_is_that_of_all_pictures_or_64() {
    let check = |files: [(&str, &[u8]); 2], options, expected: &[usize]| {
        let set = Album::new(files).load(options).unwrap();
        assert_eq!(set.shape(), expected);
        assert_eq!(set.cols(), expected.iter().product::<usize>());
    };
    let (small, large) = (png(grey(20, 30, 1)), png(grey(257, 20, 1)));
    let default = LoadOptions::default();
    check(
        [("a.png", &small), ("b.png", &small)],
        default.clone(),
        &[30, 20],
    );
    check(
        [("a.png", &small), ("b.png", &large)],
        default.clone(),
        &[64, 64],
    );
    check(
        [("a.png", &large), ("b.png", &large)],
        default.clone(),
        &[64, 64],
    );
    check([("a.png", &small), ("b.png", &large)], sized(8, 9), &[8, 9]);
    let red = jpeg(colour(20, 30, [200, 0, 0]));
    check(
        [("a.png", &small), ("b.jpg", &red)],
        default.clone(),
        &[30, 20, 3],
    );
    let in_grey = prepared(PictureOptions {
        grey: Some(true),
        ..PictureOptions::default()
    });
    check([("a.png", &small), ("b.jpg", &red)], in_grey, &[30, 20]);
    let in_colour = prepared(PictureOptions {
        grey: Some(false),
        ..PictureOptions::default()
    });
    check(
        [("a.png", &small), ("b.png", &small)],
        in_colour,
        &[30, 20, 3],
    );
}

#[test]
fn options_follow_from_the_shape_of_a_picture() {
    let of = |shape: &[usize]| {
        let options = PictureOptions::default().for_shape(shape)?;
        Some((options.size?, options.grey?))
    };
    assert_eq!(of(&[5, 7]), Some(((5, 7), true)));
    assert_eq!(of(&[5, 7, 1]), Some(((5, 7), true)));
    assert_eq!(of(&[5, 7, 3]), Some(((5, 7), false)));
    assert_eq!(of(&[1, 5, 7]), Some(((5, 7), true)));
    assert_eq!(of(&[3, 5, 7]), None);
    assert_eq!(of(&[5, 7, 2]), None);
    assert_eq!(of(&[10]), None);
}

#[test]
fn a_jpeg_with_a_scan_for_each_colour_is_the_picture_that_it_was() {
    // Smooth, so that two ways to write it differ little.
    let level = |x: u32, y: u32| Rgb([4 * x, 3 * y, x + y].map(|level| level as u8));
    let image = RgbImage::from_fn(40, 24, level);
    let mut file = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut file, 95);
    encoder.set_optimized_huffman_tables(true);
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_2_2);
    encoder
        .encode(image.as_raw(), 40, 24, jpeg_encoder::ColorType::Rgb)
        .unwrap();
    let album = Album::new([("a.jpg", &file)]);
    let set = album.load(LoadOptions::default()).unwrap();
    for (seen, &level) in values(&set).iter().zip(image.as_raw()) {
        assert!((seen - f32::from(level)).abs() < 12.0, "{seen}, {level}");
    }
}

#[test]
fn pictures_are_turned_as_their_exif_data_says() {
    let upright = GrayImage::from_raw(2, 3, vec![1, 2, 3, 4, 5, 6]).unwrap();
    let mut file = Vec::new();
    let mut encoder = PngEncoder::new(&mut file);
    // One entry: the orientation, of type 3, is 6, a quarter of a turn to the right.
    let exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    encoder.set_exif_metadata(exif.to_vec()).unwrap();
    encoder
        .write_image(upright.as_raw(), 2, 3, ExtendedColorType::L8)
        .unwrap();
    let set = Album::new([("a.png", &file)]).load(sized(2, 3)).unwrap();
    assert_eq!(values(&set), [5.0, 3.0, 1.0, 6.0, 4.0, 2.0]);
}

#[test]
fn pictures_that_cannot_be_read_are_named_with_the_reason() {
    let good = png(noise(20, 20));
    let check = |name: &str, content: &[u8], expected: &str| {
        let album = Album::new([("a.png", &good), (name, content)]);
        album.refuses(&format!("`{name}`: {expected}"));
    };
    let accepted =
        "expected a PNG, a WebP, a BMP, a TIFF, a GIF, or a grey or YCbCr JPEG of 8 bits";
    check(
        "b.jpg",
        &cmyk(16),
        &format!("colours of the JPEG: found 4 (CMYK), {accepted}"),
    );
    check(
        "b.jpg",
        b"GIG89a",
        &format!("first bytes: found [47, 49, 47, 38], {accepted}"),
    );
    check(
        "b.png",
        &png_claim(100_000, 100_000),
        "size of the picture: found 100000x100000 pixels, expected 1 to 32768 a side and at most 134217728 in all",
    );
    check(
        "b.png",
        &png_claim(10_000, 10_000),
        "size of the picture: found 10000x10000 pixels in 43 bytes, expected a file long enough for them",
    );
    check(
        "b.png",
        &png_claim(0, 7),
        "size of the picture: found 0x7 pixels, expected 1 to 32768 a side and at most 134217728 in all",
    );
    check(
        "b.png",
        b"",
        "header of the picture: found its end after 0 bytes, expected a whole picture",
    );
    let palette = "../../fuzz/seeds/pictures/palette-of-a-colour-and-a-third.png";
    check(
        "b.png",
        &fs::read(palette).unwrap(),
        "length of the palette: found 190 bytes, expected 3 bytes for each colour",
    );
    let beyond = "../../fuzz/seeds/pictures/frame-beyond-its-screen.gif";
    check(
        "b.gif",
        &fs::read(beyond).unwrap(),
        &format!("first frame of the GIF: found 18504x7240 on a screen of 67x73, {accepted}"),
    );
    let photo = jpeg(noise(40, 40));
    check(
        "b.jpg",
        &photo[..photo.len() - 400],
        "end of the JPEG: found none: the file is cut off, expected an end-of-image marker (0xff 0xd9)",
    );
    check(
        "b.jpg",
        &photo[..100],
        "header of the picture: found its end after 100 bytes, expected a whole picture",
    );

    let album = Album::new([("a.png", &good), ("b.png", &good[..good.len() / 2])]);
    let set = album.load(LoadOptions::default()).unwrap();
    let refused = set.pictures().unwrap().refused();
    assert!(refused[0].contains("b.png`: pixels: found "), "{refused:?}");
    assert!(
        refused[0].ends_with(", expected an intact picture"),
        "{refused:?}"
    );
    assert_eq!(set.rows(), 1);
    // The count is that of the pictures that were left.
    let bytes = noise(20, 20).into_raw();
    let same = Dataset::from_bytes("same", vec![20, 20, 3], bytes).unwrap();
    assert_eq!(set.fingerprint().unwrap(), same.fingerprint().unwrap());
}

#[test]
fn a_claim_without_pixels_is_refused_in_bounded_memory() {
    let side = 60_000u32;
    let (low, high) = ((side as u16).to_le_bytes(), side.to_le_bytes());
    let gif = [
        b"GIF89a".as_slice(),
        &low,
        &low,
        &[0x80, 0, 0],
        &[0; 6],
        b",\0\0\0\0",
        &low,
        &low,
    ]
    .concat();
    let bmp = [
        b"BM\x36\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".as_slice(),
        &high,
        &high,
        b"\x01\0\x18\0",
        &[0; 24],
    ]
    .concat();
    // Width, height, bits, photometric interpretation, where the pixels are, channels, rows in a strip and bytes in it.
    let entries = [
        (256, side),
        (257, side),
        (258, 8),
        (262, 1),
        (273, 8),
        (277, 1),
        (278, side),
        (279, 4),
    ];
    let mut tiff = b"II*\0\x08\0\0\0\x08\0".to_vec();
    for (tag, value) in entries {
        tiff.extend(u16::to_le_bytes(tag));
        tiff.extend([4, 0, 1, 0, 0, 0]);
        tiff.extend(u32::to_le_bytes(value));
    }
    tiff.extend([0; 4]);
    let png = png_claim(side, side);
    let webp = [
        b"RIFF\x20\0\0\0WEBPVP8L\x10\0\0\0\x2f".as_slice(),
        &[0xff; 4],
        &[0; 11],
    ]
    .concat();
    for (name, bomb) in [
        ("b.gif", gif),
        ("b.bmp", bmp),
        ("b.tif", tiff),
        ("b.png", png),
        ("b.webp", webp),
    ] {
        let album = Album::new([("a.png", &small_png()), (name, &bomb)]);
        let set = album.load(LoadOptions::default()).unwrap();
        let refused = set.pictures().unwrap().refused();
        assert_eq!((set.rows(), refused.len()), (1, 1), "{name}");
        assert!(refused[0].contains(name), "{refused:?}");
    }
}

fn small_png() -> Vec<u8> {
    png(grey(2, 1, 1))
}

#[cfg(unix)]
#[test]
fn a_link_to_nowhere_is_named() {
    let album = Album::new([("a.png", &png(grey(4, 4, 7)))]);
    std::os::unix::fs::symlink("/nowhere/b.png", album.path("b.png")).unwrap();
    let set = album.load(LoadOptions::default()).unwrap();
    let refused = set.pictures().unwrap().refused();
    assert_eq!(album.plain(&refused[0]), "no such file: `b.png`");
}

#[test]
fn a_folder_without_examples_is_refused() {
    let none = "`album`: pictures: found none, expected files that end in .png, .jpg, .jpeg, .webp, .bmp, .tif, .tiff or \
                .gif, in it or in folders within it";
    let default = LoadOptions::default();
    Album::new([]).fails(default.clone(), none);
    Album::new([("notes.txt", b""), (".a.png", b""), ("b/c/d.txt", b"")])
        .fails(default.clone(), none);
    Album::new([("a.png", b""), ("b.png", b"")]).fails(
        default.clone(),
        "`album`: pictures: found none of 2 that can be read, expected one or more; the first: `a.png`: header of the \
         picture: found its end after 0 bytes, expected a whole picture",
    );
    let picture = png(grey(2, 2, 1));
    Album::new([("a.png", &picture)]).fails(
        sized(0, 5000),
        "`album`: size of an example: found 0x5000, expected 1 to 4096 pixels a side",
    );
    let many = Album::new([]);
    for class in 0..300 {
        many.write(&format!("{class:03}/a.png"), &picture);
    }
    let labels = many.load(default).unwrap().labels().unwrap().to_vec();
    assert_eq!(labels, (0..300).collect::<Vec<u32>>());
}

fn cached(memory: usize) -> LoadOptions {
    LoadOptions {
        memory,
        ..sized(8, 8)
    }
}

#[test]
fn a_cache_too_small_for_all_gives_the_same_examples() {
    let album = Album::new([("broken.png", &png(noise(9, 9))[..60])]);
    for number in 0..30 {
        album.write(
            &format!("{number:02}.jpg"),
            &jpeg(noise(10 + number, 40 - number)),
        );
    }
    let whole = album.load(LoadOptions::default()).unwrap();
    assert_eq!(whole.shape(), [64, 64, 3]);
    let whole = album.load(cached(usize::MAX)).unwrap();
    assert_eq!(whole.pictures().unwrap().kept(), 30);
    // 192 bytes an example
    for (cache, kept) in [(0, 0), (191, 0), (1000, 5), (30 * 192, 30)] {
        let set = album.load(cached(cache)).unwrap();
        assert_eq!(set.pictures().unwrap().kept(), kept);
        assert_eq!(set.fingerprint().unwrap(), whole.fingerprint().unwrap());
        assert_eq!((set.rows(), set.range()), (30, whole.range()));
        assert_eq!(values(&set), values(&whole));
        let (mut some, mut same) = (Matrix::zeros(3, 192), Matrix::zeros(3, 192));
        set.read(&[29, 3, 29], some.view_mut()).unwrap();
        whole.read(&[29, 3, 29], same.view_mut()).unwrap();
        assert_eq!(some, same);
    }
}

#[test]
fn a_file_that_changes_or_goes_after_loading_is_named() {
    let album = Album::new([
        ("a.png", &png(grey(8, 8, 1))),
        ("b.png", &png(grey(8, 8, 2))),
    ]);
    let set = album.load(cached(64)).unwrap();
    let read = |index| {
        let error = set.read(&[index], Matrix::zeros(1, 64).view_mut());
        error.map_err(|error| album.plain(&error.to_string()))
    };
    assert_eq!(read(1), Ok(()));
    album.write("b.png", &png(grey(8, 8, 3)));
    assert_eq!(
        read(1),
        Err("`b.png` has changed since it was loaded".into())
    );
    album.write("b.png", b"no picture");
    assert_eq!(
        read(1),
        Err("`b.png` has changed since it was loaded".into())
    );
    fs::remove_file(album.path("b.png")).unwrap();
    assert_eq!(read(1), Err("`b.png` is gone since it was loaded".into()));
    // The first is in memory.
    fs::remove_file(album.path("a.png")).unwrap();
    assert_eq!(read(0), Ok(()));
}

fn load_spoilt(name: &str, mut file: Vec<u8>, spoils: &[(usize, u8)], cut: usize) {
    for &(at, byte) in spoils {
        let length = file.len();
        file[at % length] = byte;
    }
    file.truncate(cut.max(1));
    let album = Album::new([(name, &file)]);
    if let Ok(set) = album.load(sized(4, 4)) {
        assert_eq!(set.rows(), 1);
    }
    assert!(Path::new(&album.path(name)).exists());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_panic(
        spoils in prop::collection::vec((0usize..2000, any::<u8>()), 0..6),
        cut in 100usize..4000,
    ) {
        load_spoilt("a.jpg", jpeg(noise(17, 11)), &spoils, cut);
        load_spoilt("a.png", png(noise(17, 11)), &spoils, cut);
        for format in [ImageFormat::WebP, ImageFormat::Bmp, ImageFormat::Tiff, ImageFormat::Gif] {
            load_spoilt("a.gif", encoded(noise(17, 11), format), &spoils, cut);
        }
    }
}
