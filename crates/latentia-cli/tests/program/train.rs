//! What `train` does when all is well.

use serde_json::Value;

use crate::harness::{TestDir, npy, npy_floats, numbers, png_size, table};

#[test]
fn train_alone_makes_a_model_of_digits() {
    let dir = TestDir::new();
    let ran = dir.run("train --epochs 2").done();
    assert_eq!(
        dir.names("runs/digits"),
        [
            "command.json",
            "last-checkpoint.safetensors",
            "loss.svg",
            "metrics.csv",
            "metrics.jsonl",
            "model.safetensors",
            "reconstructions.png"
        ]
    );
    let metrics = dir.text("runs/digits/metrics.csv");
    let lines: Vec<&str> = metrics.lines().collect();
    assert_eq!(lines[0], "epoch,train_loss,validation_loss,learning_rate");
    assert!(lines.len() == 3 && lines[2].starts_with("2,"), "{metrics}");
    // Two bands of ten pairs.
    let (width, height) = png_size(&dir.read("runs/digits/reconstructions.png"));
    assert!(width > 800 && height > 300, "{width} x {height}");

    // The table is data, the rest is for people.
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert!(
        lines[0].starts_with("mnist-mini (test, 1,000) "),
        "{lines:?}"
    );
    assert!(lines[0].ends_with(" model   pca 32"), "{lines:?}");
    for (line, name) in lines[1..].iter().zip([
        "mean squared error ",
        "squared error per example ",
        "psnr, dB ",
    ]) {
        let numbers = line.strip_prefix(name).expect("a measure");
        let numbers: Vec<f64> = numbers
            .split_whitespace()
            .map(|number| number.parse().expect("a number"))
            .collect();
        assert_eq!(numbers.len(), 2, "{line}");
    }
    for said in ["epoch 1/2  loss ", "trained 2 epochs in "] {
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
    }
    let last: Vec<&str> = ran.stderr.lines().rev().take(3).collect();
    assert_eq!(
        last,
        [
            "      latentia encode runs/digits/model.safetensors mnist-mini -o codes.npy",
            "next: latentia report runs/digits/model.safetensors -o report.html",
            "wrote runs/digits/model.safetensors, metrics.csv, metrics.jsonl, loss.svg, reconstructions.png",
        ]
    );
}

#[cfg(unix)]
#[test]
fn the_suggested_commands_work_as_printed() {
    use std::path::Path;

    use crate::harness::{LATENTIA, Ran};

    let dir = TestDir::with([("my tables/it's.csv", table(20).as_bytes())]);
    let arguments = [
        "train",
        "--epochs",
        "1",
        "--data",
        "my tables/it's.csv",
        "--out",
        "my runs/1",
    ];
    let ran = dir.run_with(arguments).done();
    let (_, next) = ran.stderr.split_once("next: ").expect("what to try next");
    let commands: Vec<&str> = next.lines().map(str::trim).collect();
    assert_eq!(commands.len(), 2, "{next}");
    let folder = Path::new(LATENTIA).parent().expect("a folder");
    let others = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder.to_path_buf()).chain(std::env::split_paths(&others));
    let folders = std::env::join_paths(folders).expect("a search path");
    for command in commands {
        let mut shell = dir.command("sh");
        shell.args(["-c", command]).env("PATH", &folders);
        Ran::of(shell).done();
    }
    assert!(dir.path("codes.csv").exists());
}

#[test]
fn json_is_one_object_while_stderr_is_busy() {
    let dir = TestDir::new();
    let ran = dir
        .run("train --epochs 2 --threads 2 --seed 7 --json")
        .done();
    assert!(ran.stderr.lines().count() >= 3, "{}", ran.stderr);
    let json = ran.json();
    let expected = [
        ("model", Value::from("runs/digits/model.safetensors")),
        ("preset", "digits".into()),
        ("data", "mnist-mini".into()),
        ("epochs_run", 2.into()),
        ("stopped_by", "epochs".into()),
        ("threads", 2.into()),
        ("seed", 7.into()),
        ("parameters", 837_424.into()),
    ];
    for (key, value) in expected {
        assert_eq!(json[key], value, "{key}");
    }
    for key in ["train_loss", "validation_loss", "examples_per_second"] {
        assert!(json[key].as_f64().is_some_and(|x| x > 0.0), "{key}: {json}");
    }
    let none = serde_json::json!({ "vanishing": null, "exploding": null });
    assert_eq!((&json["rollbacks"], &json["gradients"]), (&0.into(), &none));
    let seconds = json["epoch_seconds"].as_array().expect("a list");
    assert_eq!(seconds.len(), 2);
    assert!(seconds.iter().all(|s| s.as_f64().is_some_and(|s| s > 0.0)));
}

