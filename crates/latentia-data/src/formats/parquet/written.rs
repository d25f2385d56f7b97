//! What is written, as it is read again.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop there"
)]

use std::io;

use latentia_tensor::{Column, ColumnKind, Matrix, Rows, Schema};
use proptest::prelude::*;
use tempfile::NamedTempFile;

use super::cell::Cell;
use super::table::ParquetTable;
use super::writer::ParquetWriter;
use crate::table::{Carried, cell};
use crate::{Carry, Dataset, LoadOptions, Locations, TableOptions, load_with};

/// The texts and the elements of a row.
type Row = (Vec<String>, Vec<f32>);

/// The names of a file's columns, and its cells, each by its type and its text.
fn cells(file: &NamedTempFile) -> (Vec<String>, Vec<Vec<String>>) {
    let mut table = ParquetTable::open(file.reopen().unwrap(), "written").unwrap();
    let names = table.names().map(String::from).collect();
    let mut rows = Vec::new();
    while table.next_row().unwrap() {
        let row = table.cells().map(|cell| match cell {
            Cell::Missing => "-".into(),
            Cell::Number(value) => format!("number {value}"),
            Cell::Bool(value) => format!("boolean {value}"),
            Cell::Date(days) => format!("date {days}"),
            Cell::Text(text) => format!("text {text}"),
        });
        rows.push(row.collect());
    }
    (names, rows)
}

/// The table of a file, whose columns are those of `schema`.
fn loaded(file: &NamedTempFile, schema: &Schema) -> Dataset {
    let options = LoadOptions {
        table: TableOptions {
            schema: Some(schema.clone()),
            carry: Carry::Names,
            ..TableOptions::default()
        },
        ..LoadOptions::default()
    };
    let nowhere = Locations {
        folders: Vec::new(),
    };
    let path = file.path().to_str().unwrap();
    load_with(path, &nowhere, &options).unwrap().train
}

fn write(schema: &Schema, carried: &[&str], rows: &[Row]) -> NamedTempFile {
    let mut file = NamedTempFile::with_suffix(".parquet").unwrap();
    let mut writer = ParquetWriter::new(&mut file, schema, carried).unwrap();
    for (texts, elements) in rows {
        let texts = texts.iter().map(String::as_str);
        writer.write(texts, elements).unwrap();
    }
    writer.finish().unwrap();
    file
}

fn strings<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(String::from).to_vec()
}

/// A column of any kind that is learned from, without a name.
fn column() -> impl Strategy<Value = Column> {
    let of = |kind| Column::new("", kind);
    let number = (
        prop::option::of(0..4_u8),
        prop::sample::select(vec![0.0, 1e9]),
    );
    let number = number.prop_map(move |(decimals, offset)| Column {
        decimals,
        offset,
        ..of(ColumnKind::Number)
    });
    let formats = strings(["%Y-%m-%d", "%Y-%m-%d %H:%M:%S"]);
    let date = prop::sample::select(formats).prop_map(move |format| Column {
        format: Some(format),
        ..of(ColumnKind::Date)
    });
    let pairs = [["no", "yes"], ["False", "True"], ["0", "1"], ["off", "on"]];
    let boolean = prop::sample::select(pairs.to_vec()).prop_map(move |pair| Column {
        levels: strings(pair),
        ..of(ColumnKind::Boolean)
    });
    let levels = prop::collection::btree_set("x[a-zé ,;\"0-9]{0,5}x", 2..5);
    let category = levels.prop_map(move |levels| Column {
        levels: levels.into_iter().collect(),
        ..of(ColumnKind::Category)
    });
    prop_oneof![number, date, boolean, category]
}

/// Elements of `column`, and gaps.
fn elements(column: &Column) -> BoxedStrategy<f32> {
    let values = match column.kind {
        ColumnKind::Number => (-1e6_f32..1e6).boxed(),
        // Quarters of a day.
        ColumnKind::Date => (-80_000_i32..80_000).prop_map(|x| x as f32 / 4.0).boxed(),
        _ => (0..column.levels.len()).prop_map(|x| x as f32).boxed(),
    };
    prop_oneof![4 => values, 1 => Just(f32::NAN)].boxed()
}

/// Columns with names of their own behind an id and a label, and rows of them.
fn table() -> impl Strategy<Value = (Schema, Vec<Row>)> {
    prop::collection::vec(column(), 1..6).prop_flat_map(|columns| {
        let values: Vec<_> = columns.iter().map(elements).collect();
        let named = columns.into_iter().enumerate().map(|(i, column)| Column {
            name: format!("columné {i}"),
            ..column
        });
        let carried = [
            Column::new("id", ColumnKind::Id),
            Column::new("label", ColumnKind::Label),
        ];
        let schema = Schema {
            header: true,
            columns: carried.into_iter().chain(named).collect(),
            ..Schema::default()
        };
        let texts = ["[a-zé]{0,4}x", "[ab]x"].to_vec();
        (Just(schema), prop::collection::vec((texts, values), 1..40))
    })
}

