//! Runs that are kept apart, gone on with by their folder alone, and trained further.

use crate::harness::{TestDir, table};

const CONSTANT: &str = "train --preset table --data p.csv --set training.schedule={kind=\"constant\"} --set training.patience=1000";

fn with_table() -> TestDir {
    TestDir::with([("p.csv", table(60).as_bytes())])
}

#[test]
fn a_second_run_has_a_folder_of_its_own() {
    let dir = with_table();
    dir.write("second.part.csv", table(50));
    for data in ["p.csv", "p.csv", "second.part.csv"] {
        dir.run(&format!("train --data {data} --epochs 1")).done();
    }
    assert_eq!(
        dir.names("runs"),
        ["table-p", "table-p-2", "table-second"],
        "named after preset and data"
    );
    let third = dir.run("train --data p.csv --epochs 1 --out again").done();
    assert!(!third.stderr.contains("holds a run already"));
    let said = "`runs/table-p` holds a run already: this one is written to `runs/table-p-3`\n";
    let fourth = dir.run("train --data p.csv --epochs 1").done();
    assert!(fourth.stderr.contains(said), "{}", fourth.stderr);
    dir.run("train --data p.csv --epochs 1 --force").done();
    assert_eq!(dir.names("runs").len(), 4, "--force replaces the first");
}

#[test]
fn a_complete_run_that_is_trained_further_is_one_longer_run_to_the_byte() {
    let dir = with_table();
    dir.run(&format!("{CONSTANT} --epochs 7 --out long")).done();
    dir.run(&format!("{CONSTANT} --epochs 3 --out run")).done();
    dir.run("train --resume run --epochs 5").done();
    dir.run("train --resume run --epochs 7").done();
    assert!(dir.read("run/model.safetensors") == dir.read("long/model.safetensors"));
    assert_eq!(dir.text("run/metrics.csv"), dir.text("long/metrics.csv"));
    dir.refused(
        "train --resume run",
        2,
        &[
            "`run/model.safetensors` is complete, after 7 epochs",
            "--epochs N trains it further",
        ],
    );
}

#[test]
fn a_run_that_stopped_by_itself_is_not_trained_further() {
    let dir = with_table();
    let patient = CONSTANT.replace("training.patience=1000", "training.stop-at-loss=1000.0");
    dir.run(&format!("{patient} --epochs 9 --out run")).done();
    let words = [
        "is complete, after 1 epoch",
        "it ended before its last epoch",
    ];
    dir.refused("train --resume run", 2, &words);
    dir.refused("train --resume run --epochs 20", 2, &words);
}

#[test]
fn a_run_is_gone_on_with_from_elsewhere_by_its_folder_alone() {
    let dir = with_table();
    dir.write("elsewhere/nothing", "");
    dir.run(&format!(
        "{CONSTANT} --epochs 2 --seed 7 --latent 2 --out runs/own"
    ))
    .done();
    let mut command = dir.command(env!("CARGO_BIN_EXE_latentia"));
    command.current_dir(dir.path("elsewhere"));
    command.args([
        "train",
        "--resume",
        "../runs/own",
        "--epochs",
        "4",
        "--quiet",
    ]);
    let ran = crate::harness::Ran::of(command).done();
    assert_eq!(ran.stderr, "", "--quiet says nothing of what goes well");
    dir.run(&format!(
        "{CONSTANT} --epochs 4 --seed 7 --latent 2 --out whole"
    ))
    .done();
    assert!(dir.read("runs/own/model.safetensors") == dir.read("whole/model.safetensors"));
}

#[test]
fn what_a_run_cannot_go_on_with_is_refused_and_left_as_it_was() {
    let dir = with_table();
    dir.run("train --data p.csv --epochs 2 --out run").done();
    let follows = [
        "its `training.epochs` is 2, here it is 4",
        "its learning rates follow from that",
    ];
    dir.refused("train --resume run --epochs 4", 1, &follows);
    dir.refused(
        "train --resume run --latent 3",
        2,
        &["beside it there can be --epochs"],
    );
    dir.refused(
        "train --resume run --strict",
        2,
        &["beside it there can be --epochs"],
    );
    dir.refused("train --resume none", 1, &["`none` holds no command.json"]);
    dir.write("run/command.json", "{");
    dir.refused("train --resume run", 1, &["is no command of a run"]);
}

