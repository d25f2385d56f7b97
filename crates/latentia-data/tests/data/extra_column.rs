//! A column that is kept apart, beside those of a schema.

use latentia_data::{
    Column, ColumnKind, DataError, Dataset, LoadOptions, Locations, Schema, TableOptions, load_with,
};

use crate::values;

/// Numbers `a` and `b`, and a label.
fn schema(header: bool) -> Schema {
    let columns = [
        ("a", ColumnKind::Number),
        ("b", ColumnKind::Number),
        ("kind", ColumnKind::Label),
    ];
    let columns = columns.map(|(name, kind)| Column::new(name, kind));
    Schema {
        header,
        columns: columns.to_vec(),
        ..Schema::default()
    }
}

fn load(text: &str, schema: Option<Schema>, extra: &str) -> Result<Dataset, DataError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, text).unwrap();
    let table = TableOptions {
        schema,
        extra: Some(extra.into()),
        ..TableOptions::default()
    };
    let options = LoadOptions {
        table,
        ..LoadOptions::default()
    };
    load_with(path.to_str().unwrap(), &Locations::new(None), &options).map(|source| source.train)
}

/// Name and texts of the column that is kept apart.
fn extra(loaded: &Dataset) -> Option<(String, Vec<String>)> {
    let column = loaded.table().unwrap().extra.as_ref()?;
    let texts = (0..2).map(|row| column.text(row).to_owned());
    Some((column.name.clone(), texts.collect()))
}

#[track_caller]
fn check(text: &str, schema: Option<Schema>, asked: &str, name: &str, notes: &[&str]) {
    let loaded = load(text, schema, asked).unwrap();
    assert_eq!(values(&loaded), [1.5, 2.5, 3.5, 4.5], "{text:?}");
    let texts = ["x", "y"].map(String::from).to_vec();
    assert_eq!(extra(&loaded), Some((name.into(), texts)), "{text:?}");
    assert_eq!(loaded.notes(), notes, "{text:?}");
}

#[test]
fn it_is_read_wherever_it_stands() {
    // New, by name and by number, among others; the label; one of a table that nobody has described.
    let new = "Odd,b,more,a\nx,2.5,7,1.5\ny,4.5,8,3.5\n";
    let notes = [
        "left out, as the model does not know them: `more`",
        "its columns are put into the model's order",
    ];
    check(new, Some(schema(true)), "Odd", "Odd", &notes);
    check(new, Some(schema(true)), "1", "Odd", &notes);
    let label = "a,kind,b\n1.5,x,2.5\n3.5,y,4.5\n";
    check(label, Some(schema(true)), "kind", "kind", &[]);
    check(label, None, "kind", "kind", &[]);
}

#[test]
fn without_names_the_others_are_matched_by_their_position() {
    let known = "neither it nor the model has names of columns: they are matched by their position";
    let check = |text: &str, asked: &str| {
        check(text, Some(schema(false)), asked, asked, &[known]);
    };
    // The label itself, beside the elements alone, and beside all columns.
    check("1.5,2.5,x\n3.5,4.5,y\n", "3");
    check("x,1.5,2.5\ny,3.5,4.5\n", "1");
    check("1.5,x,2.5,k\n3.5,y,4.5,k\n", "2");
}

#[test]
fn a_table_need_not_have_it() {
    for asked in ["odd", "4", "0", "-"] {
        let loaded = load("b,a,z\n2.5,1.5,u\n4.5,3.5,v\n", Some(schema(true)), asked).unwrap();
        assert_eq!(extra(&loaded), None, "{asked}");
        assert_eq!(loaded.table().unwrap().names, ["b", "a", "z"]);
    }
}

#[test]
fn a_row_without_a_value_is_refused_by_its_line() {
    let refused = |rows: &str, expected: &str| {
        let text = format!("a,b,odd\n1,2,no\n{rows}");
        let error = load(&text, Some(schema(true)), "odd").unwrap_err();
        let error = error.to_string();
        assert!(error.ends_with(expected), "{error}");
    };
    refused(
        "3,4,\n5,6,\n",
        "line 3, column `odd`: found nothing, expected a value in every row (2 such in all)",
    );
    refused(
        "3,4,yes\n5,6, NA\n",
        "line 4, column `odd`: found `NA`, a missing value, expected a value in every row",
    );
}
