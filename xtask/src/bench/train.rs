//! `cargo xtask bench train`: the program's own speed, beside the peak of this machine.

use std::ffi::OsString;
use std::fs;

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use super::machine::{Machine, load_average};
use super::peak::Peak;
use super::workload::{Measurement, WORKLOADS, Workload};
use crate::program::Program;
use crate::statistics::{median, minimum};
use crate::workspace::root;

/// Epochs: one of warm-up, then one per measurement.
const EPOCHS: usize = 7;

/// The fewest: five measurements.
const FEWEST: usize = 6;

/// Examples that `sample` draws.
const SAMPLES: u64 = 60_000;

/// Trains the workloads, encodes and samples, and prints how fast.
pub fn run(arguments: &[OsString]) -> anyhow::Result<()> {
    let (json, epochs) = parse(arguments)?;
    let count = epochs - 1;
    let program = Program::build()?;
    let load_before = load_average();
    let mut peak = Peak::default();
    let mut trained = Vec::new();
    for workload in &WORKLOADS {
        peak.measure();
        trained.push(workload.measure(&program, None, count)?);
        if workload.preset == SCALED.preset {
            trained.push(SCALED.measure(&program, Some(1), count)?);
        }
    }
    peak.measure();
    let used = [encode(&program, count)?, sample(&program, count)?];
    peak.measure();
    let report = Report {
        machine: Machine::this(),
        load: [load_before, load_average()],
        peak,
        scaling: Scaling::of(&trained)?,
        trained,
        used,
    };
    match json {
        true => println!("{}", serde_json::to_string_pretty(&report.json())?),
        false => print!("{}", report.text()),
    }
    Ok(())
}

/// The workload that is also run on one thread.
const SCALED: Workload = WORKLOADS[0];

/// `[--json] [--epochs N]`
fn parse(arguments: &[OsString]) -> anyhow::Result<(bool, usize)> {
    let (mut json, mut epochs) = (false, EPOCHS);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--json") => json = true,
            Some("--epochs") => {
                let number = arguments.next().and_then(|number| number.to_str());
                epochs = number
                    .and_then(|number| number.parse().ok())
                    .context("--epochs takes a number")?;
            }
            _ => bail!("`bench train` takes [--json] [--epochs N], not {argument:?}"),
        }
    }
    ensure!(
        epochs >= FEWEST,
        "--epochs takes {FEWEST} at least: a warm-up and five to measure"
    );
    Ok((json, epochs))
}

/// Timings of a whole command that uses a model.
struct InferenceTiming {
    what: &'static str,
    examples: u64,
    seconds: Vec<f64>,
    peak_bytes: Option<u64>,
}

/// Encodes MNIST's training examples, from its files to a file.
fn encode(program: &Program, count: usize) -> anyhow::Result<InferenceTiming> {
    let model = WORKLOADS[0].model(None)?;
    let model = model.to_str().context("the workspace's path is text")?;
    let arguments = ["encode", model, "mnist:train"];
    // The training part of MNIST.
    use_model(program, "encode mnist", &arguments, 60_000, count)
}

/// Samples from the prior, to a file.
fn sample(program: &Program, count: usize) -> anyhow::Result<InferenceTiming> {
    let model = WORKLOADS[2].model(None)?;
    let model = model.to_str().context("the workspace's path is text")?;
    let number = SAMPLES.to_string();
    let arguments = ["sample", model, "-n", &number];
    use_model(program, "sample vae-20", &arguments, SAMPLES, count)
}

fn use_model(
    program: &Program,
    what: &'static str,
    arguments: &[&str],
    examples: u64,
    count: usize,
) -> anyhow::Result<InferenceTiming> {
    let output = root()?.join("target/bench/output.npy");
    let path = output.to_str().context("the workspace's path is text")?;
    let arguments = [arguments, &["-o", path]].concat();
    let runs = (0..=count).map(|_| program.run(&arguments));
    let runs = runs.collect::<anyhow::Result<Vec<_>>>()?;
    fs::remove_file(&output)?;
    Ok(InferenceTiming {
        what,
        examples,
        seconds: runs[1..].iter().map(|run| run.seconds).collect(),
        peak_bytes: runs.iter().filter_map(|run| run.peak_bytes).max(),
    })
}

/// Speed-up of all threads over one, on the same workload.
struct Scaling {
    threads: u64,
    by_median: f64,
    by_minimum: f64,
    models_equal: bool,
}

impl Scaling {
    fn of(trained: &[Measurement]) -> anyhow::Result<Self> {
        let [all, one, ..] = trained else {
            bail!("a work was not measured");
        };
        let model = |threads| anyhow::Ok(fs::read(SCALED.model(threads)?)?);
        Ok(Self {
            threads: all.threads,
            by_median: median(&one.seconds) / median(&all.seconds),
            by_minimum: minimum(&one.seconds) / minimum(&all.seconds),
            models_equal: model(None)? == model(Some(1))?,
        })
    }
}

