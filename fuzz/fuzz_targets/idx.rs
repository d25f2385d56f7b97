//! IDX files, plain or in gzip.
#![no_main]

use latentia_data::TableOptions;
use latentia_fuzz::table;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    table("a.idx", data, &TableOptions::default(), 1032 * data.len());
});
