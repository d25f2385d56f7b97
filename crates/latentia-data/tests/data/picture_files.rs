//! Pictures that stay in their files.

use std::fs;
use std::path::Path;

use image::ImageFormat;
use latentia_data::LoadOptions;
use latentia_tensor::{Matrix, Rows};
use proptest::prelude::*;

use crate::album::{Album, encoded, grey, jpeg, noise, png, sized};
use crate::values;

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
