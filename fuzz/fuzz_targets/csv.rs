//! Tables in CSV, before a byte that says how they are read: as they are, where it is the end of a line.
#![no_main]

use latentia_data::{Carry, TableOptions};
use latentia_fuzz::table;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&byte, text)) = data.split_last() else {
        return;
    };
    let mut rest = usize::from(byte ^ b'\n');
    let mut choose = |count: usize| {
        let choice = rest % count;
        rest /= count;
        choice
    };
    let columns = TableOptions {
        header: [None, Some(true), Some(false)][choose(3)],
        delimiter: [None, Some(b','), Some(b' ')][choose(3)],
        decimal: [None, Some(b',')][choose(2)],
        label: [None, Some("1".into())][choose(2)].take(),
        categorical: [vec![], vec!["2".into()]][choose(2)].clone(),
        missing: [vec![], vec!["0".into()]][choose(2)].clone(),
        carry: Carry::All,
        ..TableOptions::default()
    };
    table("a.csv", text, &columns, text.len());
});
