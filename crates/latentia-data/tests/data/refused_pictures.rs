//! Pictures that cannot be read, and folders without any.

use std::fs;

use latentia_data::{Dataset, LoadOptions};
use latentia_tensor::Rows;

use crate::album::{Album, cmyk, grey, jpeg, noise, png, png_claim, sized};

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
    // As telephones name them now and then.
    check(
        "b.jpg",
        b"\0\0\0\x18ftypheic\0\0\0\0",
        &format!("first bytes: found those of an HEIC or AVIF picture, {accepted}"),
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
    let none = |but: &str| {
        let expected = "files that end in .png, .jpg, .jpeg, .webp, .bmp, .tif, .tiff or .gif, in it or in folders within it";
        format!("`album`: pictures: found none{but}, expected {expected}")
    };
    let default = LoadOptions::default();
    Album::new([]).fails(default.clone(), &none(""));
    Album::new([("notes.txt", b""), (".a.png", b""), ("b/c/d.txt", b"")])
        .fails(default.clone(), &none(", but `b/c/d.txt`, `notes.txt`"));
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
