//! CSV files.

use std::fmt::Write;

use latentia_data::{DataError, Dataset, LoadOptions, Locations, TableOptions, load_with};
use latentia_tensor::Rows;
use proptest::prelude::*;

use crate::{gzip, load_file, values};

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
    check(",1,x\n1.5,2,3\n", [1, 3], &[1.5, 2.0, 3.0]);
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
    // Without a header it may be two columns, and a zero before the second number speaks against it.
    let options = |decimal, delimiter| TableOptions {
        decimal,
        delimiter,
        ..TableOptions::default()
    };
    let error = load_file("a.csv", b"20,05\n3,5\n").unwrap_err().to_string();
    assert!(
        error.contains("one number with a decimal comma, as 20,05, or two numbers"),
        "{error}"
    );
    let loaded = load_table("a.csv", b"20,05\n3,5\n", options(Some(b','), None)).unwrap();
    assert_eq!((loaded.cols(), values(&loaded)), (1, vec![20.05, 3.5]));
    let loaded = load_table("a.csv", b"20,05\n3,5\n", options(None, Some(b','))).unwrap();
    assert_eq!(
        (loaded.cols(), values(&loaded)),
        (2, vec![20.0, 5.0, 3.0, 5.0])
    );
    assert_eq!(load_file("a.csv", b"20,15\n3,5\n").unwrap().cols(), 2);
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
    let packed = gzip(b"a,b\n1,2\n");
    for name in ["a.csv.gz", "a.txt.gz", "a.data.gz"] {
        let loaded = load_table(name, &packed, TableOptions::default()).unwrap();
        assert_eq!(values(&loaded), [1.0, 2.0]);
        assert_eq!(names(&loaded), ["a", "b"]);
    }
}

#[test]
fn what_gzip_holds_is_told_by_its_first_bytes() {
    let array = b"\x93NUMPY\x01\0";
    for (name, content, expected) in [
        (
            "a.gz",
            &b"a,b\n1,2\n"[..],
            "found text, expected a table of text under a name that ends in",
        ),
        (
            "a.npy.gz",
            array,
            "found NPY in gzip, expected the file that is in it",
        ),
        ("a.json.gz", b"[{\"a\": 1}]", "found JSON"),
        (
            "a.heic",
            b"\0\0\0\x18ftypheic",
            "found an HEIC or AVIF picture, expected a PNG or a JPEG",
        ),
        (
            "a.tar.gz",
            &[&[b'.'; 257][..], b"ustar"].concat(),
            "found a tar archive",
        ),
    ] {
        let error = load_file(name, &gzip(content)).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
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
        error.contains("numbers unlike those below (400, 420, 440, …)"),
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
    // Nor is that of a part of its rows, one that R wrote, or one that was read as a column.
    for text in [
        ",a\n5,1\n3,2\n",
        "\"\",a\n\"1\",1\n\"2\",2\n",
        "Unnamed: 0,a\n0,1\n1,2\n",
    ] {
        check(text, [2, 1], &[1.0, 2.0]);
    }
    // A column without a name that numbers nothing is one like any other.
    check(",a\n5,1\n5,2\n", [2, 2], &[5.0, 1.0, 5.0, 2.0]);
    check(",a\n5.5,1\n3,2\n", [2, 2], &[5.5, 1.0, 3.0, 2.0]);
}

#[test]
fn a_header_of_numbers_beside_text_is_seen_by_the_text() {
    let rows = |last: fn(usize) -> String| {
        let row = |row: usize| {
            format!(
                "{}.5,{}.25,{}.75,{}\n",
                row % 7,
                row % 5,
                row % 3,
                last(row)
            )
        };
        (0..20).map(row).collect::<String>()
    };
    let check = |header: &str, rows: &str, expected: usize| {
        let loaded = load_file("a.csv", format!("{header}\n{rows}").as_bytes()).unwrap();
        assert_eq!(loaded.rows(), expected, "{header}");
    };
    let kinds = rows(|row| ["x", "y"][row % 2].into());
    let dates = rows(|row| format!("2020-01-{:02}", row + 1));
    check("0,1,2,kind", &kinds, 20);
    check("1990,1995,2003,kind", &kinds, 20);
    check("1990,1995,2003,date", &dates, 20);
    check("2.5,1.25,0.5,date", &dates, 20);
    // Values, and the class of a row.
    check("2.5,1.25,0.5,z", &kinds, 21);
    check("2.5,1.25,0.5,2021-02-03", &dates, 21);
}

#[test]
fn numbers_beyond_all_others_of_their_columns_may_be_a_header() {
    let rows: String = (0..20)
        .map(|row| format!("{}.5,{}.25,{}.75\n", row % 7, row % 5, row % 3))
        .collect();
    for header in ["1990,1995,2003", "0,1,2"] {
        let error = load_file("a.csv", format!("{header}\n{rows}").as_bytes())
            .unwrap_err()
            .to_string();
        assert!(error.contains("numbers unlike those below"), "{error}");
    }
    let two: String = (0..20)
        .map(|row| format!("{}.5,{}.25\n", row % 7, row % 5))
        .collect();
    assert!(load_file("a.csv", format!("0,1\n{two}").as_bytes()).is_err());
    // Within the others' range they are values.
    for first in ["1,2.5,1.5", "3,2.5,1"] {
        let loaded = load_file("a.csv", format!("{first}\n{rows}").as_bytes()).unwrap();
        assert_eq!(loaded.rows(), 21, "{first}");
    }
}

#[test]
fn a_row_longer_than_a_buffer_is_read() {
    let names: Vec<String> = (0..20_000).map(|name| format!("column {name}")).collect();
    let row: Vec<String> = (0..20_000).map(|number| format!("{number}.5")).collect();
    let (names, row) = (names.join(","), row.join(","));
    let loaded = load_file("a.csv", format!("{names}\n{row}\n{row}\n").as_bytes()).unwrap();
    assert_eq!((loaded.rows(), loaded.cols()), (2, 20_000));
    let error = load_file("a.csv", ",".repeat(1 << 20).as_bytes())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("columns: found 1,048,577, expected at most 1,048,576"),
        "{error}"
    );
}

