//! IDX files, plain or in gzip: an error or examples, and no more values than the file has bytes for.
#![no_main]

use latentia_data::{Locations, load};
use latentia_fuzz::file;
use latentia_tensor::{Matrix, Rows};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let path = file("a.idx", data);
    let Ok(source) = load(
        &path.to_string_lossy(),
        &Locations {
            folders: Vec::new(),
        },
    ) else {
        return;
    };
    let set = source.train;
    assert!(set.rows() > 0 && set.cols() > 0);
    assert!(set.rows() * set.cols() <= 1032 * data.len());
    let mut first = Matrix::zeros(1, set.cols());
    set.read(&[set.rows() as u32 - 1], first.view_mut())
        .expect("it is in memory");
    assert!(first.as_slice().iter().all(|value| value.is_finite()));
});
