//! Columns with names, kinds and gaps.

use latentia_data::{
    Carry, Column, ColumnKind, DataError, Dataset, LoadOptions, Locations, Rows, Schema,
    TableOptions, load_with,
};

use crate::values;

fn load_as(text: &str, table: TableOptions) -> Result<Dataset, DataError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, text).unwrap();
    let options = LoadOptions {
        table,
        ..LoadOptions::default()
    };
    load_with(path.to_str().unwrap(), &Locations::new(None), &options).map(|source| source.train)
}

fn load(text: &str) -> Dataset {
    load_as(text, TableOptions::default()).unwrap()
}

/// Each column as `name:kind`, with its levels.
fn columns(loaded: &Dataset) -> Vec<String> {
    let column = |column: &Column| {
        let levels = match column.levels.is_empty() {
            true => String::new(),
            false => format!("={}", column.levels.join("|")),
        };
        format!("{}:{}{levels}", column.name, column.kind.name())
    };
    let schema = &loaded.table().unwrap().schema;
    schema.columns.iter().map(column).collect()
}

/// A table whose column `name` has these fields, beside a number.
fn one(name: &str, fields: &[&str]) -> String {
    let rows = fields.iter().enumerate();
    let rows: String = rows
        .map(|(row, field)| format!("{field},{}.5\n", row * row))
        .collect();
    format!("{name},x\n{rows}")
}

#[test]
fn kinds_follow_from_the_fields() {
    let check = |name: &str, fields: &[&str], expected: &str| {
        let loaded = load(&one(name, fields));
        assert_eq!(columns(&loaded)[0], expected, "{fields:?}");
    };
    check("a", &["1", "2.5", "-3e2"], "a:number");
    check("a", &["1", "", "NA", "?", "null"], "a:number");
    check("a", &["b", "a", "b", ""], "a:category=a|b");
    check("a", &["yes", "no", "yes", "no"], "a:boolean=no|yes");
    check("a", &["TRUE", "FALSE", "TRUE"], "a:boolean=FALSE|TRUE");
    check("a", &["0", "1", "1", ""], "a:boolean=0|1");
    check(
        "a",
        &["True", "FALSE", "false", "TRUE", "True"],
        "a:boolean=FALSE|TRUE",
    );
    check("a", &["no", "yes", "y", "y"], "a:category=no|y|yes");
    check("a", &["0", "1", "2"], "a:number");
    check("a", &["2020-01-31", "2020-02-01", ""], "a:date");
    check("a", &["Ada", "Bob", "Cleo"], "a:id");
    check("user_id", &["17", "4", "99"], "user_id:id");
    check("class", &["0", "1", "1"], "class:number");
    check("a", &["", "NA", "?"], "a:ignored");
    let many: Vec<String> = (0..300).map(|i| format!("text {}", i / 2)).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    check("a", &many, "a:ignored");
}

#[test]
fn what_is_guessed_is_said() {
    let text = "name,kind,is,on,class,x\nAda,a,yes,2020-01-01,0,1\nBob,b,no,2020-01-02,1,\nCleo,a,no,2020-01-04,1,3\n";
    let loaded = load(text);
    assert_eq!(
        loaded.notes(),
        [
            "`name` is text, different in every row: kept as id, not learned from",
            "categories, with their levels: `kind` (2)",
            "of two values: `is`",
            "dates: `on` as `%Y-%m-%d`",
            "`class` looks like a label: it is learned from like the others until it is said to be one",
            "missing values: 1 in `x`",
        ]
    );
    let elements = values(&loaded);
    assert_eq!(elements[..5], [0.0, 1.0, 18262.0, 0.0, 1.0]);
    assert!(elements[9].is_nan());
}