#[test]
fn another_models_weights_are_where_a_run_begins() {
    let dir = with_table();
    dir.run("train --data p.csv --epochs 30 --out first").done();
    dir.run("train --from first/model.safetensors --epochs 1 --out second")
        .done();
    let loss = |run: &str, line: usize| -> f64 {
        let metrics = dir.text(&format!("{run}/metrics.csv"));
        let cell = metrics
            .lines()
            .nth(line)
            .and_then(|line| line.split(',').nth(1));
        cell.and_then(|cell| cell.parse().ok()).expect("a loss")
    };
    let learned = loss("first", 1) - loss("first", 30);
    assert!(loss("second", 1) < loss("first", 1) - 0.5 * learned);
    dir.write("other.csv", "a,b\n1,2\n3,4\n5,6\n");
    dir.refused(
        "train --from first/model.safetensors --data other.csv --out third",
        1,
        &["`other.csv`"],
    );
    dir.refused(
        "train --from first/model.safetensors --set model.likelihood=mse --out third",
        2,
        &["`--set model.likelihood=mse` beside --from"],
    );
    dir.refused(
        "train --from none.safetensors --out third",
        1,
        &["`none.safetensors`"],
    );
}

#[test]
fn shells_and_manuals_know_every_command() {
    let dir = TestDir::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = dir.run(&format!("completions {shell}")).done().stdout;
        assert!(
            script.contains("sweep") && script.contains("learning-rate"),
            "{shell}"
        );
    }
    dir.run("man pages").done();
    assert!(
        dir.text("pages/latentia-train.1")
            .contains("learning\\-rate")
    );
}

#[test]
fn a_run_is_seen_as_it_goes_in_a_page_and_in_tensorboard() {
    let dir = TestDir::with([("<b>.csv", table(60).as_bytes())]);
    let run = "train --preset table --data <b>.csv --epochs 3 --live --tensorboard";
    dir.run(&format!("{run} --out run")).done();
    let page = dir.text("run/report.html");
    assert!(
        page.contains("Epoch 3 of 3") && page.contains("default-src 'none'"),
        "{page}"
    );
    assert!(
        !page.contains("http-equiv=\"refresh\"") && !page.contains("<b>"),
        "{page}"
    );
    let names = dir.names("run");
    let events = names
        .iter()
        .find(|name| name.starts_with("events.out.tfevents."));
    let mut events = &dir.read(&format!("run/{}", events.expect("a file of events")))[..];
    // A record: length, its checksum, as many bytes, theirs.
    let mut tags = Vec::new();
    while let Some((length, rest)) = events.split_first_chunk::<8>() {
        let end = 4 + u64::from_le_bytes(*length) as usize;
        tags.push(String::from_utf8_lossy(&rest[4..end]).contains("loss/validation"));
        events = &rest[end + 4..];
    }
    assert_eq!(
        tags,
        [false, true, true, true],
        "the version, and a record an epoch"
    );
}

#[test]
fn each_epoch_has_the_parts_of_its_loss_whatever_the_run_was_cut_by() {
    let dir = with_table();
    let variational = CONSTANT.replace("--preset table", "--preset table-vae");
    dir.run(&format!("{variational} --epochs 3 --out run --tensorboard"))
        .done();
    dir.run("train --resume run --epochs 5").done();
    let lines = dir.text("run/metrics.jsonl");
    let epochs: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("an object"))
        .collect();
    assert_eq!(epochs.len(), 5);
    for epoch in &epochs {
        let number = |key: &str| {
            epoch[key]
                .as_f64()
                .unwrap_or_else(|| panic!("{key}: {epoch}"))
        };
        let divergence = number("train_kl_divergence");
        let sum = number("train_likelihood") + divergence;
        assert!(
            divergence > 0.0 && (sum - number("train_loss")).abs() < 1e-9,
            "{epoch}"
        );
        assert!(number("seconds") > 0.0 && number("gradient_norm") > 0.0);
    }
    // A page finds them beside the model.
    dir.run("report run/model.safetensors p.csv -o p.html")
        .done();
    assert!(dir.text("p.html").contains("train_kl_divergence"));
    let plain = format!("{CONSTANT} --epochs 1 --out plain");
    dir.run(&plain).done();
    assert!(!dir.text("plain/metrics.jsonl").contains("train_likelihood"));
}
