//! Places that cannot be written to: said before the work where possible, and nothing left half-written.
#![allow(clippy::print_stderr, reason = "a test that is left out says so")]

use crate::harness::{DIGITS, TestDir, table};
#[cfg(unix)]
use crate::harness::{LATENTIA, Ran};

#[test]
fn a_folder_that_cannot_be() {
    let dir = TestDir::with([("m", &DIGITS[..]), ("file", b"")]);
    let ran = dir.refused(
        "train --out file/run",
        1,
        &["cannot create `file/run`: not a directory"],
    );
    // Found out before the training.
    assert!(!ran.stderr.contains("epoch 1"), "{}", ran.stderr);
    dir.refused(
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
        dir.refused(command, 1, &[&format!("cannot write `{output}`: ")]);
    }
    std::fs::create_dir(dir.path("folder.npy")).expect("a folder");
    dir.refused(
        "encode m mnist-mini -o folder.npy",
        1,
        &["cannot write `folder.npy`: is a directory"],
    );
}

#[test]
fn an_output_that_is_there_is_replaced_whole_or_not_at_all() {
    let dir = TestDir::with([("m", &DIGITS[..]), ("c.npy", b"old"), ("t.csv", b"1,2\n")]);
    dir.refused("encode m t.csv -o c.npy", 1, &["2 values an example"]);
    dir.run("encode m mnist-mini -o c.npy").done();
    assert!(dir.read("c.npy").len() > 100_000);
}

#[test]
fn a_loss_that_is_no_number() {
    let dir = TestDir::with([("t.csv", table(50).as_bytes())]);
    dir.run("train --data t.csv --learning-rate 1e30 --epochs 5")
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
    assert_eq!(
        dir.names("runs/table-t"),
        ["command.json", "metrics.csv", "metrics.jsonl"]
    );
    assert_eq!(dir.text("runs/table-t/metrics.csv").lines().count(), 1);
    let ran = dir.run("train --data t.csv --epochs 1 --resume").done();
    let said = "nothing to resume in `runs/table-t`: a new run begins\n";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
}