#[test]
fn a_csv_table_trains_with_one_command() {
    let dir = TestDir::with([("t.csv", table(50).as_bytes())]);
    let ran = dir.run("train --data t.csv --latent 2 --epochs 3").done();
    assert!(ran.stdout.contains("pca 2\n"), "{}", ran.stdout);
    assert!(
        ran.stderr
            .contains("45 training examples of `t.csv`, 5 for validation")
    );
    assert!(dir.path("runs/table-t/model.safetensors").exists());
}

#[test]
fn an_npy_of_floats_trains_with_one_command() {
    let values: Vec<f32> = numbers(300).collect();
    let dir = TestDir::with([("f.npy", &npy_floats(6, &values)[..])]);
    let json = dir
        .run("train --data f.npy --latent 2 --epochs 1 --json")
        .done()
        .json();
    assert_eq!(json["preset"], "digits");
    assert!(json["validation_loss"].is_f64());
}

#[test]
fn one_example_is_nothing_to_learn_from_and_two_are() {
    let picture = npy("|u1", "(1, 4, 4)", &[7; 16]);
    let dir = TestDir::with([
        ("t.csv", &b"a,b\n0.0884,0.1563\n"[..]),
        ("p.npy", &picture),
        ("two.csv", b"1,2\n3,5\n"),
    ]);
    let train = "train --latent 1 --epochs 2 --data";
    let words = "`t.csv`: nothing to learn from one row";
    dir.refused(&format!("{train} t.csv"), 1, &[words]);
    let words = "`p.npy`: nothing to learn from one example";
    dir.refused(&format!("{train} p.npy"), 1, &[words]);
    let ran = dir.run(&format!("{train} two.csv")).done();
    assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
    assert!(!ran.stdout.contains("NaN"), "{}", ran.stdout);
}

#[test]
fn what_teaches_little_is_warned_of() {
    let numbers = |row: usize| (0..300).map(move |i| ((row + 1) * (i + 1) % 1009).to_string());
    let wide = |row: usize| numbers(row).collect::<Vec<_>>().join(",") + "\n";
    let [first, second, third] = [0, 1, 2].map(wide);
    let constant = "v,a,b,c,none,d,e,f,g\n1,5,x,2020-01-01,,0,7,7,7\n2,5,x,2020-01-01,,0,7,7,7\n3,5,x,2020-01-01,,0,7,7,8\n";
    let dir = TestDir::with([
        ("equal.csv", "v,w\n1,\n1,\n1,\n".as_bytes()),
        ("constant.csv", constant.as_bytes()),
        ("wide.csv", [first, second, third].concat().as_bytes()),
        ("plain.csv", table(20).as_bytes()),
        ("p.npy", &npy("|u1", "(3, 2, 2)", &[9; 12])),
    ]);
    let warned = |data: &str, expected: &[&str]| {
        let train = format!("train --data {data} --epochs 1 --force --latent 1 --header auto");
        let ran = dir.run(&train).done();
        let warnings = ran.stderr.lines().filter(|l| l.starts_with("warning: "));
        let warnings: Vec<&str> = warnings.collect();
        assert_eq!(warnings, expected, "{}", ran.stderr);
    };
    warned(
        "equal.csv",
        &["warning: `equal.csv`: all 3 rows are equal: there is nothing to tell apart"],
    );
    warned(
        "p.npy",
        &["warning: `p.npy`: all 3 examples are equal: there is nothing to tell apart"],
    );
    warned(
        "constant.csv",
        &[
            "warning: `constant.csv`: `a`, `b`, `c`, `d`, `e` and 1 more are the same in every row: nothing can be learned from them",
        ],
    );
    warned(
        "wide.csv",
        &["warning: `wide.csv`: 3 rows of 300 columns: a model learns so few by heart"],
    );
    warned("plain.csv", &[]);
}

#[test]
fn stopped_by_says_why() {
    let dir = TestDir::with([("t.csv", table(50).as_bytes())]);
    let preset = dir.run("presets table").done().stdout;
    let stopped_by = |line: &str| {
        let text = preset.replace("patience = 30", line);
        dir.write("my.toml", text);
        let ran = dir.run("train --config my.toml --data t.csv --force --json");
        ran.done().json()
    };
    let json = stopped_by("stop-at-loss = 100.0");
    assert_eq!(json["stopped_by"], "stop-at-loss");
    assert_eq!(json["epochs_run"], 1);
    // Nothing gets better without steps.
    let json = stopped_by("patience = 2\noptimizer = { kind = \"sgd\" }\nclip-norm = 1e-30");
    assert_eq!(json["stopped_by"], "patience");
    let (run, best) = (&json["epochs_run"], &json["best_epoch"]);
    assert_eq!(run.as_u64(), best.as_u64().map(|best| best + 2));
}

