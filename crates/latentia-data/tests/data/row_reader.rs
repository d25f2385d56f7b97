//! Rows that come one by one are read as those of a file.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use latentia_data::{
    Carry, Column, ColumnKind, Dataset, LoadOptions, Locations, RowReader, Schema, TableOptions,
    TableRow, load_with,
};
use proptest::prelude::*;

use crate::random_tables::{dialects, table, write};
use crate::values;

/// Gives a text in pieces of these lengths, again and again, and counts them.
struct Pieces<'a> {
    text: &'a [u8],
    lengths: &'a [usize],
    given: Rc<Cell<usize>>,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let given = self.given.get();
        let length = self.lengths[given % self.lengths.len()];
        let length = length.min(buffer.len()).min(self.text.len());
        let (piece, rest) = self.text.split_at(length);
        buffer[..length].copy_from_slice(piece);
        self.text = rest;
        self.given.set(given + 1);
        Ok(length)
    }
}

fn pieces<'a>(text: &'a [u8], lengths: &'a [usize]) -> Pieces<'a> {
    Pieces {
        text,
        lengths,
        given: Rc::default(),
    }
}

fn carrying(schema: Option<Schema>) -> TableOptions {
    TableOptions {
        schema,
        carry: Carry::Names,
        ..TableOptions::default()
    }
}

/// The table in a file.
fn file(text: &[u8], table: TableOptions) -> Result<Dataset, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, text).unwrap();
    let options = LoadOptions {
        table,
        ..LoadOptions::default()
    };
    let loaded = load_with(path.to_str().unwrap(), &Locations::new(None), &options);
    loaded
        .map(|source| source.train)
        .map_err(|error| error.to_string())
}

type Outcome = Result<TableRow, String>;