#[test]
fn what_the_user_says_of_columns_holds() {
    let text = "n,c,v,w,x\n7,1,0.5,1,2\n8,2,0.25,1,4\n9,1,0.125,2,8\n";
    let table = TableOptions {
        id: Some("n".into()),
        label: Some("c".into()),
        categorical: vec!["4".into()],
        ignore: vec!["x".into()],
        missing: vec!["0.25".into()],
        carry: Carry::Names,
        ..TableOptions::default()
    };
    let loaded = load_as(text, table).unwrap();
    let expected = [
        "n:id",
        "c:label=1|2",
        "v:number",
        "w:category=1|2",
        "x:ignored",
    ];
    assert_eq!(columns(&loaded), expected);
    assert_eq!(loaded.labels(), Some(&[0, 1, 0][..]));
    assert_eq!(loaded.shape(), [2]);
    assert!(values(&loaded)[2].is_nan(), "0.25 is a mark here");
    let carried = &loaded.table().unwrap().carried;
    assert_eq!((carried[0].text(1), carried[1].text(2)), ("8", "1"));

    let twice = TableOptions {
        id: Some("n".into()),
        ignore: vec!["1".into()],
        ..TableOptions::default()
    };
    let error = load_as(text, twice).unwrap_err().to_string();
    assert!(
        error.contains("column `n`: found asked for as id and ignored"),
        "{error}"
    );
    let absent = TableOptions {
        label: Some("klass".into()),
        ..TableOptions::default()
    };
    let error = load_as(text, absent).unwrap_err().to_string();
    assert!(
        error.contains("has no column `klass`; it has `n`, `c`"),
        "{error}"
    );
}

#[test]
fn problems_are_told_together_the_first_of_each_kind() {
    let mut text = String::from("a,b\n");
    for row in 0..100 {
        text.push_str(match row {
            10 | 20 => "x,1\n",
            30 => "1,inf\n",
            40..=42 => "1,2,3\n",
            _ => "1,2\n",
        });
    }
    let error = load_as(&text, TableOptions::default())
        .unwrap_err()
        .to_string();
    assert_eq!(
        error.split_once("t.csv").unwrap().1,
        "`: 3 kinds of fields cannot be read\
         \n  line 42: found 3 fields, expected 2 fields, as in the first row (3 such in all)\
         \n  line 12, column `a`: found `x`, expected a number (2 such in all)\
         \n  line 32, column `b`: found `inf`, expected a finite number within the range of f32"
    );
}

#[test]
fn a_table_unlike_its_first_rows_is_read_for_what_it_is() {
    // The first 64 KiB are numbers, then come words, and levels of which the first rows have few.
    let mut text = String::from("code,group,name\n");
    for row in 0..30_000 {
        let code = if row < 9_000 {
            row.to_string()
        } else {
            "word".into()
        };
        text.push_str(&format!("{code},g{},n{row}\n", row / 3_000));
    }
    let loaded = load(&text);
    let columns = columns(&loaded);
    assert_eq!(columns[0], "code:ignored");
    assert_eq!(columns[1].matches('|').count(), 9, "{columns:?}");
    assert_eq!(columns[2], "name:id");
}

#[test]
fn first_rows_of_text_are_a_header_where_they_are_unlike_the_others() {
    let check = |text: &str, rows: usize, first: &str| {
        let loaded = load(text);
        assert_eq!(loaded.rows(), rows, "{text:?}");
        assert_eq!(columns(&loaded)[0], first, "{text:?}");
    };
    check("39,Private\n50,Public\n38,Private\n", 3, "1:number");
    check(
        "age,work\n39,Private\n50,Public\n38,Private\n",
        3,
        "age:number",
    );
    check("y,n,y\nn,n,y\ny,y,n\n", 3, "1:boolean=n|y");
    check("V1,V2\ny,n\nn,n\ny,y\n", 3, "V1:boolean=n|y");
    // A mark for a missing value is no name.
    check("?,2\n1,5\n3,4\n", 3, "1:number");
}

#[test]
fn an_empty_line_in_a_table_of_one_column_is_a_gap() {
    for text in ["x\n1\n\n\n4\n", "x\r\n1\r\n\r\n\r\n4\r\n", "1\n\n\n4\n\n"] {
        let loaded = load(text);
        let elements = values(&loaded);
        assert_eq!(elements.len(), 4, "{text:?}: {elements:?}");
        assert!(elements[1].is_nan() && elements[2].is_nan() && elements[3] == 4.0);
    }
    assert_eq!(values(&load("\n\nx\n1\n2\n")), [1.0, 2.0]);
    assert_eq!(values(&load("x,y\n1,2\n\n3,4\n")), [1.0, 2.0, 3.0, 4.0]);
}

