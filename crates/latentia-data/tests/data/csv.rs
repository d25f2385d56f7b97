//! CSV files.

use std::fmt::Write;

use latentia_tensor::Rows;
use proptest::prelude::*;

use crate::{load_file, values};

#[track_caller]
fn check(text: &str, shape: [usize; 2], expected: &[f32]) {
    let loaded = load_file("a.csv", text.as_bytes()).unwrap();
    assert_eq!([loaded.rows(), loaded.cols()], shape, "{text:?}");
    assert_eq!(loaded.shape(), [shape[1]]);
    assert!(!loaded.is_bytes());
    assert_eq!(values(&loaded), expected);
}

#[test]
fn tables_are_read_with_and_without_a_header() {
    check("1,2\n3,4\n", [2, 2], &[1.0, 2.0, 3.0, 4.0]);
    check("a,b\n1,2\n", [1, 2], &[1.0, 2.0]);
    // One text suffices; a column may go without a name, and a name may be a number.
    check(",1,x\n1,2,3\n", [1, 3], &[1.0, 2.0, 3.0]);
    check(
        "\u{feff}1,2\r\n\r\n 3 ,\"4\"",
        [2, 2],
        &[1.0, 2.0, 3.0, 4.0],
    );
    check("-1.5e2\n+.5\n", [2, 1], &[-150.0, 0.5]);
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        cols in 1..6_usize,
        floats in prop::collection::vec(-1e30_f32..1e30, 6..60),
        has_header in any::<bool>(),
    ) {
        let mut text = String::new();
        if has_header {
            text = (0..cols).map(|col| format!("column {col}")).collect::<Vec<_>>().join(",") + "\n";
        }
        let rows = floats.chunks_exact(cols);
        let count = rows.len();
        for row in rows {
            let row: Vec<String> = row.iter().map(f32::to_string).collect();
            writeln!(text, "{}", row.join(",")).unwrap();
        }
        let loaded = load_file("a.csv", text.as_bytes()).unwrap();
        prop_assert_eq!((loaded.rows(), loaded.cols()), (count, cols));
        prop_assert_eq!(values(&loaded), &floats[..count * cols]);
    }

    #[test]
    fn arbitrary_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = load_file("a.csv", &bytes);
    }

    #[test]
    fn arbitrary_tables_do_no_harm(text in "[0-9a,.\"\n\r -]{0,80}") {
        if let Ok(loaded) = load_file("a.csv", text.as_bytes()) {
            prop_assert!(values(&loaded).iter().all(|value| value.is_finite()));
        }
    }

    #[test]
    fn a_changed_file_does_no_harm(
        at in any::<prop::sample::Index>(),
        bit in 0..8,
        tail in prop::collection::vec(any::<u8>(), 1..20),
    ) {
        let file = b"a,b\n1,2\n3.5,-4e3\n\"5\",6\n".as_slice();
        let mut flipped = file.to_vec();
        flipped[at.index(file.len())] ^= 1_u8 << bit;
        let _ = load_file("a.csv", &flipped);
        let _ = load_file("a.csv", &file[..at.index(file.len())]);
        let _ = load_file("a.csv", &[file, &tail].concat());
    }
}
