//! Runs of a grid of settings.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::harness::{TestDir, table};

const SWEEP: &str = "sweep --preset table --data t.csv --epochs 3 --out s";

fn dir() -> TestDir {
    TestDir::with([("t.csv", table(40).as_bytes())])
}

/// Settings and seed of each run that was tried, its value and its folder.
fn runs(json: &Value) -> Vec<(String, f64, String)> {
    let runs = json["runs"].as_array().expect("runs");
    let run = |run: &Value| {
        let folder = run["folder"].as_str().expect("a folder").to_string();
        let settings = format!("{} {}", run["settings"], run["seed"]);
        (settings, run["value"].as_f64().unwrap_or(f64::NAN), folder)
    };
    runs.iter().map(run).collect()
}

#[test]
fn each_combination_is_trained_as_train_does_and_the_best_is_named_with_its_command() {
    let dir = dir();
    let sweep = format!("{SWEEP} --latent 1,2 --set training.batch-size=8,16 --seed 1,2,3");
    let json = dir.run(&format!("{sweep} --json")).done().json();
    let tried = runs(&json);
    let distinct: BTreeSet<&String> = tried.iter().map(|(settings, ..)| settings).collect();
    assert_eq!((tried.len(), distinct.len()), (12, 12));
    assert_eq!(json["measure"], "validation_loss");
    for row in json["combinations"].as_array().expect("combinations") {
        let own = row["settings"].to_string();
        let own = tried
            .iter()
            .filter(|(settings, ..)| settings.starts_with(&own));
        let mut values: Vec<f64> = own.map(|(_, value, _)| *value).collect();
        values.sort_by(f64::total_cmp);
        let seen = ["min", "median", "max"].map(|key| row[key].as_f64());
        assert_eq!(
            seen,
            [0, 1, 2].map(|place: usize| values.get(place).copied())
        );
    }
    let medians = json["combinations"]
        .as_array()
        .expect("combinations")
        .iter();
    assert!(medians.map(|row| row["median"].as_f64()).is_sorted());

    // The command alone gives the same model.
    let best = &json["best"];
    let command = best["command"].as_str().expect("a command");
    let command = command.strip_prefix("latentia ").expect("the program");
    dir.run(&format!("{command} --out alone")).done();
    let model = best["model"].as_str().expect("a model");
    assert!(
        dir.read(model) == dir.read("alone/model.safetensors"),
        "{command}"
    );
    let least = json["combinations"][0]["min"].as_f64();
    let inspected = dir
        .run("inspect alone/model.safetensors --json")
        .done()
        .json();
    let losses = inspected["provenance"]["history"]
        .as_array()
        .expect("epochs");
    let losses = losses
        .iter()
        .filter_map(|epoch| epoch["validation_loss"].as_f64());
    assert!(least.is_some_and(|least| losses.clone().any(|loss| (loss - least).abs() < 1e-12)));

    // The second time nothing is trained, and further values are.
    let models = |dir: &TestDir| {
        dir.files()
            .into_iter()
            .filter(|(name, _)| name.ends_with("model.safetensors"))
            .collect::<Vec<_>>()
    };
    let before = models(&dir);
    let ran = dir.run(&sweep).done();
    assert!(!ran.stderr.contains("run 1 of"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("best: s/") && ran.stderr.contains(command),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.stdout.lines().count(), 5, "{}", ran.stdout);
    assert!(models(&dir) == before);
    let ran = dir.run(&sweep.replace("--seed 1", "--seed 4,1")).done();
    assert!(
        ran.stderr.contains("12 runs of 16 complete already"),
        "{}",
        ran.stderr
    );
    assert_eq!(
        ran.stderr.matches(": validation ").count(),
        4,
        "{}",
        ran.stderr
    );
    let csv = dir.text("s/sweep.csv");
    assert!(csv.starts_with("latent,training.batch-size,seed,validation_loss,parameters,epochs,folder,failure\n1,8,1,"), "{csv}");
    assert_eq!(csv.lines().count(), 17);
}

#[cfg(unix)]
#[test]
fn runs_beside_each_other_give_what_they_give_one_after_another() {
    let models = |parallel: &str| {
        let dir = dir();
        let sweep = format!("{SWEEP} --latent 1,2 --seed 1,2 --threads 3 --parallel {parallel}");
        let ran = dir.run(&sweep).done();
        let alone = ran.stderr.matches("epoch 1/3").count();
        assert_eq!(alone, if parallel == "1" { 4 } else { 0 }, "{}", ran.stderr);
        assert!(ran.stderr.contains("run 4 of 4: latent 2, seed 2"));
        assert!(!ran.stderr.contains("--parallel"), "no argument of train");
        let files = dir.files().into_iter();
        let models = files.filter(|(name, _)| name.ends_with("model.safetensors"));
        let models: Vec<_> = models.collect();
        assert_eq!(models.len(), 4);
        models
    };
    let one = models("1");
    for parallel in ["2", "100"] {
        assert!(models(parallel) == one, "{parallel}");
    }
}

#[test]
fn a_sweep_that_is_killed_and_goes_on_ends_in_the_same_table() {
    let sweep = "sweep --preset table --data t.csv --epochs 60 --set training.patience=60 --latent 1,2,3 --learning-rate 1e-3,3e-3 \
                 --seed 1,2 --out s";
    let whole = dir();
    let undisturbed = whole.run(sweep).done();
    let dir = dir();
    for complete in [2, 5] {
        let mut child = dir.start(sweep);
        dir.wait_until("some runs", || {
            let names = dir.path("s").read_dir().map_or(0, Iterator::count);
            names > complete
        });
        child.kill().expect("it can be killed");
        child.wait().expect("an end");
        assert!(!dir.path("s/sweep.csv").exists());
    }
    let resumed = dir.run(sweep).done();
    assert!(
        resumed.stderr.contains("of 12 complete already"),
        "{}",
        resumed.stderr
    );
    assert_eq!(resumed.stdout, undisturbed.stdout);
    assert_eq!(dir.text("s/sweep.csv"), whole.text("s/sweep.csv"));
    assert_eq!(dir.names("s"), whole.names("s"));
    for name in dir.names("s").iter().filter(|name| *name != "sweep.csv") {
        let model = format!("s/{name}/model.safetensors");
        assert!(dir.read(&model) == whole.read(&model), "{model}");
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_the_runs_under_way_and_the_same_command_goes_on_with_them() {
    use std::process::Command;
    let sweep = "sweep --epochs 8 --seed 1,2 --out s --threads 2";
    let dir = TestDir::new();
    let mut child = dir.start(sweep);
    let begun = |seed: &str| {
        dir.path(&format!("s/seed-{seed}/checkpoint.safetensors"))
            .exists()
    };
    dir.wait_until("two runs", || begun("1") && begun("2"));
    let id = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status();
    assert!(sent.expect("`kill` starts").success());
    assert_eq!(child.wait().expect("an end").code(), Some(130));
    assert!(
        dir.text("stderr")
            .ends_with("interrupted: the same command goes on\n"),
        "{}",
        dir.text("stderr")
    );
    assert!(begun("1") && begun("2"), "neither was complete");
    dir.run(sweep).done();
    for seed in [1, 2] {
        dir.run(&format!(
            "train --epochs 8 --seed {seed} --out whole-{seed}"
        ))
        .done();
        let [own, whole] =
            ["s/seed", "whole"].map(|name| dir.read(&format!("{name}-{seed}/model.safetensors")));
        assert!(own == whole, "{seed}");
    }
}

#[test]
fn a_run_that_fails_does_not_end_the_others() {
    let dir = dir();
    let ran = dir.run(&format!("{SWEEP} --latent 1,1000000000,2"));
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert_eq!(ran.stdout.lines().count(), 3, "{}", ran.stdout);
    let said = "error: 1 run of 3 failed: `s/latent-1000000000_seed-42`: ";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    let csv = dir.text("s/sweep.csv");
    let failed: Vec<&str> = csv
        .lines()
        .filter(|line| line.starts_with("1000000000,42,,,,s/latent-1000000000"))
        .collect();
    assert!(
        failed.len() == 1 && failed[0].contains("at most 1073741824"),
        "{csv}"
    );
}

#[test]
fn some_combinations_are_drawn_each_with_all_seeds() {
    let dir = dir();
    let sweep = format!("{SWEEP} --latent 1,2,3,4 --batch-size 8,16 --seed 1,2 --json");
    let drawn = |seed: u64| {
        let random = format!("{sweep} --random 3 --random-seed {seed}");
        runs(&dir.run(&random).done().json())
    };
    let first = drawn(1);
    assert_eq!(first.len(), 6);
    assert_eq!(first, drawn(1));
    assert!((2..6).any(|seed| drawn(seed) != first));
}

#[test]
fn the_measure_is_the_one_asked_for_or_the_one_that_the_preset_expects() {
    let dir = dir();
    let sweep = format!("{SWEEP} --latent 1,2 --json");
    let by = |measure: &str| {
        dir.run(&format!("{sweep} --measure {measure}"))
            .done()
            .json()
    };
    let (mse, minus) = (by("mse"), by("-mse"));
    assert_eq!(
        mse["best"]["settings"]["latent"].as_str().map(str::len),
        Some(1)
    );
    assert_ne!(mse["best"]["settings"], minus["best"]["settings"]);
    let [a, b] = [&mse, &minus].map(|json| runs(json)[0].1);
    assert_eq!(a, -b);
    let ran = dir.run(&format!("{sweep} --measure msee")).fails(
        2,
        &["these runs have no measure `msee`; did you mean `mse`?"],
    );
    assert!(!ran.stderr.contains("run 1 of"), "{}", ran.stderr);
    let config = dir.run("presets table").done().stdout;
    let expected =
        "[expected]\nmetric = \"mse\"\nvalue = 1\nat-most = 1\nseeds = 1\nsource = \"nobody\"\n";
    dir.write("my.toml", format!("{config}{expected}"));
    let json = dir
        .run("sweep --config my.toml --data t.csv --epochs 1 --json")
        .done()
        .json();
    assert_eq!(json["measure"], "mse");
    assert_eq!(
        json["best"]["model"],
        "sweeps/my-t/seed-42/model.safetensors"
    );
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_trained() {
    let dir = dir();
    for (arguments, words) in [
        (
            "--set training.batchsize=8,16",
            "unknown key `training.batchsize`; did you mean `training.batch-size`?",
        ),
        ("--latent 1,two", "it must be a whole number of at least 1"),
        (
            "--set training.batch-size=8,0",
            "`batch-size` is 0; it must be at least 1",
        ),
        ("--set epochs", "it must be KEY=VALUE,..."),
    ] {
        let sweep = format!("{SWEEP} --latent 1 {arguments}");
        dir.refused(&sweep, 2, &[words]);
    }
    dir.refused(
        "sweep --preset tiny --set data=random,mnist-mini",
        2,
        &["a sweep is of one data set"],
    );
    let ten = "1,2,3,4,5,6,7,8,9,10";
    let million = format!(
        "{SWEEP} --latent {ten} --batch-size {ten} --learning-rate {ten} --set model.objective.beta={ten} --seed {ten}"
    );
    dir.refused(
        &format!("{million} --set training.patience={ten}"),
        2,
        &["these are 1,000,000 runs: --yes trains them all, --random N some of them"],
    );
    let most = SWEEP.replace("--epochs 3", "--epochs 1");
    dir.run(&format!("{most} --latent {ten} --batch-size {ten} --learning-rate {ten} --set training.patience={ten} --random 1")).done();
}

#[test]
fn runs_of_others_in_a_folder_are_refused_and_replaced_by_force() {
    let dir = dir();
    dir.run(&format!("{SWEEP} --seed 1,2")).done();
    let again = format!("{SWEEP} --seed 1,2");
    let holds = "holds another run: its `";
    dir.refused(
        &again.replace("--epochs 3", "--epochs 4"),
        1,
        &[
            "`s/seed-1` ",
            holds,
            "training` is not the one asked for",
            "--force",
        ],
    );
    let record = dir.text("s/seed-2/run.json");
    let version = env!("CARGO_PKG_VERSION");
    assert!(record.contains(version), "{record}");
    dir.write("s/seed-2/run.json", record.replace(version, "0.0.9"));
    let words =
        format!("`s/seed-2` holds a run of version 0.0.9, this is {version}; --force replaces it");
    dir.refused(&again, 1, &[&words]);
    dir.write("s/seed-2/run.json", "{");
    dir.refused(
        &again,
        1,
        &["`s/seed-2/run.json` is no record of a run; --force replaces it"],
    );
    let ran = dir.run(&format!("{again} --force")).done();
    assert_eq!(ran.stderr.matches("epoch 1/3").count(), 1, "{}", ran.stderr);
    // A model that no sweep trained.
    std::fs::remove_file(dir.path("s/seed-1/run.json")).expect("it is there");
    dir.refused(&again, 1, &["`s/seed-1` holds a model already"]);
    dir.write("t.csv", table(41));
    dir.refused(
        &format!("{SWEEP} --seed 2"),
        1,
        &["`s/seed-2` ", holds, "data`"],
    );
}

#[test]
fn halving_trains_all_for_some_epochs_and_the_best_for_all_of_them() {
    let dir = dir();
    let sweep = "sweep --preset table --data t.csv --epochs 9 --latent 1,2 --set training.batch-size=8,16,40 --seed 1,2 --halving=2 --json";
    let json = dir.run(&format!("{sweep} --out s")).done().json();
    // 6 combinations by 1/4 of the epochs, 3 by 1/2, 2 by all.
    assert_eq!(json["combinations"].as_array().map(Vec::len), Some(2));
    let folders = |ending: &str| {
        let names = dir.names("s");
        names.iter().filter(|name| name.ends_with(ending)).count()
    };
    assert_eq!((folders("-1-of-4"), folders("-1-of-2")), (12, 6));
    // Without it, the same run is the same.
    let whole = dir
        .run(&format!(
            "{} --out whole",
            sweep.replace(" --halving=2", "")
        ))
        .done()
        .json();
    let all = runs(&whole);
    for (settings, value, _) in runs(&json) {
        assert!(
            all.iter()
                .any(|(own, of, _)| *own == settings && *of == value),
            "{settings}"
        );
    }
    let again = dir.run(&format!("{sweep} --out s")).done();
    assert_eq!(again.json(), json, "nothing is trained twice");
    dir.refused(
        "sweep --data t.csv --latent 1,2 --halving=1",
        2,
        &["--halving"],
    );
}