#[test]
fn a_model_is_replaced_only_by_force() {
    let dir = TestDir::with([("t.csv", table(20).as_bytes())]);
    dir.run("train --data t.csv --epochs 1").done();
    dir.refused(
        "train --data t.csv --epochs 2 --out runs/table-t",
        1,
        &["`runs/table-t` holds a model already", "--force", "--out"],
    );
    // Not even force destroys for the sake of a request that is wrong.
    dir.refused(
        "train --data t.csv --force --latent 0",
        2,
        &["'--latent <N>'"],
    );
    dir.refused(
        "train --data t.csv --epochs 1 --resume",
        2,
        &["`runs/table-t/model.safetensors` is complete", "--force"],
    );
    dir.run("train --data t.csv --epochs 2 --force").done();
    assert_eq!(dir.text("runs/table-t/metrics.csv").lines().count(), 3);
}

/// A specification of eight layers with this activation, trained for `epochs` epochs by `optimizer`.
fn eight(activation: &str, training: &str) -> String {
    let dense = format!("{{ layer = 'dense', units = 16, activation = '{activation}' }}");
    let dense = [&dense[..]; 4].join(", ");
    format!(
        "[model]\npreprocessing = 'standardise'\nlikelihood = 'mse'
         encoder = [{dense}]\ndecoder = [{dense}, {{ layer = 'dense' }}]\n[training]\n{training}"
    )
}

#[test]
fn a_run_that_goes_back_says_so_and_ends_well() {
    let training = "epochs = 5\nbatch-size = 4\nlearning-rate = 0.05\noptimizer = { kind = 'sgd', momentum = 0.9 }";
    let dir = TestDir::with([
        ("t.csv", table(100).as_bytes()),
        ("my.toml", eight("linear", training).as_bytes()),
    ]);
    let train = "train --config my.toml --data t.csv";
    let ran = dir.run(&format!("{train} --json")).done();
    let json = ran.json();
    let rollbacks = json["rollbacks"].as_u64().expect("a number");
    assert!((1..=3).contains(&rollbacks), "{json}");
    assert_eq!(json["epochs_run"], 5);
    assert!(json["train_loss"].is_f64(), "{json}");
    for said in [
        "the loss became ",
        "; it began in ",
        "; going back to ",
        " with half the learning rate, 0.025 (1 of 3)\n",
    ] {
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
    }
    // The metrics are those of the epochs that count.
    let metrics = dir.text("runs/my-t/metrics.csv");
    assert_eq!(metrics.lines().count(), 6, "{metrics}");
    let inspected = dir.run("inspect runs/my-t/model.safetensors").done();
    assert!(
        inspected
            .stdout
            .contains("a loss was not finite: training went back ")
    );

    let again = dir.run(&format!("{train} --force --threads 1")).done();
    let share = 1 << rollbacks;
    let said = format!(": the learning rate was 1/{share} of the one asked for at the end\n");
    assert!(again.stderr.contains(&said), "{}", again.stderr);
    assert_eq!(dir.text("runs/my-t/metrics.csv"), metrics);
}

#[test]
fn gradients_that_vanish_are_told_of_once() {
    let dir = TestDir::with([
        ("t.csv", table(100).as_bytes()),
        ("my.toml", eight("sigmoid", "epochs = 3").as_bytes()),
    ]);
    let ran = dir.run("train --config my.toml --data t.csv --json").done();
    let said = "gradients vanish in epoch 1: for their weights, those of encoder.";
    assert_eq!(ran.stderr.matches(said).count(), 1, "{}", ran.stderr);
    assert_eq!(ran.stderr.matches("gradients ").count(), 1);
    let report = &ran.json()["gradients"]["vanishing"];
    assert_eq!(report["fault"], "vanishing");
    let layer = report["layer"].as_str().expect("a name");
    assert!(layer.ends_with(" (dense sigmoid)"), "{report}");
    assert!(ran.stderr.contains(layer), "{}", ran.stderr);
    assert_eq!(report["reference"], "decoder.4 (dense linear)");
    let ratio = report["ratio"].as_f64();
    assert!(ratio.is_some_and(|ratio| ratio < 1e-3), "{report}");
    // The model keeps it.
    let inspected = dir.run("inspect runs/my-t/model.safetensors").done();
    assert!(
        inspected
            .stdout
            .contains(&format!("warning         {said}")),
        "{}",
        inspected.stdout
    );
}

/// A number of a message that follows `before`.
#[track_caller]
fn number_after(text: &str, before: &str) -> f64 {
    let (_, rest) = text
        .split_once(before)
        .unwrap_or_else(|| panic!("{before} in {text}"));
    let end = rest.find(|c: char| !(c.is_ascii_digit() || ".e-".contains(c)));
    let number = &rest[..end.unwrap_or(rest.len())];
    number
        .parse()
        .unwrap_or_else(|_| panic!("{number} in {text}"))
}

