//! Tables in Parquet.
#![no_main]

use latentia_data::TableOptions;
use latentia_fuzz::table;
use libfuzzer_sys::fuzz_target;

// Rows that are equal take no bytes.
fuzz_target!(|data: &[u8]| {
    table("a.parquet", data, &TableOptions::default(), usize::MAX);
});
