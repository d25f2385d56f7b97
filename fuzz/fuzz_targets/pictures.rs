//! Pictures: left out with a reason, or an example of the size asked for.
#![no_main]

use latentia_data::{LoadOptions, Locations, PictureOptions, load_with};
use latentia_fuzz::file;
use latentia_tensor::{Matrix, Rows};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // The content says what it is; the name only that it is a picture.
    let path = file("album/a.png", data);
    let folder = path.parent().expect("it has one");
    let options = LoadOptions {
        pictures: PictureOptions {
            size: Some((4, 4)),
            ..PictureOptions::default()
        },
        ..LoadOptions::default()
    };
    let nowhere = Locations {
        folders: Vec::new(),
    };
    let Ok(source) = load_with(&folder.to_string_lossy(), &nowhere, &options) else {
        return;
    };
    let set = source.train;
    let mut picture = Matrix::zeros(1, set.cols());
    set.read(&[0], picture.view_mut())
        .expect("it was read before");
    assert!(
        picture
            .as_slice()
            .iter()
            .all(|value| (0.0..=255.0).contains(value))
    );
});