/// All rows of a text, each a row or why it is none.
fn rows(input: impl Read, schema: &Schema, options: &TableOptions) -> Result<Vec<Outcome>, String> {
    let said = |error: latentia_data::DataError| error.to_string();
    let mut reader = RowReader::new(input, "t", schema, options).map_err(said)?;
    let mut rows = Vec::new();
    while let Some(row) = reader.next_row().map_err(said)? {
        rows.push(row.map_err(said));
    }
    Ok(rows)
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

fn number(name: &str) -> Column {
    Column::new(name, ColumnKind::Number)
}

fn named(columns: Vec<Column>) -> Schema {
    Schema {
        header: true,
        columns,
        ..Schema::default()
    }
}

proptest! {
    #[test]
    fn rows_that_come_in_pieces_are_those_of_the_file(
        kinds in prop::collection::vec(prop::sample::select(vec![
            ColumnKind::Number,
            ColumnKind::Category,
            ColumnKind::Boolean,
            ColumnKind::Date,
            ColumnKind::Id,
        ]), 1..7),
        count in 24..50_usize,
        dialect in dialects(),
        seed in any::<u64>(),
        lengths in prop::collection::vec(1..200_usize, 1..5),
    ) {
        let text = write(&table(&kinds, count, &dialect, seed), &dialect);
        let mut schema = file(&text, carrying(None)).map_err(TestCaseError::fail)?.table().unwrap().schema.clone();
        if dialect.has_header {
            schema.columns.reverse();
        }
        let whole = file(&text, carrying(Some(schema.clone()))).map_err(TestCaseError::fail)?;
        let ids = whole.ids();
        let own = rows(pieces(&text, &lengths), &schema, &carrying(None)).map_err(TestCaseError::fail)?;
        prop_assert_eq!(own.len(), count);
        for ((number, row), elements) in own.into_iter().enumerate().zip(values(&whole).chunks(whole.shape()[0])) {
            let row = row.map_err(TestCaseError::fail)?;
            prop_assert_eq!(bits(&row.elements), bits(elements));
            prop_assert_eq!(row.id.as_deref(), ids.map(|ids| ids.text(number)));
        }
    }

    /// Of fields of all kinds, also of such that cannot be read.
    #[test]
    fn a_row_alone_is_the_row_of_a_file_or_refused_as_the_file_is(
        fields in prop::collection::vec(prop::sample::select(vec![
            "1", "-2.5e3", " 7 ", "+4", "0", "NaN", "", "?", "-", "inf", "1e39", "1e-50", "x", "1_0", "0x1", "\"3\"", "\"1,5\"", "1.",
            "2021-01-05", "05.01.2021", "2021-13-05", "nut", "Nut", " bolt", "\"two\nlines\"", "\"a \"\"b\"\"\"", "yes", "TRUE",
            "no", "f", "-999", "Grüße",
        ]), 4..7),
        has_crlf in any::<bool>(),
        has_end in any::<bool>(),
    ) {
        // A date or a number does not go on in another line.
        prop_assume!(fields.iter().enumerate().all(|(place, field)| !field.contains('\n') || [1, 2].contains(&place)));
        let levels = |column, levels: &[&str]| Column { levels: levels.iter().map(|&level| level.into()).collect(), ..column };
        let schema = Schema {
            missing: vec!["-999".into()],
            ..named(vec![
                Column { offset: 1.0, ..number("n") },
                levels(Column::new("c", ColumnKind::Category), &["nut", "bolt", "two\nlines", "7"]),
                Column { format: Some("%Y-%m-%d".into()), ..Column::new("d", ColumnKind::Date) },
                levels(Column::new("b", ColumnKind::Boolean), &["no", "yes"]),
                Column::new("name", ColumnKind::Id),
            ])
        };
        let end = if has_crlf { "\r\n" } else { "\n" };
        let text = format!("d,c,name,n,b{end}{}{}", fields.join(","), if has_end { end } else { "" });
        let options = TableOptions { delimiter: Some(b','), decimal: Some(b'.'), ..carrying(Some(schema.clone())) };
        let own = rows(text.as_bytes(), &schema, &options).map_err(TestCaseError::fail)?;
        prop_assert_eq!(own.len(), 1);
        match (&own[0], file(text.as_bytes(), options)) {
            (Ok(row), Ok(whole)) => {
                prop_assert_eq!(bits(&row.elements), bits(&values(&whole)));
                prop_assert_eq!(row.id.as_deref().unwrap(), whole.ids().unwrap().text(0));
            }
            // A file counts levels that it does not know as missing.
            (Err(why), Ok(whole)) => {
                let unseen: u64 = whole.table().unwrap().profiles.iter().map(|profile| profile.unseen).sum();
                prop_assert!(unseen > 0 && why.contains("expected one of `"), "{}", why);
            }
            (Err(why), Err(whole)) => {
                // In the same words, but for those levels.
                let same = whole.lines().next_back().unwrap().rsplit_once(": found").unwrap().1;
                prop_assert!(why.contains(same), "{} and {}", why, whole);
            }
            (Ok(row), Err(whole)) => prop_assert!(false, "{:?}, but {}", row, whole),
        }
    }

    #[test]
    fn any_text_ends_in_rows_or_words(
        text in "[0-9ab,;\"\n\r .]{0,80}",
        lengths in prop::collection::vec(1..20_usize, 1..5),
    ) {
        let schema = named(vec![number("a"), Column::new("b", ColumnKind::Id)]);
        let header = rows(pieces(format!("a,b\n{text}").as_bytes(), &lengths), &schema, &carrying(None));
        let lines = text.split(['\n', '\r']).filter(|line| !line.is_empty()).count();
        prop_assert!(header.map_err(TestCaseError::fail)?.len() <= lines);
        // The first line may be refused.
        let _ = rows(pieces(text.as_bytes(), &lengths), &schema, &carrying(None));
    }
}

#[test]
fn a_row_is_given_before_more_is_asked_for() {
    let lines = [
        "a,b\n", "1,x\n", "2,\"y\n", "z\"\n", "3,x\r\n", "no,x\n", "4,x",
    ];
    let lengths: Vec<usize> = lines.iter().map(|line| line.len()).collect();
    let text = lines.concat();
    let given = Rc::new(Cell::new(0));
    let input = Pieces {
        text: text.as_bytes(),
        lengths: &lengths,
        given: Rc::clone(&given),
    };
    let schema = named(vec![number("a"), Column::new("b", ColumnKind::Id)]);
    let mut reader = RowReader::new(input, "t", &schema, &carrying(None)).unwrap();
    assert_eq!(given.get(), 1);
    // What has not come is not waited for.
    assert!(reader.next_buffered().is_none());
    assert_eq!(given.get(), 1);
    for (value, pieces) in [(Some(1.0), 2), (Some(2.0), 4), (Some(3.0), 5), (None, 6)] {
        let row = reader.next_row().unwrap().unwrap();
        assert_eq!(row.ok().map(|row| row.elements[0]), value);
        assert_eq!(given.get(), pieces);
    }
    let last = reader.next_row().unwrap().unwrap().unwrap();
    assert_eq!((last.elements[0], last.id.as_deref()), (4.0, Some("x")));
    assert!(reader.next_row().unwrap().is_none());
}

#[test]
fn what_has_come_is_given_without_waiting() {
    // A record whose end has not come is not given, and is whole later.
    let text = b"a,b\n1,x\n2,\"y\nz\"\n3,w\n";
    let lengths = [13, 100];
    let schema = named(vec![number("a"), Column::new("b", ColumnKind::Id)]);
    let mut reader = RowReader::new(pieces(text, &lengths), "t", &schema, &carrying(None)).unwrap();
    let first = reader.next_buffered().unwrap().unwrap();
    assert_eq!(first.elements, [1.0]);
    assert!(reader.next_buffered().is_none());
    let second = reader.next_row().unwrap().unwrap().unwrap();
    assert_eq!(second.id.as_deref(), Some("y\nz"));
    let third = reader.next_buffered().unwrap().unwrap();
    assert_eq!(third.id.as_deref(), Some("w"));
    assert!(reader.next_buffered().is_none());
}

#[test]
fn a_quote_that_is_not_closed_costs_its_line_alone() {
    let numbers = named(vec![number("a"), number("b")]);
    let told = |text: &str, schema: &Schema| {
        let rows = rows(text.as_bytes(), schema, &carrying(None)).unwrap();
        let short = |row: Outcome| match row {
            Ok(row) => row.elements[0].to_string(),
            Err(why) => why.split(", expected").next().unwrap().to_owned(),
        };
        rows.into_iter().map(short).collect::<Vec<_>>()
    };
    let refused = |line: usize| {
        format!("`t`: line {line}: found a quote that opens a field and is not closed")
    };
    let second = refused(2);
    // No number goes on in another line: that is known at once.
    let mut reader = RowReader::new(&b"a,b\n1,\"2\n"[..], "t", &numbers, &carrying(None)).unwrap();
    assert!(reader.next_buffered().unwrap().is_err());
    let expected = [&second, "3", "5"];
    assert_eq!(told("a,b\n1,\"2\n3,4\n5,6\n", &numbers), expected);
    // A name may: it is known at the end, or behind a thousand lines.
    let names = named(vec![number("a"), Column::new("b", ColumnKind::Id)]);
    assert_eq!(told("a,b\n1,\"2\n3,4\n5,6", &names), expected);
    let many = format!("a,b\n1,\"2\n{}7,\"8\"\n", "3,4\n".repeat(1_500));
    let own = told(&many, &names);
    assert_eq!((&own[0], own.len(), &*own[1501]), (&second, 1502, "7"));
    assert_eq!(told("a,b\n1,2\r\n\r\n\"3", &numbers), ["1", &refused(4)]);
}

#[test]
fn the_first_line_tells_how_the_others_are_written() {
    let schema = named(vec![number("size, kg"), number("b")]);
    let first = |text: &str, schema: &Schema| {
        let rows = rows(text.as_bytes(), schema, &carrying(None))?;
        let row = rows.into_iter().next().ok_or("no row")??;
        Ok::<_, String>(row.elements)
    };
    for (text, expected) in [
        ("size, kg;b\n1,5;2\n", [1.5, 2.0]),
        ("size, kg;b\n1.5;2\n", [1.5, 2.0]),
        ("b\tx\tsize, kg\n2\tany\t1.5\n", [1.5, 2.0]),
        ("\u{feff}\"size, kg\",b\n1.5,2\n", [1.5, 2.0]),
        ("\n\nb | size, kg\n2 | 1.5\n", [1.5, 2.0]),
        // No names: values by their position.
        ("1.5,2\n", [1.5, 2.0]),
        ("1,5;2\n", [1.5, 2.0]),
        ("1.5 2", [1.5, 2.0]),
    ] {
        assert_eq!(first(text, &schema), Ok(expected.to_vec()), "{text}");
    }
    // What stands before decimals shows when a row first needs it, and stays.
    let text = "b;size, kg\n1;2\n1;x\n1,5;2\n1.5;2\n";
    let own = rows(text.as_bytes(), &schema, &carrying(None)).unwrap();
    let own: Vec<_> = own.iter().map(|row| row.as_ref().ok()).collect();
    assert_eq!(own[0].unwrap().elements, [2.0, 1.0]);
    assert_eq!(own[2].unwrap().elements, [2.0, 1.5]);
    assert_eq!((own[1], own[3]), (None, None));
    for (text, words) in [
        ("", "found nothing"),
        ("\n\n", "found nothing"),
        (
            "b,c\n1,2\n",
            "`t` has no column `size, kg`; it has `b`, `c`",
        ),
        ("1,2,3\n", "found 3 columns, expected 2, as in the model"),
        ("PK\u{3}\u{4}\n", "Excel"),
    ] {
        let said = first(text, &schema).unwrap_err();
        assert!(said.contains(words), "{said}");
    }
    let gzip = rows(&b"\x1f\x8b\x08"[..], &schema, &carrying(None)).unwrap_err();
    assert!(gzip.contains("found gzip"), "{gzip}");
}

#[test]
fn in_one_column_an_empty_line_is_a_gap_as_in_a_file() {
    for end in ["\n", "\r\n"] {
        for header in ["a\n", ""] {
            let text = format!("\n{header}1\n\n\n2\n3\n\n").replace('\n', end);
            let schema = Schema {
                header: !header.is_empty(),
                ..named(vec![Column {
                    gaps: true,
                    ..number("1")
                }])
            };
            let mut schema = schema;
            if !header.is_empty() {
                schema.columns[0].name = "a".into();
            }
            let whole = file(text.as_bytes(), carrying(Some(schema.clone()))).unwrap();
            let own = rows(pieces(text.as_bytes(), &[1, 2]), &schema, &carrying(None)).unwrap();
            let own: Vec<f32> = own
                .into_iter()
                .flat_map(|row| row.unwrap().elements)
                .collect();
            assert_eq!(bits(&own), bits(&values(&whole)), "{text:?}");
            assert_eq!(own.len(), 5);
        }
    }
}

#[test]
fn the_index_of_a_data_frame_is_found_by_its_empty_name() {
    let text = b",a\n0,1.5\n1,2.5\n";
    let whole = file(text, carrying(None)).unwrap();
    let schema = whole.table().unwrap().schema.clone();
    let own = rows(&text[..], &schema, &carrying(None)).unwrap();
    let ids: Vec<_> = own
        .iter()
        .map(|row| row.as_ref().unwrap().id.as_deref())
        .collect();
    assert_eq!(ids, [Some("0"), Some("1")]);
}

#[test]
fn labels_are_classes_that_the_schema_knows() {
    let label = Column {
        levels: vec!["good".into(), "bad".into()],
        ..Column::new("class", ColumnKind::Label)
    };
    let schema = named(vec![label, number("a")]);
    let own = rows(
        &b"a,class\n1,bad\n2,odd\n3,\n"[..],
        &schema,
        &carrying(None),
    )
    .unwrap();
    let labels: Vec<_> = own.into_iter().map(|row| row.unwrap().label).collect();
    assert_eq!(labels, [Some(1), None, None]);
}
