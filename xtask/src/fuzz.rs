//! `cargo xtask fuzz TARGET [SECONDS]`: the fuzz targets of `fuzz/`, by the compiler that is here.

use std::ffi::OsString;
use std::process::Command;

use anyhow::{Context, bail, ensure};

use crate::workspace::root;

/// What the fuzzer needs to see which branches an input takes, as cargo-fuzz asks for; all of it is stable.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1";

/// Seconds, where none are asked for.
const SECONDS: u32 = 600;

/// Most memory of the fuzzed program, in MB.
const MEMORY: u32 = 512;

/// Fuzzes one target from its corpus, `fuzz/corpus/TARGET`.
pub fn run(arguments: &[OsString]) -> anyhow::Result<()> {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let (target, seconds) = match words[..] {
        [target] => (target, SECONDS),
        [target, seconds] => (
            target,
            seconds.parse().context("SECONDS is a whole number")?,
        ),
        _ => bail!("it goes `fuzz TARGET [SECONDS]`; targets are the files of fuzz/fuzz_targets"),
    };
    let folder = root()?.join("fuzz");
    let corpus = folder.join("corpus").join(target);
    std::fs::create_dir_all(&corpus)?;
    let version = Command::new("rustc").arg("-vV").output()?.stdout;
    let version = String::from_utf8(version)?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let status = Command::new("cargo")
        .args(["run", "--quiet", "--release", "--bin", target])
        .arg("--manifest-path")
        .arg(folder.join("Cargo.toml"))
        // With a target named, the flags are not for build scripts, which no fuzzer is linked to.
        .args(["--target", host.context("rustc does not say its host")?])
        .arg("--target-dir")
        .arg(root()?.join("target/fuzz"))
        .arg("--")
        .arg(corpus)
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-rss_limit_mb={MEMORY}"))
        .arg("-print_final_stats=1")
        .env("RUSTFLAGS", FLAGS)
        .status()
        .context("could not run cargo")?;
    ensure!(status.success(), "`{target}` did not end well; see above");
    Ok(())
}
