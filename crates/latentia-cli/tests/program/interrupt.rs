//! Runs that are stopped from outside, and go on.
#![cfg(unix)]

use std::process::{Child, Command};
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use crate::harness::Place;

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
    let place = Place::new();
    place.run(TRAIN).done();
    place.read("run/model.safetensors")
});

/// A run that was stopped by `signal` in its second epoch, and what it said.
fn stopped_by(signal: &str) -> (Place, String) {
    let place = Place::new();
    let mut child = place.start(TRAIN);
    place.wait_until("an epoch", || place.text("stderr").contains("epoch 1/20"));
    send(signal, &child);
    let status = child.wait().expect("an end");
    let said = place.text("stderr");
    assert_eq!(status.code(), Some(130), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    (place, said)
}

#[test]
fn ctrl_c_keeps_the_best_model_and_resume_ends_in_the_same_bytes() {
    let (place, said) = stopped_by("-INT");
    let kept =
        ", the best so far, in `run/model.safetensors`; the same command with --resume goes on\n";
    assert!(
        said.contains("interrupted: kept the model of epoch "),
        "{said}"
    );
    assert!(said.ends_with(kept), "{said}");
    assert_eq!(
        place.names("run"),
        ["checkpoint.bin", "metrics.csv", "model.safetensors"]
    );
    let json = place
        .run("inspect run/model.safetensors --json")
        .done()
        .json();
    assert_eq!(json["provenance"]["stopped_by"], "interrupt");
    let epochs = json["provenance"]["history"].as_array().map_or(0, Vec::len);
    assert!((1..20).contains(&epochs), "{epochs}");

    let ran = place.run(&format!("{TRAIN} --resume")).done();
    let resumed = format!("resumed in epoch {}, after ", epochs + 1);
    assert!(ran.stderr.contains(&resumed), "{}", ran.stderr);
    assert!(place.read("run/model.safetensors") == *WHOLE);
    assert_eq!(
        place.names("run"),
        ["metrics.csv", "model.safetensors", "reconstructions.png"]
    );
}

#[test]
fn a_request_to_terminate_is_an_interrupt_too() {
    let (place, said) = stopped_by("-TERM");
    assert!(said.contains("interrupted: kept the model"), "{said}");
    place.run(&format!("{TRAIN} --resume --threads 1")).done();
    assert!(place.read("run/model.safetensors") == *WHOLE);
}

#[test]
fn a_killed_run_goes_on_from_its_last_checkpoint() {
    let place = Place::new();
    let mut child = place.start(TRAIN);
    place.wait_until("an epoch", || place.text("stderr").contains("epoch 1/20"));
    // A checkpoint is due every five seconds: for a run that sleeps, too.
    send("-STOP", &child);
    thread::sleep(Duration::from_millis(5100));
    send("-CONT", &child);
    let checkpoint = place.path("run/checkpoint.bin");
    place.wait_until("a checkpoint", || checkpoint.exists());
    send("-KILL", &child);
    child.wait().expect("an end");
    place.refused(
        TRAIN,
        1,
        &["`run` holds an unfinished run; --resume goes on"],
    );
    let ran = place.run(&format!("{TRAIN} --resume --json")).done();
    assert_eq!(ran.json()["epochs_run"], 20);
    assert!(place.read("run/model.safetensors") == *WHOLE);
}

#[test]
fn a_run_stopped_in_its_first_epoch_goes_on_too() {
    let place = Place::new();
    let arguments = "train --epochs 1 --batch-size 4 --out run";
    let mut child = place.start(arguments);
    let metrics = place.path("run/metrics.csv");
    place.wait_until("a beginning", || metrics.exists());
    send("-INT", &child);
    assert_eq!(child.wait().expect("an end").code(), Some(130));
    let said = place.text("stderr");
    assert!(said.contains("interrupted in the first epoch"), "{said}");
    assert_eq!(place.names("run"), ["checkpoint.bin", "metrics.csv"]);
    place.run(&format!("{arguments} --resume")).done();
    place
        .run("train --epochs 1 --batch-size 4 --out whole")
        .done();
    assert!(place.read("run/model.safetensors") == place.read("whole/model.safetensors"));
}

/// A small run that was stopped somewhere on its long way.
fn long_run() -> Place {
    let place = Place::new();
    let mut child = place.start("train --preset tiny --epochs 1000000 --out run");
    place.wait_until("an epoch", || place.text("stderr").contains("epoch 1/"));
    send("-INT", &child);
    assert_eq!(child.wait().expect("an end").code(), Some(130));
    place
}

#[test]
fn resume_names_what_is_different() {
    let place = long_run();
    let run = "train --preset tiny --out run --resume";
    for (arguments, difference) in [
        (
            "--epochs 5",
            "its `training.epochs` is 1000000, here it is 5; ",
        ),
        (
            "--epochs 1000000 --seed 1",
            "its `seed` is 42, here it is 1; ",
        ),
        (
            "--epochs 1000000 --batch-size 2",
            "its `training.batch-size` is 1, here it is 2; ",
        ),
        (
            "--epochs 1000000 --latent 3",
            "its `model.encoder.1.units` is 5, here it is 3; ",
        ),
        (
            "--epochs 1000000 --data mnist-mini",
            "other training data; ",
        ),
    ] {
        place.refused(
            &format!("{run} {arguments}"),
            1,
            &[
                "`run/checkpoint.bin` belongs to ",
                difference,
                "--force to begin anew",
            ],
        );
    }
}

#[test]
fn a_damaged_checkpoint_is_refused() {
    let place = long_run();
    let sound = place.read("run/checkpoint.bin");
    let resume = "train --preset tiny --epochs 1000000 --out run --resume";
    for position in (0..sound.len()).step_by(sound.len() / 20) {
        let mut file = sound.clone();
        file[position] ^= 0x10;
        place.write("run/checkpoint.bin", file);
        place.refused(resume, 1, &["`run/checkpoint.bin` "]);
    }
    for length in [0, 20, 60, sound.len() - 1] {
        place.write("run/checkpoint.bin", &sound[..length]);
        place.refused(resume, 1, &["`run/checkpoint.bin` is "]);
    }
    place
        .run("train --preset tiny --epochs 1 --out run --force")
        .done();
    assert!(!place.path("run/checkpoint.bin").exists());
}

#[test]
fn resume_of_nothing_says_so_and_begins() {
    let place = Place::new();
    let ran = place.run("train --preset tiny --epochs 1 --resume").done();
    let said = "nothing to resume in `runs/tiny`: a new run begins\n";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
}
