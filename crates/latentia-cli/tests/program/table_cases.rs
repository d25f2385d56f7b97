//! Tables that people had trouble with, each of the folder `cases/tables` beside this repository, and others of their kinds.
#![allow(clippy::print_stderr, reason = "a test that is left out says so")]

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::harness::{TestDir, numbers};

/// A folder with these files of the cases; none where they are not on this machine.
fn cases(names: &[&str]) -> Option<TestDir> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/cases/tables");
    if !folder.is_dir() {
        eprintln!("left out: no such folder: {}", folder.display());
        return None;
    }
    let dir = TestDir::new();
    for name in names {
        let case = folder.join(name);
        dir.write(
            name,
            fs::read(&case).unwrap_or_else(|error| panic!("{name}: {error}")),
        );
    }
    Some(dir)
}

/// What `data info` says of a file: its examples, their shape, and its notes.
#[track_caller]
fn info(dir: &TestDir, arguments: &str) -> (u64, Value, String) {
    let report = dir
        .run(&format!("data info {arguments} --json"))
        .done()
        .json();
    let part = &report["parts"][0];
    let notes = report["notes"].as_array().expect("a list").iter();
    let notes: Vec<&str> = notes.filter_map(Value::as_str).collect();
    (
        part["examples"].as_u64().expect("a count"),
        part["shape"].clone(),
        notes.join("; "),
    )
}

/// Which part of the variance of all columns a model explains.
fn r2(report: &Value) -> f64 {
    let columns = report["columns"].as_array().expect("a list");
    let number = |column: &Value, name: &str| column[name].as_f64().expect("a number");
    let squares = |column: &Value| number(column, "rmse").powi(2);
    let variance = |column: &Value| squares(column) / (1.0 - number(column, "r2"));
    1.0 - columns.iter().map(squares).sum::<f64>() / columns.iter().map(variance).sum::<f64>()
}

#[test]
fn names_of_columns_may_be_numbers() {
    let (numeric, named) = ("01_numeric_header.csv", "01_same_named_header.csv");
    let Some(dir) = cases(&[numeric, named]) else {
        return;
    };
    let words = [
        "numbers unlike those below (400, 420, 440, …)",
        "--header yes, or --header no",
    ];
    dir.refused(&format!("train --data {numeric}"), 1, &words);
    let evaluated = |data: &str, header: &str| {
        dir.run(&format!(
            "train --data {data} {header} --latent 4 --out run --force"
        ))
        .done();
        // The model knows the names, and asks no more.
        let evaluate = format!("evaluate run/model.safetensors --data {data} --json");
        dir.run(&evaluate).done().json()
    };
    let reports = [evaluated(named, ""), evaluated(numeric, "--header yes")];
    for report in &reports {
        assert_eq!(report["examples"], 60);
        assert!(r2(report) > 0.96, "{}", r2(report));
    }
    assert_eq!(r2(&reports[0]), r2(&reports[1]));
}

#[test]
fn columns_in_another_order_have_the_same_scores() {
    let Some(dir) = cases(&["06_columns_abcd.csv", "06_columns_dcba.csv"]) else {
        return;
    };
    dir.run("train --data 06_columns_abcd.csv --latent 2 --epochs 5 --out run")
        .done();
    let scores = |data: &str| {
        dir.run(&format!(
            "detect run/model.safetensors {data} -o scores.npy"
        ))
        .done();
        dir.read("scores.npy")
    };
    assert_eq!(scores("06_columns_abcd.csv"), scores("06_columns_dcba.csv"));
    let text = dir.text("06_columns_abcd.csv");
    dir.write("renamed.csv", text.replacen("b,", "weight,", 1));
    let lines = text
        .lines()
        .map(|line| format!("{}\n", line.rsplit_once(',').expect("four fields").0));
    dir.write("fewer.csv", lines.collect::<String>());
    for (data, words) in [
        (
            "renamed.csv",
            "`renamed.csv` has no column `b`; it has `a`, `weight`, `c`, `d`",
        ),
        (
            "fewer.csv",
            "`fewer.csv` has no column `d`; it has `a`, `b`, `c`",
        ),
    ] {
        for job in ["detect", "encode", "reconstruct"] {
            let output = if job == "detect" { "" } else { "-o out.csv" };
            dir.refused(
                &format!("{job} run/model.safetensors {data} {output}"),
                1,
                &[words],
            );
        }
    }
}

