//! Places that cannot be written to: said before the work where possible, and nothing left half-written.
#![allow(clippy::print_stderr, reason = "a test that is left out says so")]

use crate::harness::{DIGITS, Place, table};
#[cfg(target_os = "linux")]
use crate::harness::{LATENTIA, Ran};

#[test]
fn a_folder_that_cannot_be() {
    let place = Place::with([("m", &DIGITS[..]), ("file", b"")]);
    let ran = place.refused(
        "train --out file/run",
        1,
        &["cannot create `file/run`: not a directory"],
    );
    // Found out before the training.
    assert!(!ran.stderr.contains("epoch 1"), "{}", ran.stderr);
    place.refused(
        "train --out file",
        1,
        &["cannot create `file`: file exists"],
    );
    for command in [
        "encode m mnist-mini -o file/c.npy",
        "reconstruct m mnist-mini -o file/r.png",
        "reconstruct m mnist-mini -o missing/r.csv",
    ] {
        let output = command.rsplit(' ').next().unwrap_or_default();
        place.refused(command, 1, &[&format!("cannot write `{output}`: ")]);
    }
    std::fs::create_dir(place.path("folder.npy")).expect("a folder");
    place.refused(
        "encode m mnist-mini -o folder.npy",
        1,
        &["cannot write `folder.npy`: is a directory"],
    );
}

#[test]
fn an_output_that_is_there_is_replaced_whole_or_not_at_all() {
    let place = Place::with([("m", &DIGITS[..]), ("c.npy", b"old"), ("t.csv", b"1,2\n")]);
    place.refused("encode m t.csv -o c.npy", 1, &["2 numbers an example"]);
    place.run("encode m mnist-mini -o c.npy").done();
    assert!(place.read("c.npy").len() > 100_000);
}

#[test]
fn a_loss_that_is_no_number() {
    let place = Place::with([("t.csv", table(50).as_bytes())]);
    place
        .run("train --data t.csv --learning-rate 1e30 --epochs 5")
        .fails(
            1,
            &[
                "the loss became ",
                "in epoch 1",
                "; it began in ",
                "going back 3 times with half the learning rate did not help",
                "smaller learning rate than 1.25e29",
            ],
        );
    // Nothing to go on with, and nothing in the way of another learning rate.
    assert_eq!(place.names("runs/table"), ["metrics.csv"]);
    assert_eq!(place.text("runs/table/metrics.csv").lines().count(), 1);
    let ran = place.run("train --data t.csv --epochs 1 --resume").done();
    let said = "nothing to resume in `runs/table`: a new run begins\n";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
}

/// Runs a script where `disk` is a small disk of its own; what it prints is left for the caller to read.
#[cfg(target_os = "linux")]
fn on_a_small_disk(place: &Place, script: &str) -> Option<Ran> {
    std::fs::create_dir(place.path("disk")).expect("a folder");
    let run = |script: &str| {
        let mut command = place.command("unshare");
        command
            .args(["-Urm", "sh", "-c", script])
            .env("LATENTIA", LATENTIA);
        command
    };
    let mount = "mount -t tmpfs -o size=64k tmpfs disk";
    let possible = run(mount)
        .output()
        .is_ok_and(|output| output.status.success());
    if !possible {
        eprintln!("left out: no disk can be mounted here (`unshare -Urm`)");
        return None;
    }
    Some(Ran::of(run(&format!("{mount} && {script}"))))
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_keeps_no_half_of_a_model() {
    let place = Place::new();
    let script = "$LATENTIA train --epochs 1 --out disk/run >/dev/null; echo $?; ls -A disk/run";
    let Some(ran) = on_a_small_disk(&place, script) else {
        return;
    };
    assert_eq!(ran.stdout, "1\nmetrics.csv\n", "{}", ran.stderr);
    let message = "error: cannot write `disk/run/model.safetensors`: no space left on device\n";
    assert!(ran.stderr.ends_with(message), "{}", ran.stderr);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_keeps_the_old_codes() {
    let place = Place::with([("m", &DIGITS[..])]);
    let script = "echo old >disk/c.npy; \
        $LATENTIA encode m mnist-mini -o disk/c.npy; echo $?; ls -A disk; cat disk/c.npy";
    let Some(ran) = on_a_small_disk(&place, script) else {
        return;
    };
    assert_eq!(ran.stdout, "1\nc.npy\nold\n", "{}", ran.stderr);
    let message = "error: cannot write `disk/c.npy`: no space left on device\n";
    assert!(ran.stderr.ends_with(message), "{}", ran.stderr);
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_only_read() {
    let place = Place::with([("m", &DIGITS[..])]);
    let script = "mount -o remount,ro disk; \
        $LATENTIA train --out disk/run; echo $?; \
        $LATENTIA encode m mnist-mini -o disk/c.npy; echo $?";
    let Some(ran) = on_a_small_disk(&place, script) else {
        return;
    };
    assert_eq!(ran.stdout, "1\n1\n", "{}", ran.stderr);
    for path in ["create `disk/run`", "write `disk/c.npy`"] {
        let message = format!("error: cannot {path}: read-only file system\n");
        assert!(ran.stderr.contains(&message), "{}", ran.stderr);
    }
    assert!(!ran.stderr.contains("epoch 1"), "{}", ran.stderr);
}
