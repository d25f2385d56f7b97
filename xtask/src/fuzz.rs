//! `cargo xtask fuzz TARGET|all [SECONDS]`: runs the fuzz targets of `fuzz/` with the installed compiler.
//!
//! A target starts from `fuzz/seeds/TARGET` and from what earlier runs have found (`fuzz/corpus/TARGET`, not committed).
//! Its result goes into `docs/checks.md`.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};

use crate::checks::record;
use crate::workspace::root;

/// Coverage instrumentation, as cargo-fuzz sets it; all of it is stable.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1";

/// The default duration, in seconds.
const SECONDS: u32 = 600;

/// Memory limit of the fuzzed program, in MB.
const MEMORY: u32 = 512;

/// Time limit for one input, in seconds.
const TIMEOUT: u32 = 10;

/// Fuzzes one target, or all of them in turn.
pub fn run(arguments: &[OsString]) -> anyhow::Result<()> {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let (target, seconds) = match words[..] {
        [target] => (target, SECONDS),
        [target, seconds] => (
            target,
            seconds.parse().context("SECONDS is a whole number")?,
        ),
        _ => {
            bail!("it goes `fuzz TARGET|all [SECONDS]`; targets are the files of fuzz/fuzz_targets")
        }
    };
    let folder = root()?.join("fuzz");
    if target != "all" {
        return fuzz(&folder, target, seconds);
    }
    let mut targets = Vec::new();
    for entry in folder.join("fuzz_targets").read_dir()? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        targets.extend(name.strip_suffix(".rs").map(String::from));
    }
    targets.sort();
    let failed = targets
        .iter()
        .filter_map(|target| fuzz(&folder, target, seconds).err());
    let failed: Vec<String> = failed.map(|error| format!("{error:#}")).collect();
    ensure!(failed.is_empty(), "{}", failed.join("; "));
    Ok(())
}

fn fuzz(folder: &Path, target: &str, seconds: u32) -> anyhow::Result<()> {
    let corpus = folder.join("corpus").join(target);
    fs::create_dir_all(&corpus)?;
    let version = Command::new("rustc").arg("-vV").output()?.stdout;
    let version = String::from_utf8(version)?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let mut child = Command::new("cargo")
        .args(["run", "--quiet", "--release", "--bin", target])
        .arg("--manifest-path")
        .arg(folder.join("Cargo.toml"))
        // With a target named, the flags are not for build scripts, which no fuzzer is linked to.
        .args(["--target", host.context("rustc does not say its host")?])
        .arg("--target-dir")
        .arg(root()?.join("target/fuzz"))
        .arg("--")
        .arg(corpus)
        .args(Some(folder.join("seeds").join(target)).filter(|seeds| seeds.is_dir()))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-rss_limit_mb={MEMORY}"))
        .arg(format!("-timeout={TIMEOUT}"))
        .arg(format!(
            "-artifact_prefix={}/",
            folder.join("corpus").display()
        ))
        .arg("-print_final_stats=1")
        .env("RUSTFLAGS", FLAGS)
        // One input at a time; and none of them waits for another thread.
        .env("RAYON_NUM_THREADS", "1")
        .stderr(Stdio::piped())
        .spawn()
        .context("could not run cargo")?;
    let mut last = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        for line in BufReader::new(stderr).lines() {
            let line = line?;
            eprintln!("{line}");
            last.push(line);
        }
    }
    ensure!(
        child.wait()?.success(),
        "`{target}` did not end well; see above"
    );
    let stat = |name: &str| {
        let found = last.iter().rev().find_map(|line| line.strip_prefix(name));
        found.and_then(|rest| rest.trim_start_matches(':').trim().parse::<u64>().ok())
    };
    let (Some(runs), Some(memory)) = (
        stat("stat::number_of_executed_units"),
        stat("stat::peak_rss_mb"),
    ) else {
        bail!("`{target}` said nothing of its runs");
    };
    // A shorter run says nothing against a longer one.
    if seconds < SECONDS {
        return Ok(());
    }
    record(
        &format!("fuzz {target}"),
        &format!("{seconds} s, {runs} inputs, no finding, {memory} MB at most"),
    )
}