#[test]
fn tables_are_read_however_they_are_written() {
    let comma = "fields are parted by `;`, decimals are written with a comma";
    let files = [
        ("15_python2_long_shape.npy", ""),
        ("15_python2_unicode_descr.npy", ""),
        ("16_semicolon_decimal_comma.csv", comma),
        ("16_same_no_header.csv", comma),
        (
            "17_numpy_savetxt_default.csv",
            "fields are parted by spaces",
        ),
        ("18_table.csv.gz", ""),
    ];
    let Some(dir) = cases(&files.map(|(name, _)| name)) else {
        return;
    };
    for (name, note) in files {
        let (examples, shape, notes) = info(&dir, name);
        assert_eq!((examples, shape), (60, serde_json::json!([4])), "{name}");
        let expected = if note.is_empty() {
            String::new()
        } else {
            format!("`{name}`: {note}")
        };
        assert!(notes == expected || notes == note, "{name}: {notes}");
        let train = "train --preset table --epochs 1 --out run --force --data";
        dir.run(&format!("{train} {name}")).done();
    }
}

#[test]
fn what_cannot_be_read_is_refused_with_what_to_do() {
    let Some(dir) = cases(&["19_utf16.csv", "26_object_dtype.npy"]) else {
        return;
    };
    let words = ["found UTF-16", "save the table as `CSV UTF-8`"];
    dir.refused("train --data 19_utf16.csv", 1, &words);
    let words = [
        "Python objects",
        "numpy.savetxt('x.csv', array.astype(float), delimiter=',')",
    ];
    dir.refused("train --data 26_object_dtype.npy", 1, &words);
    // As numpy writes it then: None is nan, and that is a gap.
    dir.write(
        "x.csv",
        "1.000000000000000000e+00,nan\n2.5e+00,3.0e+00\n4.0e+00,5.0e+00\n",
    );
    let (examples, _, notes) = info(&dir, "x.csv");
    assert_eq!(examples, 3);
    assert!(notes.contains("missing values: 1 in `2`"), "{notes}");
}