/// Runs a script where `disk` is a small disk of its own; what it prints is left for the caller to read.
#[cfg(target_os = "linux")]
fn on_a_small_disk(dir: &TestDir, script: &str) -> Option<Ran> {
    std::fs::create_dir(dir.path("disk")).expect("a folder");
    let run = |script: &str| {
        let mut command = dir.command("unshare");
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
    let dir = TestDir::new();
    let script = "$LATENTIA train --epochs 1 --out disk/run >/dev/null; echo $?; ls -A disk/run";
    let Some(ran) = on_a_small_disk(&dir, script) else {
        return;
    };
    assert_eq!(
        ran.stdout, "1\ncommand.json\nmetrics.csv\nmetrics.jsonl\n",
        "{}",
        ran.stderr
    );
    let message = "error: cannot write `disk/run/model.safetensors`: no space left on device\n";
    assert!(ran.stderr.ends_with(message), "{}", ran.stderr);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_keeps_the_old_codes() {
    let dir = TestDir::with([("m", &DIGITS[..])]);
    let script = "echo old >disk/c.npy; \
        $LATENTIA encode m mnist-mini -o disk/c.npy; echo $?; ls -A disk; cat disk/c.npy";
    let Some(ran) = on_a_small_disk(&dir, script) else {
        return;
    };
    assert_eq!(ran.stdout, "1\nc.npy\nold\n", "{}", ran.stderr);
    let message = "error: cannot write `disk/c.npy`: no space left on device\n";
    assert!(ran.stderr.ends_with(message), "{}", ran.stderr);
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_only_read() {
    let dir = TestDir::with([("m", &DIGITS[..])]);
    let script = "mount -o remount,ro disk; \
        $LATENTIA train --out disk/run; echo $?; \
        $LATENTIA encode m mnist-mini -o disk/c.npy; echo $?";
    let Some(ran) = on_a_small_disk(&dir, script) else {
        return;
    };
    assert_eq!(ran.stdout, "1\n1\n", "{}", ran.stderr);
    for path in ["create `disk/run`", "write `disk/c.npy`"] {
        let message = format!("error: cannot {path}: read-only file system\n");
        assert!(ran.stderr.contains(&message), "{}", ran.stderr);
    }
    assert!(!ran.stderr.contains("epoch 1"), "{}", ran.stderr);
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_fills_up_during_training_keeps_the_last_checkpoint() {
    let dir = TestDir::new();
    let train = "$LATENTIA train --epochs 8 --checkpoint-every 5";
    // Stopped while the disk is filled, so that it does not end before.
    let script = format!(
        "mount -o remount,size=50m disk; {train} --out disk/run >/dev/null 2>said & pid=$!; \
         for i in $(seq 3000); do [ -e disk/run/checkpoint.safetensors ] || sleep 0.01; done; \
         kill -STOP $pid; cat /dev/zero >disk/filler 2>/dev/null; kill -CONT $pid; wait $pid; echo $?; \
         ls -A disk/run; rm disk/filler; mount -o remount,size=100m disk; \
         {train} --out disk/run --resume >/dev/null 2>&1; echo $?; {train} --out whole >/dev/null 2>&1; \
         cmp disk/run/model.safetensors whole/model.safetensors && echo same"
    );
    let Some(ran) = on_a_small_disk(&dir, &script) else {
        return;
    };
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(
        (lines[0], &lines[lines.len() - 2..]),
        ("1", &["0", "same"][..]),
        "{}",
        ran.stderr
    );
    // The best model too, where the disk had room for one again.
    let names = &lines[1..lines.len() - 2];
    assert!(
        names.starts_with(&[
            "checkpoint.safetensors",
            "command.json",
            "metrics.csv",
            "metrics.jsonl"
        ]),
        "{names:?}"
    );
    assert!(
        names.len() == 4 || names[4..] == ["model.safetensors"],
        "{names:?}"
    );
    let said = dir.text("said");
    let (_, message) = said
        .split_once("error: cannot write `disk/run/")
        .expect("an error");
    assert!(message.ends_with("`: no space left on device\n"), "{said}");
}

/// A command of the shell in which a file may have `blocks` of 512 bytes; a program that writes more is stopped by a signal,
/// or told so where it ignores it.
#[cfg(unix)]
fn with_short_files(
    dir: &TestDir,
    blocks: u32,
    ignores_signal: bool,
    arguments: &str,
) -> std::process::Output {
    let trap = if ignores_signal { "trap '' XFSZ; " } else { "" };
    // Whatever a shell counts in, blocks or KiB, most models of digits are longer.
    let script = format!("{trap}ulimit -f {blocks}; exec \"$LATENTIA\" {arguments}");
    let mut command = dir.command("sh");
    command.args(["-c", &script]).env("LATENTIA", LATENTIA);
    command.output().expect("a shell")
}

#[cfg(unix)]
#[test]
fn a_limit_on_the_size_of_files_keeps_no_half_of_one() {
    let dir = TestDir::with([("m", &DIGITS[..]), ("c.npy", b"old")]);
    for ignores_signal in [true, false] {
        for (arguments, file) in [
            ("encode m mnist-mini -o c.npy", "c.npy"),
            (
                "train --epochs 1 --force --out run",
                "run/model.safetensors",
            ),
        ] {
            let output = with_short_files(&dir, 16, ignores_signal, arguments);
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(
                !output.status.success() && !said.contains("panicked"),
                "{said}"
            );
            if ignores_signal {
                assert_eq!(output.status.code(), Some(1));
                assert!(
                    said.ends_with(&format!("error: cannot write `{file}`: file too large\n")),
                    "{said}"
                );
            }
        }
        assert_eq!(dir.text("c.npy"), "old");
        assert!(!dir.path("run/model.safetensors").exists());
    }
    // What the signal left under a temporary name is taken away by the next run.
    dir.run("train --epochs 1 --force --out run").done();
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

/// A command of a user who may not do everything, as the tests' own user may where it is root.
#[cfg(target_os = "linux")]
fn as_nobody(dir: &TestDir, arguments: &str) -> Option<Ran> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(dir.folder(), PermissionsExt::from_mode(0o755)).expect("our folder");
    let probe = dir.command("id").arg("-u").output().expect("`id` starts");
    let mut command = match probe.stdout.as_slice() {
        b"0\n" => {
            let mut command = dir.command("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups", LATENTIA]);
            command
        }
        _ => dir.command(LATENTIA),
    };
    command.args(arguments.split(' '));
    let probe = command.output();
    if !probe.is_ok_and(|output| output.status.code().is_some_and(|code| code <= 2)) {
        eprintln!("left out: nobody else can start the program here (`setpriv`)");
        return None;
    }
    Some(Ran::of(command))
}

#[cfg(target_os = "linux")]
#[test]
fn what_may_not_be_read_or_written_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let dir = TestDir::with([
        ("m", &DIGITS[..]),
        ("secret.csv", b"1,2\n"),
        ("secret", &DIGITS[..]),
        ("locked/checkpoint.safetensors", b""),
    ]);
    let allow = |name: &str, mode| {
        std::fs::set_permissions(dir.path(name), PermissionsExt::from_mode(mode))
            .expect("our own file");
    };
    for (name, mode) in [("secret.csv", 0), ("secret", 0), ("locked", 0o555)] {
        allow(name, mode);
    }
    for (arguments, message) in [
        (
            "train --data secret.csv",
            "cannot read `secret.csv`: permission denied",
        ),
        (
            "encode secret mnist-mini -o c.npy",
            "cannot read `secret`: permission denied",
        ),
        (
            "encode m mnist-mini -o c.npy",
            "cannot write `c.npy`: permission denied",
        ),
        (
            "train --out locked/run",
            "cannot create `locked/run`: permission denied",
        ),
        (
            "train --out locked --force",
            "cannot write `locked/metrics.csv`: permission denied",
        ),
    ] {
        let Some(ran) = as_nobody(&dir, arguments) else {
            break;
        };
        ran.fails(1, &[message]);
    }
    // So that the folder can be removed.
    allow("locked", 0o755);
}

#[cfg(unix)]
#[test]
fn links_pipes_and_rights_stay_what_they_are() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let dir = TestDir::with([("m", &DIGITS[..]), ("target.npy", b"old")]);
    symlink("target.npy", dir.path("link.npy")).expect("a link");
    let own = PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(dir.path("target.npy"), own).expect("our own file");
    dir.run("encode m mnist-mini -o link.npy").done();
    assert!(dir.path("link.npy").is_symlink());
    let codes = dir.read("target.npy");
    assert!(codes.len() > 100_000);
    let mode = std::fs::metadata(dir.path("target.npy"))
        .expect("a file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);

    let script = "mkfifo p.npy; cat p.npy >read & \"$LATENTIA\" encode m mnist-mini -o p.npy && wait && test -p p.npy";
    let mut command = dir.command("sh");
    command.args(["-c", script]).env("LATENTIA", LATENTIA);
    Ran::of(command).done();
    assert!(dir.read("read") == codes);
}

#[test]
fn a_model_is_not_replaced_by_what_it_compresses() {
    let dir = TestDir::with([("m", &DIGITS[..])]);
    dir.refused(
        "compress m mnist-mini -o ./m",
        1,
        &["`./m` is the model, without which nothing comes back; name another file"],
    );
}
