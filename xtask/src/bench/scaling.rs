//! `cargo xtask bench scaling`: how a training step would scale to more cores than there are.
//!
//! The tasks of a step are timed on one thread. A machine of `n` cores is simulated: a free core takes the next task of a loop, all
//! wait for the last one, and each loop costs what to begin and to end one costs here, times log₂ n, as threads hand it to others. What
//! stands between the loops has one core. A step is never faster than memory brings what it reads, at the rate of all cores here.

use std::ffi::OsString;
use std::process::Stdio;

use anyhow::{Context, bail, ensure};

use super::machine::{Machine, load_average};
use crate::workspace::command;

/// Presets that are measured where none is named.
const PRESETS: [&str; 5] = ["mnist", "compression", "vae-20", "conv", "conv-vae"];

/// Cores that are simulated.
const CORES: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];

/// Measures the presets in turn and prints a table of each.
pub fn run(arguments: &[OsString]) -> anyhow::Result<()> {
    let named = arguments.iter().map(|name| name.to_str());
    let named: Vec<&str> = named.collect::<Option<_>>().context("a preset's name")?;
    let presets = if named.is_empty() {
        &PRESETS
    } else {
        &named[..]
    };
    println!("{}", Machine::this().line());
    for preset in presets {
        let before = load_average();
        let step = measure(preset)?;
        let load = [before, load_average()].map(|load| load.unwrap_or(f64::NAN));
        print!(
            "\n{preset}, load average {} before, {} after\n{}",
            load[0],
            load[1],
            step.table()
        );
    }
    Ok(())
}

/// Runs the program that measures, which writes a line for each figure.
fn measure(preset: &str) -> anyhow::Result<StepTimes> {
    let output = command("run")?
        .args(["--quiet", "--release", "--package", "latentia-benches"])
        .args(["--features", "task-times", "--bin", "scaling", "--", preset])
        .stderr(Stdio::inherit())
        .output()
        .context("could not run cargo")?;
    ensure!(
        output.status.success(),
        "`{preset}` could not be measured: {}",
        output.status
    );
    StepTimes::parse(&String::from_utf8(output.stdout)?)
}

/// What was measured of a step. Times are in seconds.
#[derive(Debug, Default, PartialEq)]
struct StepTimes {
    /// Cores of this machine.
    threads: usize,
    /// A step on one thread.
    one: f64,
    /// A step on all.
    all: f64,
    /// The tasks of each parallel loop, in order, on one thread.
    loops: Vec<Vec<f64>>,
    /// To wake all threads for a loop, and to wait for them.
    wake: f64,
    /// Bytes a second from memory, for all cores together.
    bandwidth: f64,
    /// Bytes that a step brings from memory.
    bytes: f64,
}

impl StepTimes {
    fn parse(text: &str) -> anyhow::Result<Self> {
        let mut step = Self::default();
        for line in text.lines() {
            let (key, values) = line.split_once(' ').unwrap_or((line, ""));
            let values = values.split_whitespace().map(str::parse::<f64>);
            let values: Vec<f64> = values
                .collect::<Result<_, _>>()
                .with_context(|| format!("`{line}` has no numbers"))?;
            match (key, &values[..]) {
                ("threads", [threads]) => step.threads = *threads as usize,
                ("one", [one]) => step.one = *one,
                ("all", [all]) => step.all = *all,
                ("wake", [wake]) => step.wake = *wake,
                ("bandwidth", [bandwidth]) => step.bandwidth = *bandwidth,
                ("bytes", [bytes]) => step.bytes = *bytes,
                ("loop", _) => step.loops.push(values),
                _ => bail!("`{line}` is no measurement of a step"),
            }
        }
        ensure!(
            step.threads > 0 && step.one > 0.0,
            "the measurement is not complete"
        );
        Ok(step)
    }

    /// Seconds outside of the tasks.
    fn serial(&self) -> f64 {
        let tasks: f64 = self.loops.iter().flatten().sum();
        (self.one - tasks).max(0.0)
    }

    /// Seconds of a step on so many cores.
    fn makespan(&self, cores: usize) -> f64 {
        let wake = self.wake * (cores as f64).log2();
        let loops = self.loops.iter().filter(|tasks| !tasks.is_empty());
        let loops: f64 = loops.map(|tasks| list_schedule(tasks, cores) + wake).sum();
        (self.serial() + loops).max(self.bytes / self.bandwidth)
    }

    /// The longest task as a share of a step.
    fn longest(&self) -> f64 {
        let tasks = self.loops.iter().flatten();
        tasks.copied().fold(0.0, f64::max) / self.one
    }

    fn table(&self) -> String {
        let mut text = format!(
            "{} loops, {} tasks, the longest {:.1}% of a step; {:.1} µs between loops; {:.1} µs to wake {} threads; {:.1} GB/s of memory\n",
            self.loops.len(),
            self.loops.iter().map(Vec::len).sum::<usize>(),
            100.0 * self.longest(),
            1e6 * self.serial(),
            1e6 * self.wake,
            self.threads,
            self.bandwidth / 1e9,
        );
        text += &format!(
            "{:>5}{:>12}{:>12}{:>13}\n",
            "cores", "ms a step", "speed-up", "measured ms"
        );
        for cores in CORES {
            let seconds = self.makespan(cores);
            let measured = match cores {
                1 => Some(self.one),
                _ => (cores == self.threads).then_some(self.all),
            };
            let measured = measured.map_or(String::new(), |s| format!("{:>13.3}", 1e3 * s));
            text += &format!(
                "{cores:>5}{:>12.3}{:>12.2}{measured}\n",
                1e3 * seconds,
                self.one / seconds
            );
        }
        text
    }
}

/// Seconds until the last of `tasks` is done, where a free core takes the next one in order.
fn list_schedule(tasks: &[f64], cores: usize) -> f64 {
    let mut busy_until = vec![0.0f64; cores];
    for task in tasks {
        let first_free = busy_until.iter_mut().min_by(|a, b| a.total_cmp(b));
        if let Some(core) = first_free {
            *core += task;
        }
    }
    busy_until.into_iter().fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str =
        "threads 2\none 12\nall 7\nloop 4 4\nloop 1 1 1\nwake 0.5\nbandwidth 10\nbytes 20\n";

    #[test]
    fn a_free_core_takes_the_next_task() {
        assert_eq!(list_schedule(&[3.0, 1.0, 1.0, 1.0, 2.0], 2), 5.0);
        assert_eq!(list_schedule(&[3.0, 1.0, 1.0, 1.0, 2.0], 1), 8.0);
        assert_eq!(list_schedule(&[3.0, 1.0, 1.0, 1.0, 2.0], 8), 3.0);
    }

    #[test]
    fn loops_follow_each_other_and_wake_their_threads() {
        let step = StepTimes::parse(OUTPUT).expect("complete");
        assert_eq!(step.serial(), 1.0);
        assert_eq!(step.makespan(1), 12.0);
        // Two cores: 1 between loops, 4 and 2 in them, twice a half to wake.
        assert_eq!(step.makespan(2), 8.0);
        assert_eq!(step.longest(), 4.0 / 12.0);
    }

    #[test]
    fn no_step_is_faster_than_memory() {
        let slow = OUTPUT.replace("bandwidth 10", "bandwidth 1");
        let step = StepTimes::parse(&slow).expect("complete");
        assert_eq!(step.makespan(64), 20.0);
    }

    #[test]
    fn what_is_no_measurement_is_refused() {
        for text in ["", "threads 2", "one x", "two 3", "one 1 2"] {
            assert!(StepTimes::parse(text).is_err(), "{text}");
        }
    }
}
