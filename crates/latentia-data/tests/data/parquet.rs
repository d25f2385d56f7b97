//! Parquet files through the public border: tables of numbers.

use latentia_data::{LoadOptions, Locations, TableOptions, load_with};
use latentia_tensor::Rows;

use crate::{load_file, values};

fn seed(name: &str) -> Vec<u8> {
    std::fs::read(format!("../../fuzz/seeds/parquet/{name}")).unwrap()
}

#[test]
fn a_table_of_numbers_is_read_with_its_names() {
    for (name, writer) in [
        ("a.parquet", "numbers"),
        ("a.pq", "numbers"),
        ("a", "numbers"),
        ("a.parquet", "fastparquet"),
    ] {
        let table = load_file(name, &seed(writer)).unwrap();
        assert_eq!(
            values(&table),
            [1.5, 1.0, 1.0, -2.0, 2.0, 0.0, 3.0, 3.0, 1.0]
        );
        assert_eq!(table.columns().unwrap(), ["a", "b", "c"]);
        assert_eq!((table.rows(), table.shape()), (3, &[3][..]));
        assert!(!table.is_bytes());
    }
}

#[test]
fn columns_are_chosen_by_name() {
    let load = |columns: &[&str]| {
        let columns = Some(columns.iter().map(ToString::to_string).collect());
        let options = LoadOptions {
            table: TableOptions {
                columns,
                ..TableOptions::default()
            },
            ..LoadOptions::default()
        };
        let path = "../../fuzz/seeds/parquet/numbers";
        let loaded = load_with(
            path,
            &Locations {
                folders: Vec::new(),
            },
            &options,
        );
        loaded
            .map(|source| source.train)
            .map_err(|error| error.to_string())
    };
    let table = load(&["c", "a"]).unwrap();
    assert_eq!(values(&table), [1.0, 1.5, 0.0, -2.0, 1.0, 3.0]);
    assert_eq!(table.columns().unwrap(), ["c", "a"]);
    assert_eq!(
        load(&["c", "d"]).unwrap_err(),
        "`../../fuzz/seeds/parquet/numbers` has no column `d`; it has `a`, `b`, `c`"
    );
}

#[test]
fn what_is_no_table_of_numbers_is_refused_in_words() {
    for (name, expected) in [
        (
            "none",
            "column `s`: found text, expected numbers or booleans",
        ),
        (
            "int96",
            "column `t`: found date, expected numbers or booleans",
        ),
        ("empty", "rows: found none, expected one or more"),
        (
            "many-rows",
            "footer: found a claim of more than 1,024 rows for each byte of the file, expected an intact Parquet file",
        ),
        (
            "nested",
            "column `l`: found a list, a map or a structure, expected one value a row: make columns of what is in it, or leave it out",
        ),
    ] {
        let error = load_file("a.parquet", &seed(name)).unwrap_err();
        assert_eq!(error, format!("`a.parquet`: {expected}"));
    }
    let error = load_file("a.parquet", b"PAR1").unwrap_err();
    assert_eq!(
        error,
        "`a.parquet`: footer: found fewer than 12 bytes, expected an intact Parquet file"
    );
    let error = load_file("a.parquet", b"PAR1\xff\xff\xff\xffPAR1").unwrap_err();
    assert!(
        error.contains("found a length or an end that is none of a footer"),
        "{error}"
    );
    let error = load_file("a.parquet", b"PAR1\0\0\0\0PARE").unwrap_err();
    assert!(error.contains("found an encrypted file"), "{error}");
}
