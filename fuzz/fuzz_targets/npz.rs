//! NPZ files.
#![no_main]

use latentia_data::TableOptions;
use latentia_fuzz::table;
use libfuzzer_sys::fuzz_target;

// Compressed bytes may be a thousand times as many values.
fuzz_target!(|data: &[u8]| {
    table("a.npz", data, &TableOptions::default(), 1100 * data.len());
});
