//! Pictures and folders of them, as examples.

use std::fs;

use image::codecs::png::PngEncoder;
use image::{
    DynamicImage, ExtendedColorType, GrayImage, ImageBuffer, ImageEncoder, ImageFormat, Luma, Rgb,
    RgbImage,
};
use latentia_data::{Dataset, LoadOptions, PictureOptions, load_with};
use latentia_tensor::{Background, Fit, Rows};

use crate::album::{Album, colour, encoded, grey, jpeg, noise, png, prepared, sized};
use crate::{nowhere, values};

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

/// A chunk of a PNG.
fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut named = name.to_vec();
    named.extend(content);
    let mut crc = flate2::Crc::new();
    crc.update(&named);
    let mut chunk = (content.len() as u32).to_be_bytes().to_vec();
    chunk.extend(named);
    chunk.extend(crc.sum().to_be_bytes());
    chunk
}

#[test]
fn of_frames_and_pages_it_is_said_that_the_first_is_taken() {
    let gif = |frames: u32| {
        let mut file = Vec::new();
        let mut encoder = image::codecs::gif::GifEncoder::new(&mut file);
        for frame in 0..frames {
            let picture = DynamicImage::from(noise(8 + frame, 8)).to_rgba8();
            let picture = image::imageops::crop_imm(&picture, 0, 0, 8, 8).to_image();
            encoder.encode_frame(image::Frame::new(picture)).unwrap();
        }
        drop(encoder);
        file
    };
    // The control of an animation, which stands behind the header.
    let mut moving = png(noise(8, 8));
    let control = chunk(b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]);
    moving.splice(33..33, control);
    // A second page: the first one's directory once more, at the end.
    let mut pages = encoded(noise(8, 8), ImageFormat::Tiff);
    let first = u32::from_le_bytes(pages[4..8].try_into().unwrap()) as usize;
    let entries = usize::from(u16::from_le_bytes(
        pages[first..first + 2].try_into().unwrap(),
    ));
    let next = first + 2 + 12 * entries;
    assert_eq!(&pages[next..next + 4], [0; 4]);
    let one_page = pages.clone();
    let second = pages[first..next + 4].to_vec();
    let at = pages.len() as u32;
    pages[next..next + 4].copy_from_slice(&at.to_le_bytes());
    pages.extend(second);
    let simple = encoded(noise(8, 8), ImageFormat::WebP);
    let frames = "1 picture of several frames or pages, of which the first is taken";
    for (name, file, moves) in [
        ("one.gif", gif(1), false),
        ("two.gif", gif(2), true),
        ("still.png", png(noise(8, 8)), false),
        ("moving.png", moving, true),
        ("page.tif", one_page, false),
        ("pages.tif", pages, true),
        ("still.webp", simple, false),
    ] {
        let album = Album::new([(name, &file)]);
        let set = album.load(LoadOptions::default()).unwrap();
        let pictures = set.pictures().unwrap();
        let said = pictures.changes().iter().any(|change| change == frames);
        assert_eq!(said, moves, "{name}: {:?}", pictures.changes());
        assert_eq!(pictures.first_changed(), moves.then_some(name), "{name}");
    }
}
