//! Runs beside each other.

use serde_json::Value;

use crate::harness::{TINY, TestDir, table};

/// Three runs of one table: other batches, and another seed and code.
fn dir() -> TestDir {
    let dir = TestDir::with([("t.csv", table(40).as_bytes())]);
    for (name, settings) in [
        ("a", ""),
        ("b", "--batch-size 8"),
        ("c", "--seed 7 --latent 1 --set training.optimizer.kind=sgd"),
    ] {
        dir.run(&format!(
            "train --preset table --data t.csv --epochs 4 --out {name} {settings}"
        ))
        .done();
    }
    dir
}

#[test]
fn what_differs_is_shown_beside_losses_and_sizes() {
    let dir = dir();
    let json = dir
        .run("compare a b/model.safetensors c --json")
        .done()
        .json();
    let keys: Vec<&str> = json["differing"]
        .as_array()
        .expect("keys")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    for key in [
        "model.encoder.1.units",
        "seed",
        "training.batch-size",
        "training.optimizer.kind",
    ] {
        assert!(keys.contains(&key), "{keys:?}");
    }
    // What is the same is not told.
    let same = |key: &&str| ["data", "fingerprint", "preset", "training.epochs"].contains(key);
    assert!(!keys.iter().any(same), "{keys:?}");
    let runs = json["runs"].as_array().expect("runs");
    for (run, name) in runs.iter().zip(["a", "b", "c"]) {
        let inspected = dir
            .run(&format!("inspect {name}/model.safetensors --json"))
            .done()
            .json();
        assert_eq!(run["parameters"], inspected["parameters"]);
        assert_eq!(run["weights_of_epoch"], inspected["weights_of_epoch"]);
        let history = inspected["provenance"]["history"]
            .as_array()
            .expect("epochs");
        let shown = run["weights_of_epoch"].as_u64().expect("an epoch") as usize;
        assert_eq!(
            run["validation_loss"],
            history[shown - 1]["validation_loss"]
        );
        assert_eq!(run["train_loss"], history[shown - 1]["train_loss"]);
        assert_eq!(run["epochs"], 4);
    }
    assert_eq!(runs[1]["settings"]["training.batch-size"], "8");
    assert_eq!(runs[2]["settings"]["seed"], "7");

    let text = dir.run("compare a b").done().stdout;
    let lines: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(
        lines[0],
        [
            "run",
            "training.batch-size",
            "train_loss",
            "validation_loss",
            "parameters",
            "epochs"
        ]
    );
    assert_eq!(
        (lines[1][..2].to_vec(), lines[2][..2].to_vec()),
        (vec!["a", "32"], vec!["b", "8"])
    );
    let csv = dir.run("compare a b --csv").done().stdout;
    assert!(
        csv.starts_with(
            "run,training.batch-size,train_loss,validation_loss,parameters,epochs\na,32,"
        ),
        "{csv}"
    );
    assert_eq!(csv.lines().count(), 3);
}

#[test]
fn losses_are_drawn_over_each_other() {
    let dir = dir();
    dir.run("compare a b c -o curves.svg").done();
    let svg = dir.text("curves.svg");
    for name in [">a<", ">b<", ">c<", "Loss of 3 runs", "epoch"] {
        assert!(svg.contains(name), "{name}");
    }
    dir.run("compare a b -o curves.html").done();
    assert!(dir.text("curves.html").starts_with("<!DOCTYPE html>"));
}

#[test]
fn losses_in_different_units_are_warned_of() {
    let dir = dir();
    dir.write("m", &TINY[..]);
    let ran = dir.run("compare a m").done();
    assert!(
        ran.stderr
            .contains("warning: losses of different likelihoods"),
        "{}",
        ran.stderr
    );
    let ran = dir.run("compare a b").done();
    assert_eq!(ran.stderr, "");
}

#[test]
fn what_is_no_run_is_refused() {
    let dir = TestDir::with([("m", &TINY[..]), ("t.csv", table(20).as_bytes())]);
    std::fs::create_dir(dir.path("empty")).expect("a folder");
    for (arguments, code, words) in [
        ("", 2, "<RUN>"),
        ("m --json --csv", 2, "'--csv'"),
        ("m -o curves.png", 2, "end it in .svg or .html"),
        ("m missing", 1, "missing"),
        ("m empty", 1, "empty/model.safetensors"),
        ("t.csv", 1, "t.csv"),
    ] {
        dir.refused(&format!("compare {arguments}"), code, &[words]);
    }
}