#[test]
fn the_index_of_a_data_frame_is_not_learned_from() {
    let plain = "06_columns_abcd.csv";
    let files = ["20_pandas_index_named.csv", "20_pandas_index_numbers.csv"];
    let Some(dir) = cases(&[plain, files[0], files[1]]) else {
        return;
    };
    for name in files {
        let (_, shape, notes) = info(&dir, name);
        assert_eq!(shape, serde_json::json!([4]));
        let said = "the first column has no name and numbers the rows: it is an index";
        assert!(notes.contains(said), "{notes}");
    }
    let model = |data: &str| {
        dir.run(&format!("train --data {data} --epochs 3 --out run --force"))
            .done();
        dir.run("encode run/model.safetensors 06_columns_abcd.csv -o codes.npy")
            .done();
        dir.read("codes.npy")
    };
    assert_eq!(model(files[0]), model(plain));
    // The index of another part of the rows is one too.
    let text = dir.text(files[0]);
    let mut lines: Vec<&str> = text.lines().collect();
    lines.drain(1..40);
    dir.write("part.csv", lines.join("\n"));
    let ran = dir.run("detect run/model.safetensors part.csv").done();
    assert!(
        ran.stderr
            .contains("left out, as the model does not know them: `index`"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_column_of_classes_can_be_a_label() {
    let name = "21_label_column.csv";
    let Some(dir) = cases(&[name]) else { return };
    let train = format!("train --data {name} --epochs 1 --out run --force");
    let ran = dir.run(&train).done();
    let said = "`Class` looks like a label: it is learned from like the others";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    assert_eq!(info(&dir, name).1, serde_json::json!([5]));
    for option in ["--label Class", "--label 5", "--ignore Class"] {
        let ran = dir.run(&format!("{train} {option}")).done();
        assert!(!ran.stderr.contains("looks like a label"), "{}", ran.stderr);
        let (_, shape, _) = info(&dir, &format!("{name} {option}"));
        assert_eq!(shape, serde_json::json!([4]), "{option}");
    }
    let report = dir
        .run(&format!("data info {name} --label Class --json"))
        .done()
        .json();
    assert_eq!(report["parts"][0]["labels"], true);
}

#[test]
fn more_columns_than_rows_are_compared_with_pca() {
    const COLUMNS: usize = 20_000;
    let noise: Vec<f32> = numbers(200 * 10 + 10 * COLUMNS).collect();
    let (codes, weights) = noise.split_at(200 * 10);
    let mut text = (0..COLUMNS)
        .map(|column| format!("gene {column}"))
        .collect::<Vec<_>>()
        .join(",");
    for code in codes.chunks(10) {
        text.push('\n');
        let value = |column: usize| {
            let pairs = code.iter().zip(&weights[10 * column..]);
            pairs
                .map(|(code, weight)| (code - 0.5) * (weight - 0.5))
                .sum::<f32>()
        };
        let row: Vec<String> = (0..COLUMNS)
            .map(|column| format!("{:.4}", value(column)))
            .collect();
        text.push_str(&row.join(","));
    }
    let dir = TestDir::with([("wide.csv", text.as_bytes())]);
    let report = dir
        .run("train --data wide.csv --latent 10 --epochs 1 --out run --json")
        .done()
        .json();
    let pca = &report["evaluation"];
    assert_eq!(
        (&pca["pca_components"], &pca["pca_is_exact"]),
        (&10.into(), &true.into())
    );
    // Rows of ten latent variables, beside a variance of 1.
    assert!(
        pca["pca_mse"].as_f64().expect("a number") < 0.05,
        "{}",
        pca["pca_mse"]
    );
}

#[test]
fn an_empty_line_of_one_column_is_a_gap_to_the_end() {
    let dir = TestDir::with([("x.csv", b"x\n1.5\n\n3\n4\n\n2.5\n".as_slice())]);
    let (examples, _, notes) = info(&dir, "x.csv");
    assert_eq!(examples, 6);
    assert!(notes.contains("missing values: 2 in `x`"), "{notes}");
    dir.run("train --data x.csv --latent 1 --epochs 1 --out run")
        .done();
    dir.run("encode run/model.safetensors x.csv -o codes.csv")
        .done();
    assert_eq!(
        dir.text("codes.csv").lines().count(),
        7,
        "a header, and a line for each row"
    );
}

#[test]
fn numbers_that_single_precision_merges_are_kept_apart_or_told() {
    let table = |number: fn(u64) -> u64| {
        let rows = (0..60).map(|row| format!("{},{}\n", number(row), row % 7));
        format!("when,x\n{}", rows.collect::<String>())
    };
    let dir = TestDir::new();
    dir.write("seconds.csv", table(|row| 1_700_000_000 + row));
    dir.write("ids.csv", table(|row| (1 << 60) + row));
    let (.., notes) = info(&dir, "seconds.csv");
    assert!(
        notes.contains("kept as the difference from 1700000030"),
        "{notes}"
    );
    let (.., notes) = info(&dir, "ids.csv");
    assert!(notes.contains("the same in single precision"), "{notes}");
    dir.run("train --data seconds.csv --latent 2 --epochs 200 --out run")
        .done();
    let write = "reconstruct run/model.safetensors seconds.csv -o seconds-again.csv";
    dir.run(write).done();
    let text = dir.text("seconds-again.csv");
    let seconds = text
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').next()?.parse::<u64>().ok());
    let seconds: Vec<u64> = seconds.collect();
    assert_eq!(seconds.len(), 60, "whole numbers, as they came");
    assert!(
        seconds
            .iter()
            .all(|&second| second.abs_diff(1_700_000_030) < 100),
        "{seconds:?}"
    );
}

#[test]
fn a_mark_in_the_first_row_is_no_name() {
    let dir = TestDir::new();
    let rows: String = (0..30)
        .map(|row| format!("{}.5,{},{}\n", row, row % 7, ["u", "v"][row % 2]))
        .collect();
    for first in ["?,2,u", "1.5,NA,u", "NA,?,v", "nan,1,null"] {
        dir.write("t.csv", format!("{first}\n{rows}"));
        let (examples, shape, notes) = info(&dir, "t.csv");
        assert_eq!((examples, shape), (31, serde_json::json!([3])), "{first}");
        assert!(notes.contains("missing values: 1 in"), "{notes}");
    }
}

#[test]
fn decimal_commas_in_one_column_are_asked_about() {
    let dir = TestDir::new();
    dir.write("t.csv", "20,05\n21,10\n19,99\n18,50\n");
    let words = [
        "one number with a decimal comma, as 20,05, or two numbers",
        "--decimal , or --delimiter ,",
    ];
    dir.refused("data info t.csv", 1, &words);
    assert_eq!(info(&dir, "t.csv --decimal ,").1, serde_json::json!([1]));
    assert_eq!(info(&dir, "t.csv --delimiter ,").1, serde_json::json!([2]));
    dir.write("named.csv", "price\n20,05\n21,10\n19,99\n");
    let (_, shape, notes) = info(&dir, "named.csv");
    assert_eq!(shape, serde_json::json!([1]));
    assert!(
        notes.contains("decimals are written with a comma"),
        "{notes}"
    );
}