#[test]
fn numbers_that_f32_would_merge_stay_different() {
    let rows: String = (0..60)
        .map(|i| format!("{},{i}.5\n", 1_700_000_000 + i))
        .collect();
    let loaded = load(&format!("time,x\n{rows}"));
    let column = &loaded.table().unwrap().schema.columns[0];
    assert!(column.offset > 1.6e9);
    let elements = values(&loaded);
    let steps = elements.chunks(2).map(|row| row[0]).collect::<Vec<_>>();
    assert!(
        steps.windows(2).all(|pair| pair[1] - pair[0] == 1.0),
        "{steps:?}"
    );
    assert!(
        loaded.notes()[0].contains("is kept as the difference from 1700000030"),
        "{:?}",
        loaded.notes()
    );
    // What no offset can keep apart is said.
    let rows: String = (0..60)
        .map(|i| {
            format!(
                "{},{i}.5\n",
                if i < 3 {
                    i
                } else {
                    1_000_000_000_000_i64 * i + i
                }
            )
        })
        .collect();
    let loaded = load(&format!("key,x\n{rows}"));
    assert!(
        loaded
            .notes()
            .iter()
            .any(|note| note.contains("`key`: some of its values"))
            || values(&loaded)[0] != values(&loaded)[2]
    );
}

#[test]
fn whole_numbers_that_an_f64_merges_are_told() {
    let rows: String = (0..60)
        .map(|i| format!("{},{i}.5\n", (1_u64 << 53) + 1 + i))
        .collect();
    let loaded = load(&format!("key,x\n{rows}"));
    let is_told = |note: &String| note.contains("`key`: some of its values are so near each other");
    assert!(loaded.notes().iter().any(is_told), "{:?}", loaded.notes());
    let rows: String = (0..60)
        .map(|i| format!("{},{i}.5\n", (1_u64 << 54) + 4 * (i / 2)))
        .collect();
    let loaded = load(&format!("key,x\n{rows}"));
    assert!(!loaded.notes().iter().any(is_told), "{:?}", loaded.notes());
}

#[test]
fn times_of_day_are_kept_to_the_second() {
    let rows: String = (0..60)
        .map(|i| format!("2024-01-{:02}T12:00:{i:02}+02:00,{i}.5\n", i % 28 + 1))
        .collect();
    let loaded = load(&format!("at,x\n{rows}"));
    let column = &loaded.table().unwrap().schema.columns[0];
    assert_eq!(column.kind, ColumnKind::Date);
    let text = |row: usize| latentia_data::cell(column, values(&loaded)[2 * row]);
    assert_eq!(text(0), "2024-01-01T10:00:00+00:00");
    assert_eq!(text(59), "2024-01-04T10:00:59+00:00");
}

#[test]
fn days_and_months_are_told_apart_by_all_rows() {
    let day = |row: usize| {
        if row < 900 {
            row % 12 + 1
        } else {
            row % 28 + 1
        }
    };
    let rows: String = (0..1000)
        .map(|row| format!("{:02}/{:02}/2020,{row}.5\n", day(row), row % 12 + 1))
        .collect();
    let loaded = load(&format!("on,x\n{rows}"));
    let column = &loaded.table().unwrap().schema.columns[0];
    assert_eq!(column.format.as_deref(), Some("%d/%m/%Y"));
    let loaded = load(&one("a", &["1/2/20", "3/4/21", "5/6/22"]));
    assert_eq!(
        loaded.table().unwrap().profiles[0].range,
        Some((18_263.0, 19_118.0))
    );
}

#[test]
fn a_header_of_numbers_that_a_schema_names_is_one() {
    let columns = ["400", "420", "440"].map(|name| Column::new(name, ColumnKind::Number));
    let schema = Schema {
        header: true,
        missing: Vec::new(),
        columns: columns.to_vec(),
    };
    let options = TableOptions {
        schema: Some(schema),
        ..TableOptions::default()
    };
    let loaded = load_as("420,400,440\n0.5,0.25,0.75\n", options).unwrap();
    assert_eq!(values(&loaded), [0.25, 0.5, 0.75]);
}

#[test]
fn a_category_without_a_value_is_left_out_whoever_calls_it_one() {
    let table = TableOptions {
        categorical: vec!["a".into()],
        ..TableOptions::default()
    };
    let loaded = load_as("a,x\n,1\nNA,2\n?,3\n", table).unwrap();
    assert_eq!(columns(&loaded), ["a:ignored", "x:number"]);
    assert_eq!(
        loaded.notes(),
        ["`a` has no value in any row: not learned from"]
    );
}

/// A schema of a number `a` and a category `b`.
fn schema() -> Schema {
    let category = Column {
        levels: vec!["u".into(), "v".into()],
        ..Column::new("b", ColumnKind::Category)
    };
    Schema {
        header: true,
        missing: Vec::new(),
        columns: vec![
            Column::new("id", ColumnKind::Id),
            Column::new("a", ColumnKind::Number),
            category,
        ],
    }
}

