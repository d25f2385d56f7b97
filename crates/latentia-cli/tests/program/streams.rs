//! Help, terminals, and streams that others close.
#![allow(clippy::print_stderr, reason = "a test that is left out says so")]

use std::process::Stdio;

use crate::harness::{LATENTIA, TINY, TestDir};

#[test]
fn the_program_alone_prints_help() {
    let dir = TestDir::new();
    let ran = dir.run("");
    assert_eq!(ran.code, 2);
    let help = dir.run("--help").done();
    assert_eq!(help.stderr, "");
    for text in [&ran.stderr, &help.stdout] {
        assert!(
            text.starts_with("Trains, measures and uses autoencoders\n"),
            "{text}"
        );
        assert!(text.contains("Usage: latentia ") && text.contains("Examples:"));
    }
    let version = dir.run("--version").done().stdout;
    assert_eq!(version, format!("latentia {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn every_command_has_help() {
    let dir = TestDir::new();
    let help = dir.run("--help").done().stdout;
    let (_, commands) = help.split_once("Commands:\n").expect("commands");
    let names: Vec<&str> = commands
        .lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|&name| name != "help")
        .collect();
    assert!(names.len() >= 8, "{names:?}");
    for name in names
        .into_iter()
        .chain(["data list", "data fetch", "data info"])
    {
        let text = dir.run(&format!("{name} --help")).done().stdout;
        assert!(text.contains(&format!("Usage: latentia {name}")), "{text}");
        // An argument without a word on it is a riddle.
        for line in text.lines().filter(|line| line.starts_with("  -")) {
            assert!(
                line.trim().contains("  ") || line.len() > 40,
                "{name}: {line}"
            );
        }
    }
}

#[test]
fn an_unknown_command_is_wrong_usage() {
    let dir = TestDir::new();
    dir.refused("trian", 2, &["'trian'", "'train'"]);
    dir.refused("data lst", 2, &["'lst'", "'list'"]);
    dir.refused("train digits", 2, &["unexpected argument 'digits'"]);
}

/// Runs the program with a stdout that nobody reads; it must not mind.
fn unread(dir: &TestDir, arguments: &str) {
    let mut child = dir.start(arguments);
    drop(child.stdout.take());
    let status = child.wait().expect("an end");
    let said = dir.text("stderr");
    assert!(
        !said.contains("panicked") && !said.contains("error"),
        "{said}"
    );
    assert_eq!(status.code(), Some(0), "{arguments}");
}

#[test]
fn a_closed_stdout_is_no_error() {
    let dir = TestDir::with([("m", &TINY[..])]);
    for arguments in [
        "presets",
        "presets digits",
        "data list",
        "inspect m",
        "inspect m --json",
        "evaluate m",
        "--help",
    ] {
        unread(&dir, arguments);
    }
    // The model matters more than the report.
    unread(&dir, "train --preset tiny --epochs 1 --json");
    assert!(dir.path("runs/tiny/model.safetensors").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_stdout_is_one() {
    let dir = TestDir::new();
    let full = std::fs::File::options().write(true).open("/dev/full");
    let output = dir
        .command(LATENTIA)
        .arg("presets")
        .stdout(full.expect("a device"))
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "error: cannot write to the standard output: no space left on device\n"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_shows_a_bar() {
    for (locale, filled) in [("C.UTF-8", '█'), ("C", '=')] {
        let dir = TestDir::new();
        let mut command = dir.command("script");
        let train = format!("{LATENTIA} train --epochs 4");
        command
            .args(["-qec", &train, "/dev/null"])
            .envs([("TERM", "xterm"), ("LC_ALL", locale)]);
        let Ok(output) = command.output() else {
            eprintln!("left out: `script` is not on this machine");
            return;
        };
        let shown = String::from_utf8_lossy(&output.stdout);
        let epoch = shown.find("epoch 4/4").expect("the last epoch");
        let bar = shown[..epoch].rfind('\r').expect("a line");
        assert!(shown[bar..epoch].contains(filled), "{shown}");
        // What follows is told of too, and no bar is drawn before it is one.
        assert!(shown.contains("fitting the detector"), "{shown}");
        assert!(!shown.contains("0/0"), "{shown}");
        assert!(shown.contains("trained 4 epochs in "), "{shown}");
    }
}

#[test]
fn a_closed_stderr_is_no_error() {
    let dir = TestDir::new();
    let mut child = dir
        .command(LATENTIA)
        .args(["train", "--preset", "tiny", "--epochs", "20"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stderr.take());
    assert_eq!(child.wait().expect("an end").code(), Some(0));
    assert!(dir.path("runs/tiny/model.safetensors").exists());
}
