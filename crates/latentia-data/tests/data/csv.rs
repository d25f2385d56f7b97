//! CSV files.

use std::fmt::Write;

use latentia_data::{DataError, Dataset, LoadOptions, Locations, TableOptions, load_with};
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

/// Loads a table whose name is `name`, as `options` say.
fn load_table(name: &str, text: &[u8], table: TableOptions) -> Result<Dataset, DataError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    let options = LoadOptions {
        table,
        ..LoadOptions::default()
    };
    load_with(path.to_str().unwrap(), &Locations::new(None), &options).map(|source| source.train)
}

#[test]
fn how_fields_are_parted_and_decimals_written_is_seen_and_said() {
    let expected = [1.5, -2.0, 3.25, 4.0, 0.5, 6e3];
    let check = |text: &str, note: &str| {
        let loaded = load_table("a.csv", text.as_bytes(), TableOptions::default()).unwrap();
        assert_eq!(values(&loaded), expected, "{text:?}");
        assert_eq!(loaded.cols(), 3, "{text:?}");
        assert_eq!(loaded.notes().join("; "), note, "{text:?}");
    };
    check("a,b,c\n1.5,-2,3.25\n4,0.5,6e3\n", "");
    check(
        "a;b;c\n1.5;-2;3.25\n4;0.5;6e3\n",
        "fields are parted by `;`",
    );
    let comma = "fields are parted by `;`, decimals are written with a comma";
    check("a;b;c\n1,5;-2;3,25\n4;0,5;6e3\n", comma);
    check("1,5;-2;3,25\n4;0,5;6e3\n", comma);
    check("1.5\t-2\t3.25\n4\t0.5\t6e3", "fields are parted by tabs");
    check(
        "  1.5   -2 3.25\n4 0.5   6e3 \n",
        "fields are parted by spaces",
    );
    check("a,\"b, or so\",c\n1.5,-2,3.25\n4,0.5,6e3\n", "");
}

#[test]
fn one_column_with_decimal_commas_is_one_column() {
    let loaded = load_file("a.csv", b"price\n20,05\n3,5\n7\n").unwrap();
    assert_eq!(values(&loaded), [20.05, 3.5, 7.0]);
    let loaded = load_file("a.csv", b"20,05\n3,5\n").unwrap();
    assert_eq!(loaded.cols(), 2, "without a header it is two columns");
    // Rows of different lengths are no decimals.
    for text in [b"1,2\n3\n".as_slice(), b"a,b\n1,2\n3\n"] {
        let error = load_file("a.csv", text).unwrap_err().to_string();
        assert!(
            error.contains("found 1 field, expected 2 fields"),
            "{error}"
        );
    }
}

#[test]
fn a_table_in_gzip_is_read() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut gzip, b"a,b\n1,2\n").unwrap();
    let loaded = load_table("a.csv.gz", &gzip.finish().unwrap(), TableOptions::default()).unwrap();
    assert_eq!(values(&loaded), [1.0, 2.0]);
    assert_eq!(names(&loaded), ["a", "b"]);
}

#[test]
fn a_header_of_numbers_is_asked_for_where_it_cannot_be_told() {
    let wavelengths = b"400,420,440\n0.1,0.5,0.2\n0.3,0.1,0.9\n";
    let load = |header| {
        let options = TableOptions {
            header,
            ..TableOptions::default()
        };
        load_table("a.csv", wavelengths, options)
    };
    let error = load(None).unwrap_err().to_string();
    assert!(
        error.contains("evenly spaced numbers (400, 420, 440, …)"),
        "{error}"
    );
    assert_eq!(load(Some(false)).unwrap().rows(), 3);
    let named = load(Some(true)).unwrap();
    assert_eq!(named.rows(), 2);
    assert_eq!(names(&named), ["400", "420", "440"]);
    // All rows are alike in this: they are values.
    check("1,2,3\n4,5,6\n", [2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
}

#[test]
fn the_index_of_a_data_frame_is_not_learned_from() {
    for header in [",a,b", ",0,1"] {
        let text = format!("{header}\n0,0.5,7\n1,0.25,8\n2,0.125,9\n");
        let loaded = load_file("a.csv", text.as_bytes()).unwrap();
        assert_eq!(values(&loaded), [0.5, 7.0, 0.25, 8.0, 0.125, 9.0]);
        assert!(
            loaded.notes()[0].contains("it is an index"),
            "{:?}",
            loaded.notes()
        );
    }
    // A column without a name that counts nothing is one like any other.
    check(",a\n5,1\n3,2\n", [2, 2], &[5.0, 1.0, 3.0, 2.0]);
}

/// The names of a table's columns.
fn names(loaded: &Dataset) -> Vec<String> {
    let columns = &loaded.table().unwrap().schema.columns;
    columns.iter().map(|column| column.name.clone()).collect()
}

#[test]
fn text_of_a_spreadsheet_in_utf_16_is_refused_in_words() {
    let text: Vec<u8> = "\u{feff}a,b\n1,2\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let error = load_file("a.csv", &text).unwrap_err().to_string();
    assert!(
        error.contains("found UTF-16") && error.contains("`CSV UTF-8`"),
        "{error}"
    );
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
            prop_assert!(values(&loaded).iter().all(|value| !value.is_infinite()));
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