#[test]
fn columns_are_matched_by_name() {
    let read = |text: &str| {
        let options = TableOptions {
            schema: Some(schema()),
            ..TableOptions::default()
        };
        load_as(text, options)
    };
    let check = |text: &str, note: &str| {
        let loaded = read(text).unwrap();
        assert_eq!(values(&loaded), [1.0, 0.0, 3.0, 1.0], "{text:?}");
        assert_eq!(loaded.notes().join("; "), note, "{text:?}");
        assert_eq!(loaded.table().unwrap().schema.columns.len(), 3);
    };
    check("id,a,b\nx,1,u\ny,3,v\n", "");
    check("a,b\n1,u\n3,v\n", "");
    check(
        "b,a\nu,1\nv,3\n",
        "its columns are put into the model's order",
    );
    let extra = "left out, as the model does not know them: `c`";
    // What is left out need not be a number.
    check("a,c,b\n1,x,u\n3,,v\n", extra);
    check(
        "b,c,a\nu,x,1\nv,,3\n",
        &format!("{extra}; its columns are put into the model's order"),
    );
    let position = "it has no names of columns: they are matched by their position";
    check("1,u\n3,v\n", position);
    check("7,1,u\n8,3,v\n", position);
    let refused = |text: &str, expected: &str| {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    refused("a,x\n1,2\n", "has no column `b`; it has `a`, `x`");
    refused(
        "1\n3\n",
        "columns: found 1 column, expected 2 to learn from, or 3 with the others",
    );
    // Another kind.
    refused(
        "a,b\nu,u\nv,v\n",
        "line 2, column `a`: found `u`, expected a number (2 such in all)",
    );
}

#[test]
fn a_boolean_is_read_in_other_words() {
    let boolean = Column {
        levels: ["no", "yes"].map(String::from).to_vec(),
        ..Column::new("is", ColumnKind::Boolean)
    };
    let schema = Schema {
        header: true,
        missing: Vec::new(),
        columns: vec![boolean],
    };
    let options = TableOptions {
        schema: Some(schema),
        ..TableOptions::default()
    };
    let loaded = load_as("is\nyes\nFALSE\n1\n0\nt\n2\n", options).unwrap();
    assert_eq!(values(&loaded)[..5], [1.0, 0.0, 1.0, 0.0, 1.0]);
    assert!(values(&loaded)[5].is_nan(), "{:?}", loaded.notes());
}

#[test]
fn a_level_that_the_schema_does_not_know_counts_as_missing() {
    let options = TableOptions {
        schema: Some(schema()),
        ..TableOptions::default()
    };
    let loaded = load_as("a,b\n1,u\n2,w\n3,w\n", options).unwrap();
    assert!(values(&loaded)[3].is_nan() && values(&loaded)[5].is_nan());
    assert_eq!(
        loaded.notes()[1],
        "`b` has levels that the model does not know, the first `w` in line 3: 2 values count as missing"
    );
}

#[test]
fn a_date_may_be_written_as_iso_8601_has_it() {
    let date = Column {
        format: Some("%d.%m.%Y".into()),
        ..Column::new("a", ColumnKind::Date)
    };
    let schema = Schema {
        header: true,
        columns: vec![date],
        ..Schema::default()
    };
    let options = TableOptions {
        schema: Some(schema),
        ..TableOptions::default()
    };
    let loaded = load_as("a\n02.01.1970\n1970-01-03\n1970-01-04 12:00:00\n", options).unwrap();
    assert_eq!(values(&loaded), [1.0, 2.0, 3.5]);
}

#[test]
fn text_that_is_not_utf_8_is_refused_beside_levels_that_are_not_known() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, b"a,b\n1,w\n2,caf\xe9\n3,u\n").unwrap();
    let table = TableOptions {
        schema: Some(schema()),
        ..TableOptions::default()
    };
    let options = LoadOptions {
        table,
        ..LoadOptions::default()
    };
    let loaded = load_with(path.to_str().unwrap(), &Locations::new(None), &options);
    let error = loaded.unwrap_err().to_string();
    assert!(
        error.contains("line 3, column `b`") && error.contains("UTF-8"),
        "{error}"
    );
}

#[test]
fn leading_zeros_that_are_lost_are_told_of() {
    let loaded = load("zip,x\n01234,0.5\n99999,0\n12345,00.5\n");
    let said = "`zip` is read as numbers, and its leading zeros are lost, as of `01234`, unless it is said to be a category or an id";
    assert_eq!(loaded.notes()[0], said);
    assert!(load("a,b\n0.5,0\n0,10\n").notes().is_empty());
}
