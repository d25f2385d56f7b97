//! Examples that are held out to measure a model on, and choose nothing.

use crate::harness::{TestDir, contents, table};

/// A folder with a table of 60 rows, and a model of it that has not learned from a fifth of them.
fn trained() -> TestDir {
    let dir = TestDir::with([("t.csv", table(60).as_bytes())]);
    let ran = dir.run("train --data t.csv --latent 2 --epochs 4 --test 0.2 --out run --json");
    let ran = ran.done();
    let said = "43 training examples of `t.csv`, 5 for validation, 12 for test";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    dir.write("trained.json", ran.stdout);
    dir
}

#[test]
fn a_model_is_measured_on_what_was_held_out() {
    let dir = trained();
    let trained: serde_json::Value = serde_json::from_str(&dir.text("trained.json")).expect("JSON");
    let own = &trained["evaluation"];
    assert_eq!(
        (&own["part"], &own["examples"]),
        (&"test".into(), &12.into())
    );
    let evaluate = |data: &str| {
        let ran = dir.run(&format!("evaluate run/model.safetensors --json{data}"));
        ran.done().json()
    };
    let (again, rest) = (evaluate(""), evaluate(" --data t.csv:train"));
    for measure in ["part", "examples", "mse", "loss"] {
        assert_eq!(again[measure], own[measure], "{measure}");
    }
    assert_eq!(
        (&rest["part"], &rest["examples"]),
        (&"train".into(), &48.into())
    );
    // Other data have no such part.
    dir.write("other.csv", table(30));
    let other = evaluate(" --data other.csv");
    assert_eq!(
        (&other["part"], &other["examples"]),
        (&"all".into(), &30.into())
    );
    // Those that have become others are told.
    dir.write("t.csv", table(50));
    let ran = dir.run("evaluate run/model.safetensors --json").done();
    let said = "warning: `t.csv` is not what the model was given in training";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    assert_eq!(ran.json()["examples"], 50);
}

#[test]
fn a_report_names_what_was_held_out_by_its_row() {
    let dir = trained();
    dir.run("report run/model.safetensors -o r.html").done();
    let contents = contents(&dir.text("r.html"));
    assert_eq!(contents["data"], "t.csv, test part");
    let names = contents["examples"]["names"].as_array().expect("names");
    let rows = names
        .iter()
        .map(|name| name.as_str().expect("a name").parse());
    let rows: Vec<usize> = rows.collect::<Result<_, _>>().expect("numbers");
    assert_eq!(rows.len(), 12);
    assert!(
        rows.is_sorted() && rows[11] >= 12 && rows[11] < 60,
        "{rows:?}"
    );
}

#[test]
fn windows_of_a_series_are_tested_on_the_last_of_it() {
    let dir = TestDir::with([("t.csv", table(200).as_bytes())]);
    let train = "train --data t.csv --window 16 --stride 4 --latent 2 --epochs 2";
    let ran = dir.run(&format!("{train} --test 0.2 --out run")).done();
    // Of 47 windows the last 9, which begin with step 152: the window that ends before it is the 35th.
    let said = "31 training examples of `t.csv`, 4 for validation, 9 for test";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    let measured = dir
        .run("evaluate run/model.safetensors --json")
        .done()
        .json();
    assert_eq!(
        (&measured["part"], &measured["examples"]),
        (&"test".into(), &9.into())
    );
    dir.refused(
        &format!("{train} --test 0.95 --out other"),
        1,
        &["`test` is 0.95 of 47 windows, with which all others overlap"],
    );
}

#[test]
fn a_test_part_is_one_of_a_run_and_of_data_without_one() {
    let dir = trained();
    dir.refused(
        "train --data t.csv --latent 2 --epochs 4 --test 0.3 --out run --resume",
        1,
        &["its `training.test` is 0.2, here it is 0.3"],
    );
    dir.refused(
        "train --data mnist-mini --test 0.1 --out other",
        1,
        &["`test` is 0.1, but there are 1000 test examples; it must be 0 where the data has a test part of its own"],
    );
    dir.refused(
        "train --data t.csv --test 1",
        2,
        &["greater than 0 and less than 1"],
    );
}

#[test]
fn it_is_said_where_the_examples_that_measure_a_model_chose_its_epoch() {
    let dir = TestDir::with([("t.csv", table(60).as_bytes())]);
    let said = |options: &str| {
        let train = "train --data t.csv --latent 2 --epochs 2 --force --out run";
        let ran = dir.run(&format!("{train} {options}")).done();
        ran.stderr.contains("which chose the epoch too: --test 0.1")
    };
    assert!(said(""));
    assert!(!said("--test 0.1"));
    assert!(!said("--set training.validation=0"));
}
