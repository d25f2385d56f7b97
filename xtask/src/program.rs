//! The program `latentia`, built from this workspace and run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, ensure};
use serde_json::Value;

use crate::workspace::command;

/// How often the memory of a run is sampled.
const SAMPLING_INTERVAL: Duration = Duration::from_millis(2);

/// The program, built.
pub struct Program {
    path: PathBuf,
}

/// Output and cost of a run.
pub struct Run {
    /// Its standard output.
    pub output: String,
    /// Seconds of the whole process, by the wall clock.
    pub seconds: f64,
    /// Peak resident memory; Linux only. Growth in the last 2 ms may be missed.
    pub peak_bytes: Option<u64>,
}

impl Program {
    /// Builds the program under the release profile.
    pub fn build() -> anyhow::Result<Self> {
        Self::build_with("baselines")
    }

    /// Builds it with a feature.
    pub fn build_with(feature: &str) -> anyhow::Result<Self> {
        let output = command("build")?
            .args(["--quiet", "--release", "--package", "latentia-cli"])
            .args(["--features", feature])
            .args(["--bin", "latentia", "--message-format", "json"])
            .stderr(Stdio::inherit())
            .output()
            .context("could not run cargo")?;
        ensure!(
            output.status.success(),
            "`cargo build` failed with {}",
            output.status
        );
        let messages = String::from_utf8(output.stdout)?;
        let path = messages
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .find_map(|message| message["executable"].as_str().map(PathBuf::from));
        Ok(Self {
            path: path.context("`cargo build` named no program")?,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs it; it shares our standard error.
    pub fn run(&self, arguments: &[&str]) -> anyhow::Result<Run> {
        run(Command::new(&self.path).args(arguments))
    }
}

/// Runs a command to its end; it shares our standard error.
pub fn run(command: &mut Command) -> anyhow::Result<Run> {
    let start = Instant::now();
    let child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("could not run {command:?}"))?;
    let process = child.id();
    let ended = AtomicBool::new(false);
    let (output, seconds, peak_bytes) = thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut peak = None;
            while !ended.load(Ordering::Relaxed) {
                // The mark only rises, and is gone when the process has ended.
                peak = high_water_mark(process).or(peak);
                thread::sleep(SAMPLING_INTERVAL);
            }
            peak
        });
        let output = child.wait_with_output();
        let seconds = start.elapsed().as_secs_f64();
        ended.store(true, Ordering::Relaxed);
        (output, seconds, watcher.join())
    });
    let output = output?;
    ensure!(
        output.status.success(),
        "{command:?} failed with {}",
        output.status
    );
    Ok(Run {
        output: String::from_utf8(output.stdout)?,
        seconds,
        peak_bytes: peak_bytes.map_err(|_| anyhow!("the watcher of memory panicked"))?,
    })
}

/// Peak resident memory of a process so far.
fn high_water_mark(process: u32) -> Option<u64> {
    parse_high_water_mark(&fs::read_to_string(format!("/proc/{process}/status")).ok()?)
}

/// Bytes in the line `VmHWM:  1234 kB` of a process's status.
fn parse_high_water_mark(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::parse_high_water_mark;

    #[test]
    fn the_high_water_mark_is_read_in_kibibytes() {
        let status =
            "Name:\tlatentia\nVmPeak:\t  999999 kB\nVmHWM:\t   12345 kB\nVmRSS:\t  11 kB\n";
        assert_eq!(parse_high_water_mark(status), Some(12345 * 1024));
        for broken in ["", "Name:\ta", "VmHWM:\t12", "VmHWM:\tmany kB"] {
            assert_eq!(parse_high_water_mark(broken), None, "{broken}");
        }
    }
}
