//! `cargo xtask sanitise`: the tests of kernels and layers with address sanitiser.
//!
//! The crates have no unsafe code; the libraries under them do, such as those that select the instruction set.

use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

use crate::checks::record;
use crate::workspace::root;

/// The crates whose tests are run.
const PACKAGES: [&str; 2] = ["latentia-tensor", "latentia-nn"];

/// Runs the tests.
pub fn run() -> anyhow::Result<()> {
    let version = Command::new("rustc").arg("-vV").output()?.stdout;
    let version = String::from_utf8(version)?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let mut command = Command::new("cargo");
    command.args(["test", "--release", "--lib", "--tests"]);
    for package in PACKAGES {
        command.args(["--package", package]);
    }
    let output = command
        // With a target named, the flags are not for build scripts.
        .args(["--target", host.context("rustc does not say its host")?])
        .arg("--target-dir")
        .arg(root()?.join("target/sanitise"))
        .current_dir(root()?)
        // The flag is not stable; the runtime library comes with the stable compiler all the same.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "-Zsanitizer=address")
        .stderr(Stdio::inherit())
        .output()
        .context("could not run cargo")?;
    let output_text = String::from_utf8_lossy(&output.stdout);
    println!("{output_text}");
    ensure!(
        output.status.success(),
        "a test failed, or memory was misused; see above"
    );
    let passed = output_text.lines().filter_map(|line| {
        let (_, rest) = line.split_once("test result: ok. ")?;
        rest.split_once(" passed")?.0.parse::<u32>().ok()
    });
    let passed: u32 = passed.sum();
    ensure!(passed > 0, "no test was run");
    record(
        "sanitise",
        &format!("{passed} tests of {}, no finding", PACKAGES.join(" and ")),
    )
}