struct Report {
    machine: Machine,
    load: [Option<f64>; 2],
    peak: Peak,
    trained: Vec<Measurement>,
    used: [InferenceTiming; 2],
    scaling: Scaling,
}

impl Report {
    fn peak_of(&self, measured: &Measurement) -> f64 {
        match measured.threads {
            1 => self.peak.one,
            _ => self.peak.all,
        }
    }

    fn json(&self) -> Value {
        let trained = self.trained.iter();
        let used = self.used.iter().map(|used| {
            json!({
                "work": used.what,
                "examples": used.examples,
                "seconds": used.seconds,
                "seconds_minimum": minimum(&used.seconds),
                "seconds_median": median(&used.seconds),
                "examples_per_second": used.examples as f64 / median(&used.seconds),
                "peak_resident_bytes": used.peak_bytes,
            })
        });
        json!({
            "machine": self.machine.json(),
            "load_average": { "before": self.load[0], "after": self.load[1] },
            "peak_gflops": { "one_thread": self.peak.one, "all_threads": self.peak.all },
            "works": trained.map(|m| m.json(self.peak_of(m))).collect::<Vec<_>>(),
            "whole_processes": used.collect::<Vec<_>>(),
            "threads": {
                "work": SCALED.preset,
                "threads": self.scaling.threads,
                "times_one_thread_by_median": self.scaling.by_median,
                "times_one_thread_by_minimum": self.scaling.by_minimum,
                "models_equal": self.scaling.models_equal,
            },
        })
    }

    fn text(&self) -> String {
        let line = |cells: [&str; 9]| {
            let [workload, layers, numbers @ ..] = cells;
            let numbers = numbers.map(|cell| format!("{cell:>11}")).concat();
            format!("{workload:<15}{layers:<24}{numbers}\n")
        };
        let mut text = line([
            "work",
            "layers",
            "threads",
            "minimum s",
            "median s",
            "examples/s",
            "GFLOP/s",
            "of peak",
            "memory MB",
        ]);
        for m in &self.trained {
            let workload = match m.epochs {
                1 => m.workload.preset.to_string(),
                epochs => format!("{} x{epochs}", m.workload.preset),
            };
            text += &line([
                &workload,
                &m.layers.to_string(),
                &m.threads.to_string(),
                &format!("{:.4}", minimum(&m.seconds)),
                &format!("{:.4}", median(&m.seconds)),
                &format!("{:.0}", m.examples_per_second()),
                &format!("{:.1}", m.gflops()),
                &format!("{:.1}%", 100.0 * m.gflops() / self.peak_of(m)),
                &megabytes(m.peak_bytes),
            ]);
        }
        for used in &self.used {
            text += &line([
                used.what,
                "whole process",
                &self.scaling.threads.to_string(),
                &format!("{:.4}", minimum(&used.seconds)),
                &format!("{:.4}", median(&used.seconds)),
                &format!("{:.0}", used.examples as f64 / median(&used.seconds)),
                "-",
                "-",
                &megabytes(used.peak_bytes),
            ]);
        }
        let Scaling {
            threads,
            by_median,
            by_minimum,
            models_equal,
        } = self.scaling;
        let load = self
            .load
            .map(|load| load.map_or("-".into(), |load| load.to_string()));
        text += &format!(
            "\nseconds an epoch, `x100` of 100 epochs; rates by the median; GFLOP/s of the dense layers' products alone\n\
             {}: {threads} threads {by_median:.2} times one thread by the median, {by_minimum:.2} by the minimum, the model files {}\n\
             peak: {:.0} GFLOP/s on one thread, {:.0} on all\n\
             machine: {}\n\
             load average: {} before, {} after\n",
            SCALED.preset,
            if models_equal { "equal" } else { "DIFFERENT" },
            self.peak.one,
            self.peak.all,
            self.machine.line(),
            load[0],
            load[1],
        );
        text
    }
}

/// Bytes in units of 10⁶.
fn megabytes(bytes: Option<u64>) -> String {
    bytes.map_or("-".into(), |bytes| format!("{:.0}", bytes as f64 / 1e6))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_checked() {
        let parse = |text: &str| {
            let arguments: Vec<OsString> = text.split_whitespace().map(OsString::from).collect();
            parse(&arguments).map_err(|error| error.to_string())
        };
        assert_eq!(parse(""), Ok((false, 7)));
        assert_eq!(parse("--epochs 9 --json"), Ok((true, 9)));
        for wrong in ["--epochs", "--epochs five", "--epochs 5", "mnist"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
