//! Keys of a preset that arguments set.

use crate::harness::{TestDir, table};

/// A folder with a table and a configuration of its own.
fn dir() -> TestDir {
    let dir = TestDir::with([("t.csv", table(20).as_bytes())]);
    let preset = dir.run("presets table").done().stdout;
    dir.write("my.toml", preset);
    dir
}

#[test]
fn a_setting_is_what_the_same_line_of_a_config_is() {
    let dir = dir();
    let config = dir.text("my.toml");
    let config = config.replacen("units = 128", "units = 7", 1);
    let config = config.replace("batch-size = 32", "batch-size = 5");
    let config = config.replace("epochs = 200", "epochs = 3");
    let config = config.replace(
        "[training]",
        "[training]\noptimizer = { kind = \"sgd\", momentum = 0.5 }",
    );
    // The name of a file is kept with the model.
    dir.write("other/my.toml", config);
    let train = |rest: &str| dir.run(&format!("train --data t.csv {rest}")).done();
    train("--config other/my.toml --out whole");
    train(
        "--config my.toml --out set --set model.encoder.0.units=7 --set training.batch-size=5 --set training.epochs=3 \
         --set training.optimizer.kind=sgd --set training.optimizer.momentum=0.5",
    );
    assert!(dir.read("set/model.safetensors") == dir.read("whole/model.safetensors"));
    // A table at once, and an argument of its own over all.
    train(
        "--config my.toml --out table --set model.encoder.0.units=7 --set training.batch-size=9 --batch-size 5 --epochs 3 \
         --set training.optimizer={kind=\"sgd\",momentum=0.5}",
    );
    assert!(dir.read("table/model.safetensors") == dir.read("whole/model.safetensors"));
}

#[test]
fn epochs_that_are_set_are_run_where_a_preset_counts_steps() {
    let dir = dir();
    dir.run("train --preset anomaly --data t.csv --set training.epochs=2 --out run")
        .done();
    let json = dir
        .run("inspect run/model.safetensors --json")
        .done()
        .json();
    let history = json["provenance"]["history"].as_array().map(Vec::len);
    assert_eq!(history, Some(2));
}

#[test]
fn a_key_that_there_is_not_is_refused_with_the_nearest() {
    let dir = dir();
    for (setting, words) in [
        (
            "training.batchsize=64",
            "unknown key `training.batchsize`; did you mean `training.batch-size`?",
        ),
        (
            "trainig.epochs=3",
            "unknown key `trainig`; did you mean `training`?",
        ),
        (
            "model.objective.bata=4",
            "unknown key `model.objective.bata`; did you mean `model.objective.beta`?",
        ),
        (
            "model.encoder.0.unit=4",
            "unknown key `model.encoder.0.unit`; did you mean `model.encoder.0.units`?",
        ),
        (
            "model.encoder.2.units=4",
            "there is no `model.encoder.2`: the array has elements 0 to 1",
        ),
        (
            "model.likelihood.kind=4",
            "`model.likelihood` is \"columns\", which has no keys",
        ),
        (
            "epochs",
            "it must be KEY=VALUE, as in training.batch-size=64",
        ),
        ("=3", "unknown key ``; there are description, data, model, "),
    ] {
        let arguments =
            format!("train --preset table --data t.csv --set training.epochs=1 --set {setting}");
        dir.refused(&arguments, 2, &[&format!("`--set {setting}`: {words}")]);
    }
}

#[test]
fn a_value_that_a_key_cannot_have_is_refused_as_in_a_config() {
    let dir = dir();
    for (setting, words) in [
        (
            "training.epochs=many",
            "invalid type: string \"many\", expected a whole number, 0 or more",
        ),
        ("training.epochs=0", "`epochs` is 0; it must be 1 to 500000"),
        (
            "training.optimizer.kind=adan",
            "unknown value `adan`, expected one of `",
        ),
        (
            "training.optimizer=adam",
            "expected a table such as `{ kind = \"adam\" }`",
        ),
        (
            "model.encoder.0.units=0",
            "encoder: layer 0 (dense) has units 0",
        ),
    ] {
        let arguments = format!("train --config my.toml --data t.csv --set {setting}");
        dir.refused(&arguments, 2, &[words]);
    }
}