#[test]
fn losses_are_those_of_the_epoch_whose_weights_the_model_has() {
    let dir = TestDir::with([("t.csv", table(50).as_bytes())]);
    let preset = dir.run("presets table").done().stdout;
    dir.write("my.toml", preset.replace("patience = 30", "patience = 3"));
    let train = "train --config my.toml --data t.csv --learning-rate 0.1 --out run --force";
    let text = dir.run(train).done().stderr;
    let json = dir.run(&format!("{train} --json")).done().json();
    assert_eq!(json["stopped_by"], "patience");
    let metrics = dir.text("run/metrics.csv");
    let rows: Vec<Vec<f64>> = metrics
        .lines()
        .skip(1)
        .map(|line| {
            line.split(',')
                .map(|x| x.parse().expect("a number"))
                .collect()
        })
        .collect();
    let best = json["best_epoch"].as_u64().expect("a number") as usize;
    let ([_, train_loss, validation_loss, _], last) = (&rows[best - 1][..], rows.last()) else {
        panic!("{metrics}");
    };
    let last = last.expect("an epoch");
    assert!(last[2] > validation_loss + 0.01, "{metrics}");
    let close = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-3;
    let of = |key: &str| {
        json[key]
            .as_f64()
            .unwrap_or_else(|| panic!("{key}: {json}"))
    };
    assert!(close(of("best_train_loss"), *train_loss), "{json}");
    assert!(
        close(of("best_validation_loss"), *validation_loss),
        "{json}"
    );
    // Those of the last epoch, as ever.
    assert!(close(of("train_loss"), last[1]), "{json}");
    assert!(close(of("validation_loss"), last[2]), "{json}");

    let kept = format!("; the model is that of epoch {best}, the best: loss ");
    assert!(close(number_after(&text, &kept), *train_loss), "{text}");
    let line = text
        .lines()
        .find(|line| line.contains(&kept))
        .expect("a line");
    assert!(
        close(number_after(line, ", validation "), *validation_loss),
        "{text}"
    );

    let inspect = "inspect run/model.safetensors";
    let text = dir.run(inspect).done().stdout;
    let epochs = format!(
        "epochs          {}, the model is that of {best}\n",
        rows.len()
    );
    assert!(text.contains(&epochs), "{text}");
    assert!(
        close(number_after(&text, "training loss   "), *train_loss),
        "{text}"
    );
    assert!(
        close(number_after(&text, "validation loss "), *validation_loss),
        "{text}"
    );
    let json = dir.run(&format!("{inspect} --json")).done().json();
    assert_eq!(json["weights_of_epoch"], best);

    // Without patience the last weights are the model's, whichever epoch was best.
    dir.write("my.toml", preset.replace("patience = 30", ""));
    dir.run(&format!("{train} --epochs 9")).done();
    let json = dir.run(&format!("{inspect} --json")).done().json();
    assert_eq!(json["weights_of_epoch"], 9);
    let last = json["provenance"]["history"][8]["validation_loss"].as_f64();
    let text = dir.run(inspect).done().stdout;
    let shown = number_after(&text, "validation loss ");
    assert!(close(shown, last.expect("a loss")), "{text}");
}

#[test]
fn metrics_have_an_object_an_epoch_with_what_this_run_measured() {
    let dir = TestDir::with([("t.csv", table(30).as_bytes())]);
    let train = "train --preset table --data t.csv --epochs 4 --out run";
    let lines = |text: &str| -> Vec<Value> {
        let lines = text.lines().map(serde_json::from_str);
        lines.map(|line| line.expect("an object")).collect()
    };
    dir.run(train).done();
    let metrics = lines(&dir.text("run/metrics.jsonl"));
    let table = dir.text("run/metrics.csv");
    assert_eq!(metrics.len(), 4);
    for (own, row) in metrics.iter().zip(table.lines().skip(1)) {
        let keys = ["epoch", "train_loss", "validation_loss", "learning_rate"];
        for (key, cell) in keys.iter().zip(row.split(',')) {
            let cell: f64 = cell.parse().expect("a number");
            let seen = own[key].as_f64().expect("a number");
            assert!(
                (seen - cell).abs() <= 1e-12 * cell.abs(),
                "{key}: {own} {row}"
            );
        }
        for key in ["seconds", "gradient_norm"] {
            assert!(own[key].as_f64().is_some_and(|x| x > 0.0), "{own}");
        }
    }
    // A page shows them.
    dir.run("report run/model.safetensors -o r.html").done();
    assert!(dir.text("r.html").contains("\"gradient_norm\":"));
}
