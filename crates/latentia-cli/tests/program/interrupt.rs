//! Runs that are stopped from outside, and go on.
#![cfg(unix)]

use std::hash::{BuildHasher, RandomState};
use std::process::{Child, Command};
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use crate::harness::TestDir;

fn send(signal: &str, to: &Child) {
    let status = Command::new("kill")
        .args([signal, &to.id().to_string()])
        .status()
        .expect("`kill` starts");
    assert!(status.success());
}

const TRAIN: &str = "train --epochs 20 --out run";

/// The model of a run that was never stopped.
static WHOLE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let dir = TestDir::new();
    dir.run(TRAIN).done();
    dir.read("run/model.safetensors")
});

/// A run that was stopped by `signal` in its second epoch, and what it said.
fn stopped_by(signal: &str) -> (TestDir, String) {
    let dir = TestDir::new();
    let mut child = dir.start(TRAIN);
    dir.wait_until("an epoch", || dir.text("stderr").contains("epoch 1/20"));
    send(signal, &child);
    let status = child.wait().expect("an end");
    let said = dir.text("stderr");
    assert_eq!(status.code(), Some(130), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    (dir, said)
}

#[test]
fn ctrl_c_keeps_the_best_model_and_resume_ends_in_the_same_bytes() {
    let (dir, said) = stopped_by("-INT");
    let kept =
        ", the best so far, in `run/model.safetensors`; `latentia train --resume run` goes on\n";
    assert!(
        said.contains("interrupted: kept the model of epoch "),
        "{said}"
    );
    assert!(said.ends_with(kept), "{said}");
    assert_eq!(
        dir.names("run"),
        [
            "checkpoint.safetensors",
            "command.json",
            "loss.svg",
            "metrics.csv",
            "metrics.jsonl",
            "model.safetensors"
        ]
    );
    let json = dir
        .run("inspect run/model.safetensors --json")
        .done()
        .json();
    assert_eq!(json["provenance"]["stopped_by"], "interrupt");
    let epochs = json["provenance"]["history"].as_array().map_or(0, Vec::len);
    assert!((1..20).contains(&epochs), "{epochs}");

    let ran = dir.run(&format!("{TRAIN} --resume")).done();
    let resumed = format!("resumed in epoch {}, after ", epochs + 1);
    assert!(ran.stderr.contains(&resumed), "{}", ran.stderr);
    assert!(dir.read("run/model.safetensors") == *WHOLE);
    assert_eq!(
        dir.names("run"),
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
}

#[test]
fn ctrl_c_while_a_detector_is_fitted_keeps_the_model_without_one_and_resume_fits_it() {
    let spec = "[model]\nlikelihood = \"mse\"\nencoder = [{ layer = \"dense\", units = 1 }]\ndecoder = [{ layer = \"dense\" }]\n\
                preprocessing = \"standardise\"\n[training]\nepochs = 150\nbatch-size = 4\n[detection]\nfolds = 100\n";
    let rows = (0..120).map(|i| format!("{},{}\n", i % 11, i % 11 * 2 + i % 3));
    let table = format!("a,b\n{}", rows.collect::<String>());
    let dir = TestDir::with([("my.toml", spec.as_bytes()), ("x.csv", table.as_bytes())]);
    let train = "train --config my.toml --data x.csv --out run";
    let mut child = dir.start(train);
    dir.wait_until("the last epoch", || {
        dir.text("stderr").contains("epoch 150/150")
    });
    send("-INT", &child);
    let status = child.wait().expect("an end");
    let said = dir.text("stderr");
    assert_eq!(status.code(), Some(130), "{said}");
    for words in [
        "the model has no detector: it was interrupted before that was fitted",
        "interrupted: kept the model of epoch ",
    ] {
        assert!(said.contains(words), "{said}");
    }
    let inspect = "inspect run/model.safetensors --json";
    let detector = |dir: &TestDir| dir.run(inspect).done().json()["detector"].clone();
    assert!(detector(&dir).is_null());
    dir.run(&format!("{train} --resume")).done();
    assert!(!detector(&dir).is_null());
    dir.run("train --config my.toml --data x.csv --out whole")
        .done();
    assert!(dir.read("run/model.safetensors") == dir.read("whole/model.safetensors"));
}

#[test]
fn a_request_to_terminate_is_an_interrupt_too() {
    let (dir, said) = stopped_by("-TERM");
    assert!(said.contains("interrupted: kept the model"), "{said}");
    dir.run(&format!("{TRAIN} --resume --threads 1")).done();
    assert!(dir.read("run/model.safetensors") == *WHOLE);
}

#[test]
fn a_killed_run_goes_on_from_its_last_checkpoint() {
    let dir = TestDir::new();
    let mut child = dir.start(TRAIN);
    dir.wait_until("an epoch", || dir.text("stderr").contains("epoch 1/20"));
    // A checkpoint is due every second: for a run that sleeps, too.
    send("-STOP", &child);
    thread::sleep(Duration::from_millis(1100));
    send("-CONT", &child);
    let checkpoint = dir.path("run/checkpoint.safetensors");
    dir.wait_until("a checkpoint", || checkpoint.exists());
    send("-KILL", &child);
    child.wait().expect("an end");
    dir.refused(
        TRAIN,
        1,
        &["`run` holds an unfinished run; `latentia train --resume run` goes on"],
    );
    let ran = dir.run(&format!("{TRAIN} --resume --json")).done();
    assert_eq!(ran.json()["epochs_run"], 20);
    assert!(dir.read("run/model.safetensors") == *WHOLE);
}

/// What a run leaves, but for pictures of samples that not every model has.
const RESULTS: [&str; 3] = [
    "run/model.safetensors",
    "run/metrics.csv",
    "run/reconstructions.png",
];

/// Kills a run at ten random moments, lets it end, and compares all it wrote with what an undisturbed run writes.
fn killed_at_ten_moments(arguments: &str) {
    let whole = TestDir::new();
    whole.run(arguments).done();

    let dir = TestDir::new();
    let resume = format!("{arguments} --resume --checkpoint-every 3");
    let moments: Vec<u64> = (0..10)
        .map(|at| 60 + RandomState::new().hash_one(at) % 400)
        .collect();
    let mut resumed = 0;
    for &moment in &moments {
        let mut child = dir.start(&resume);
        thread::sleep(Duration::from_millis(moment));
        child.kill().expect("it can be killed");
        child.wait().expect("an end");
        resumed += usize::from(dir.text("stderr").contains("resumed in epoch"));
    }
    let ran = dir.run(&resume);
    resumed += usize::from(ran.stderr.contains("resumed in epoch"));
    assert!(resumed > 0, "no kill came behind a checkpoint: {moments:?}");
    let complete = ran.stderr.contains("is complete");
    assert!(ran.code == 0 || complete, "{moments:?}: {}", ran.stderr);
    for name in RESULTS {
        let same = dir.read(name) == whole.read(name);
        assert!(same, "{name} differs after kills at {moments:?} ms");
    }
    let left: Vec<_> = dir.names("run");
    assert_eq!(left, whole.names("run"), "{moments:?}");
}

#[test]
fn an_autoencoder_killed_at_ten_moments_ends_in_the_same_bytes() {
    killed_at_ten_moments("train --out run --epochs 15");
}

#[test]
fn a_variational_autoencoder_killed_at_ten_moments_ends_in_the_same_bytes() {
    killed_at_ten_moments("train --preset vae-20 --data mnist-mini --out run --epochs 10");
}

#[test]
fn a_denoising_autoencoder_killed_at_ten_moments_ends_in_the_same_bytes() {
    killed_at_ten_moments("train --preset denoising --data mnist-mini --out run --epochs 10");
}

#[test]
fn a_convolutional_autoencoder_killed_at_ten_moments_ends_in_the_same_bytes() {
    killed_at_ten_moments("train --preset conv --data mnist-mini --out run --epochs 4");
}

#[test]
fn a_run_killed_while_it_writes_a_checkpoint_goes_on_from_the_one_before() {
    let dir = TestDir::new();
    let resume = format!("{TRAIN} --resume --checkpoint-every 1");
    let unfinished = || {
        let names = dir.path("run").read_dir().into_iter().flatten().flatten();
        let mut names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.find(|name| name.starts_with(".latentia-checkpoint"))
    };
    // Until a half-written file is what is left; the program may be faster than we are.
    let mut times = 0;
    while times < 3 {
        let before = unfinished();
        let mut child = dir.start(&resume);
        dir.wait_until("a checkpoint half-written", || {
            unfinished().is_some_and(|name| Some(name) != before)
                && dir.path("run/checkpoint.safetensors").exists()
        });
        child.kill().expect("it can be killed");
        child.wait().expect("an end");
        times += usize::from(unfinished().is_some());
    }
    dir.run(&format!("{TRAIN} --resume")).done();
    assert!(dir.read("run/model.safetensors") == *WHOLE);
    assert_eq!(
        dir.names("run"),
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
}

#[test]
fn a_run_killed_before_its_pictures_were_drawn_draws_them() {
    let dir = TestDir::new();
    let mut child = dir.start("train --preset tiny --epochs 20 --out run");
    dir.wait_until("a model", || dir.path("run/model.safetensors").exists());
    child.kill().expect("it can be killed");
    child.wait().expect("an end");
    let ran = dir.run("train --preset tiny --epochs 20 --out run --resume");
    // The program may have been faster than we are.
    assert!(
        ran.code == 0 || ran.stderr.contains("is complete"),
        "{}",
        ran.stderr
    );
    assert_eq!(
        dir.names("run"),
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
}

#[test]
fn a_run_that_replaces_another_leaves_it_until_there_is_something_new() {
    let dir = TestDir::new();
    dir.run("train --preset tiny --epochs 20 --out run").done();
    let before = dir.files();
    let mut child =
        dir.start("train --preset deep --data mnist-mini --batch-size 1 --out run --force");
    dir.wait_until("a beginning", || dir.text("stderr").contains("parameters"));
    thread::sleep(Duration::from_millis(300));
    child.kill().expect("it can be killed");
    child.wait().expect("an end");
    std::fs::remove_file(dir.path("stderr")).expect("our own file");
    assert!(dir.files() == before);
}

#[test]
fn checkpoints_come_as_often_as_they_are_asked_for() {
    let dir = TestDir::new();
    // In the first epoch, which takes longer than the test has patience.
    for every in ["100", "1s"] {
        let mut child = dir.start(&format!(
            "train --preset deep --data mnist-mini --batch-size 1 --checkpoint-every {every} --out run{every}"
        ));
        let checkpoint = dir.path(&format!("run{every}/checkpoint.safetensors"));
        dir.wait_until("a checkpoint", || checkpoint.exists());
        child.kill().expect("it can be killed");
        child.wait().expect("an end");
        assert_eq!(
            dir.text(&format!("run{every}/metrics.csv")).lines().count(),
            1
        );
    }
    for wrong in ["0", "0s", "1.5s", "-3", "often"] {
        dir.refused(
            &format!("train --checkpoint-every {wrong}"),
            2,
            &["it must be a number of batches such as 100, or of seconds such as 30s"],
        );
    }
}

#[test]
fn two_runs_do_not_write_to_one_folder() {
    let dir = TestDir::new();
    let arguments = "train --preset tiny --epochs 500000 --out run";
    let mut child = dir.start(arguments);
    dir.wait_until("a beginning", || dir.path("run/metrics.csv").exists());
    for second in ["", "--force", "--resume"] {
        dir.run(&format!("{arguments} {second}")).fails(
            1,
            &["another run is training into `run`; wait for its end, or --out DIR writes elsewhere"],
        );
    }
    send("-INT", &child);
    assert_eq!(child.wait().expect("an end").code(), Some(130));
    // The lock ends with the program, also with one that is killed.
    let mut child = dir.start(&format!("{arguments} --resume"));
    dir.wait_until("it goes on", || dir.text("stderr").contains("resumed"));
    child.kill().expect("it can be killed");
    child.wait().expect("an end");
    dir.run("train --preset tiny --epochs 2 --out run --force")
        .done();
}

#[test]
fn a_run_stopped_in_its_first_epoch_goes_on_too() {
    let dir = TestDir::new();
    let arguments = "train --epochs 1 --batch-size 4 --out run";
    let mut child = dir.start(arguments);
    let metrics = dir.path("run/metrics.csv");
    dir.wait_until("a beginning", || metrics.exists());
    send("-INT", &child);
    assert_eq!(child.wait().expect("an end").code(), Some(130));
    let said = dir.text("stderr");
    assert!(said.contains("interrupted in the first epoch"), "{said}");
    assert_eq!(
        dir.names("run"),
        [
            "checkpoint.safetensors",
            "command.json",
            "metrics.csv",
            "metrics.jsonl"
        ]
    );
    dir.run(&format!("{arguments} --resume")).done();
    dir.run("train --epochs 1 --batch-size 4 --out whole")
        .done();
    assert!(dir.read("run/model.safetensors") == dir.read("whole/model.safetensors"));
}

/// A small run that was stopped somewhere on its long way.
fn long_run() -> TestDir {
    let dir = TestDir::new();
    let mut child = dir.start("train --preset tiny --epochs 500000 --out run");
    dir.wait_until("an epoch", || dir.text("stderr").contains("epoch 1/"));
    send("-INT", &child);
    assert_eq!(child.wait().expect("an end").code(), Some(130));
    dir
}

#[test]
fn resume_names_what_is_different() {
    let dir = long_run();
    let run = "train --preset tiny --out run --resume";
    for (arguments, difference) in [
        (
            "--epochs 5",
            "its `training.epochs` is 500000, here it is 5; ",
        ),
        (
            "--epochs 500000 --seed 1",
            "its `seed` is 42, here it is 1; ",
        ),
        (
            "--epochs 500000 --batch-size 2",
            "its `training.batch-size` is 1, here it is 2; ",
        ),
        (
            "--epochs 500000 --latent 3",
            "its `model.encoder.1.units` is 5, here it is 3; ",
        ),
        ("--epochs 500000 --data mnist-mini", "other training data; "),
    ] {
        dir.refused(
            &format!("{run} {arguments}"),
            1,
            &[
                "`run/checkpoint.safetensors` belongs to ",
                difference,
                "--force to begin anew",
            ],
        );
    }
}

#[test]
fn a_damaged_checkpoint_is_refused() {
    let dir = long_run();
    let sound = dir.read("run/checkpoint.safetensors");
    let resume = "train --preset tiny --epochs 500000 --out run --resume";
    for position in (0..sound.len()).step_by(sound.len() / 20) {
        let mut file = sound.clone();
        file[position] ^= 0x10;
        dir.write("run/checkpoint.safetensors", file);
        dir.refused(resume, 1, &["`run/checkpoint.safetensors` "]);
    }
    for length in [0, 20, 60, sound.len() - 1] {
        dir.write("run/checkpoint.safetensors", &sound[..length]);
        dir.refused(resume, 1, &["`run/checkpoint.safetensors` is "]);
    }
    dir.run("train --preset tiny --epochs 1 --out run --force")
        .done();
    assert!(!dir.path("run/checkpoint.safetensors").exists());
}

#[test]
fn resume_of_nothing_says_so_and_begins() {
    let dir = TestDir::new();
    let ran = dir.run("train --preset tiny --epochs 1 --resume").done();
    let said = "nothing to resume in `runs/tiny`: a new run begins\n";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
}