#[test]
fn lines_may_end_as_on_any_system() {
    for end in ["\n", "\r\n", "\r"] {
        check(
            &format!("a,b{end}1,2{end}3,4{end}"),
            [2, 2],
            &[1.0, 2.0, 3.0, 4.0],
        );
        let loaded = load_file("a.csv", format!("a{end}1{end}{end}3{end}").as_bytes()).unwrap();
        assert_eq!(loaded.rows(), 3, "the empty line is a gap");
        let error = load_file("a.csv", format!("a,b{end}1,2{end}3{end}").as_bytes()).unwrap_err();
        assert!(
            error.to_string().contains("line 3: found 1 field"),
            "{error}"
        );
    }
}

#[test]
fn what_is_no_table_of_text_is_refused_for_what_it_is() {
    let check = |text: &[u8], expected: &str| {
        let error = load_file("a.csv", text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(b"PK\x03\x04\x14\0", "an Excel workbook or another archive");
    check(b"<!DOCTYPE html><html></html>", "found a web page");
    for json in [
        "[{\"a\": 1}]",
        "{\n  \"a\": [1, 2]\n}",
        "[\n  [1, 2],\n  [3, 4]\n]",
        "{\"a\": 1}\n{\"a\": 2}",
    ] {
        check(
            json.as_bytes(),
            "found JSON, expected a table: save it as CSV or Parquet",
        );
    }
    check(b"PAR1\x15\x04", "found Parquet, expected a ");
    check(b"ARROW1\0\0", "found an Arrow or Feather file");
    check(b"BZh91AY&SY\x01", "found a compressed file");
    check(
        b"\xfd7zXZ\0",
        "found a compressed file, expected the file that is in it, or gzip",
    );
    check(
        &[&[b'.'; 257][..], b"ustar"].concat(),
        "found a tar archive",
    );
    check(b"SQLite format 3\0", "found an SQLite database");
    check(b"\x80\x04\x95", "found a pickled object");
    // Columns may be called so.
    for name in ["PAR1", "BZh9", "ARROW1", "SQLite format 3"] {
        let table = load_file("a.csv", format!("{name},b\n1,2\n3,4\n").as_bytes()).unwrap();
        assert_eq!(&table.shape()[..], [2], "{name}");
    }
    // A sign of Windows for euros, with which no pickle begins.
    check(b"\x80,x\n1,2\n", "expected text in UTF-8");
    let utf8 = "expected text in UTF-8: save the table as `CSV UTF-8`";
    check(b"gr\xf6sse,x\n1,2\n", utf8);
    check(b"kind,x\ngr\xfcn,1\nblau,2\ngr\xfcn,3\n", utf8);
    check(
        b"a,b\n1,x\n2,\"y\n3,x\n4,y\n",
        "line 3: found a quote that opens a field and is not closed",
    );
    // Commas with quotes and spaces behind them.
    check(
        b"\"a\", \"b\"\n1, \"x,y\"\n2, \"x,z\"\n",
        "line 2: found 3 fields, expected 2 fields",
    );
    check(
        b"a;b\n1;2\n3\n4;5\n",
        "line 3: found 1 field, expected 2 fields",
    );
}

#[test]
fn numbers_in_another_dress_are_said_to_be_text() {
    let check = |fields: [&str; 4]| {
        let row = |(row, field)| format!("\"{field}\",{row}.5\n");
        let rows: String = fields.iter().enumerate().map(row).collect();
        let loaded = load_file("a.csv", format!("a,x\n{rows}").as_bytes()).unwrap();
        let notes = loaded.notes().join("; ");
        notes.contains(&format!(
            "`a` is read as text, though it seems to hold numbers, as `{}`",
            fields[0]
        ))
    };
    assert!(check(["$1,200", "$900", "$1,300", "$-5"]));
    assert!(check(["12 %", "7 %", "0.5 %", "7 %"]));
    assert!(check(["1.234,5", "20,1", "7,2", "3,4"]));
    assert!(check(["1'000", "2'000", "3'000", "4'500"]));
    assert!(!check(["A1", "A2", "A3", "A3"]));
    assert!(!check(["12 kg", "12 lb", "13 kg", "1 lb"]));
    assert!(!check(["10-19", "20-29", "10-19", "30-39"]));
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
