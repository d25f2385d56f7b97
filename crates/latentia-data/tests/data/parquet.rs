//! Parquet files through the public border.

use latentia_data::{
    Column, ColumnKind, Dataset, LoadOptions, Locations, Schema, TableOptions, load_with,
};
use latentia_tensor::Rows;

use crate::{load_file, values};

fn seed(name: &str) -> Vec<u8> {
    std::fs::read(format!("../../fuzz/seeds/parquet/{name}")).unwrap()
}

/// The names of a table's columns.
fn names(loaded: &Dataset) -> Vec<&str> {
    let columns = &loaded.table().unwrap().schema.columns;
    columns.iter().map(|column| column.name.as_str()).collect()
}

#[test]
fn columns_have_kinds_and_gaps() {
    let table = load_file("a.parquet", &seed("none")).unwrap();
    let own = table.table().unwrap();
    let columns = own.schema.columns.iter().zip(&own.profiles);
    let columns = columns.map(|(column, profile)| (column.kind.name(), profile.missing));
    let expected = [
        ("number", 3),
        ("number", 0),
        ("category", 3),
        ("boolean", 3),
        ("date", 3),
    ];
    assert!(columns.eq(expected));
    assert_eq!(own.schema.columns[2].levels, ["blu\u{e9}", "green", "red"]);
    let dates = load_file("a.parquet", &seed("int96")).unwrap();
    let format = &dates.table().unwrap().schema.columns[0].format;
    assert_eq!(format.as_deref(), Some("%Y-%m-%d %H:%M:%S"));
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
        assert_eq!(names(&table), ["a", "b", "c"]);
        assert_eq!((table.rows(), &table.shape()[..]), (3, &[3][..]));
        assert!(!table.is_bytes());
    }
}

#[test]
fn columns_are_chosen_by_name() {
    let load = |columns: &[&str]| {
        let columns = columns.iter();
        let columns = columns.map(|name| match *name {
            "c" => Column {
                levels: ["false", "true"].map(String::from).to_vec(),
                ..Column::new("c", ColumnKind::Boolean)
            },
            name => Column::new(name, ColumnKind::Number),
        });
        let schema = Schema {
            header: true,
            columns: columns.collect(),
            ..Schema::default()
        };
        let options = LoadOptions {
            table: TableOptions {
                schema: Some(schema),
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
    assert_eq!(
        load(&["c", "d"]).unwrap_err(),
        "`../../fuzz/seeds/parquet/numbers` has no column `d`; it has `a`, `b`, `c`"
    );
}

#[test]
fn what_is_no_table_is_refused_in_words() {
    for (name, expected) in [
        (
            "empty",
            "rows: found only a header, expected one row of values or more",
        ),
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