/// What `element` is where it is read, by the type that its column is documented to have.
fn expected(column: &Column, element: f32) -> String {
    let text = cell(column, element);
    match column.kind {
        _ if text.is_empty() => "-".into(),
        ColumnKind::Number if column.decimals.is_none() && column.offset == 0.0 => {
            format!("number {}", f64::from(element))
        }
        ColumnKind::Number => format!("number {}", text.parse::<f64>().unwrap()),
        ColumnKind::Boolean if column.levels[0] != "off" => format!("boolean {}", element == 1.0),
        ColumnKind::Date if column.format.as_deref() == Some("%Y-%m-%d") => {
            format!("date {}", (element + 0.5).floor())
        }
        ColumnKind::Date => format!("date {element}"),
        _ => format!("text {text}"),
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_again((schema, rows) in table()) {
        let file = write(&schema, &["id", "label"], &rows);
        let (names, cells) = cells(&file);
        prop_assert!(names.iter().eq(schema.columns.iter().map(|column| &column.name)));
        prop_assert_eq!(cells.len(), rows.len());
        for (cells, (texts, elements)) in cells.iter().zip(&rows) {
            let texts = texts.iter().map(|text| format!("text {text}"));
            let elements = schema.learned().zip(elements);
            let elements = elements.map(|(column, &element)| expected(column, element));
            prop_assert_eq!(cells, &texts.chain(elements).collect::<Vec<_>>());
        }

        // As a table: its kinds and levels, and elements that are written as the same text.
        let read = loaded(&file, &schema);
        let own = read.table().unwrap();
        prop_assert_eq!(own.schema.learned().count(), schema.learned().count());
        for (column, expected) in own.schema.learned().zip(schema.learned()) {
            prop_assert_eq!(&column.name, &expected.name);
            prop_assert_eq!(column.kind, expected.kind);
            prop_assert_eq!(&column.levels, &expected.levels);
        }
        let mut values = Matrix::zeros(rows.len(), read.cols());
        let all: Vec<u32> = (0..rows.len() as u32).collect();
        read.read(&all, values.view_mut()).unwrap();
        prop_assert_eq!(own.carried.len(), 2);
        for (row, (texts, elements)) in rows.iter().enumerate() {
            for (carried, text) in own.carried.iter().zip(texts) {
                prop_assert_eq!(carried.text(row), text);
            }
            for ((column, &x), &y) in schema.learned().zip(elements).zip(values.row(row)) {
                prop_assert_eq!(cell(column, x), cell(column, y));
            }
        }
    }
}

#[test]
fn texts_have_the_type_that_all_of_them_are_of() {
    let number = |name: &str| Column {
        decimals: Some(0),
        ..Column::new(name, ColumnKind::Number)
    };
    let boolean = |name: &str| Column {
        levels: strings(["no", "yes"]),
        ..Column::new(name, ColumnKind::Boolean)
    };
    let moment = Column {
        format: Some("%d.%m.%Y %H:%M".into()),
        ..Column::new("moment", ColumnKind::Date)
    };
    let schema = Schema {
        header: true,
        columns: vec![
            Column::new("id", ColumnKind::Id),
            number("whole"),
            number("mixed"),
            Column::new("comma", ColumnKind::Number),
            moment,
            boolean("is"),
            boolean("odd"),
        ],
        ..Schema::default()
    };
    let columns = [
        ("id", ["001", "NA"]),
        ("whole", ["9007199254740992", "?"]),
        ("mixed", ["1", "2.5"]),
        ("comma", ["1,25", "-3"]),
        ("moment", ["02.01.1970 06:00", ""]),
        ("is", ["TRUE", "no"]),
        ("odd", ["yes", "perhaps"]),
    ];
    let carried = columns.map(|(name, texts)| Carried::of(name, ColumnKind::Id, texts));
    let mut file = NamedTempFile::new().unwrap();
    let mut writer = ParquetWriter::of_texts(&mut file, &schema, &carried).unwrap();
    let first = carried.iter().map(|own| own.text(0));
    writer.write(first, &[]).unwrap();
    // Of the gaps one is filled.
    let second = ["NA", "-7", "2.5", "-3", "", "no", "perhaps"];
    writer.write(second, &[]).unwrap();
    writer.finish().unwrap();

    let (_, rows) = cells(&file);
    let expected = [
        ["text 001", "text NA"],
        ["number 9007199254740992", "number -7"],
        ["number 1", "number 2.5"],
        ["number 1.25", "number -3"],
        ["date 1.25", "-"],
        ["boolean true", "boolean false"],
        ["text yes", "text perhaps"],
    ];
    for (column, expected) in expected.iter().enumerate() {
        let own: Vec<&String> = rows.iter().map(|row| &row[column]).collect();
        assert_eq!(own, expected);
    }
    let mut writer = ParquetWriter::of_texts(io::sink(), &schema, &carried).unwrap();
    let refused = writer.write(["a", "b"], &[]).unwrap_err().to_string();
    assert_eq!(
        refused,
        "column `whole`: `b` is not of the type of the others"
    );
}
