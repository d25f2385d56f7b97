//! The workloads that are measured: presets, trained by the program itself.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::layers::Layers;
use crate::program::Program;
use crate::statistics::{median, minimum};
use crate::workspace::root;

/// The workloads that are compared with the peers.
pub const WORKLOADS: [Workload; 4] = [
    Workload::epochs("mnist"),
    Workload::epochs("compression"),
    Workload::epochs("vae-20"),
    Workload::runs("tiny"),
];

/// Convolutional workloads, which only some of the peers implement.
pub const CONVOLUTIONS: [Workload; 2] = [Workload::epochs("conv"), Workload::epochs("conv-vae")];

/// A preset, and how it is measured.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// The preset.
    pub preset: &'static str,
    /// Whether a measurement is a run of all epochs of the preset, because one epoch is too short to measure.
    pub whole_runs: bool,
}

impl Workload {
    const fn epochs(preset: &'static str) -> Self {
        Self {
            preset,
            whole_runs: false,
        }
    }

    const fn runs(preset: &'static str) -> Self {
        Self {
            preset,
            whole_runs: true,
        }
    }

    /// Where a run writes its model; `None` means all threads.
    pub fn model(&self, threads: Option<usize>) -> anyhow::Result<PathBuf> {
        let threads = threads.map_or_else(String::new, |threads| format!("-threads-{threads}"));
        let folder = format!("target/bench/{}{threads}", self.preset);
        Ok(root()?.join(folder).join("model.safetensors"))
    }

    /// Trains for `count` measurements after one of warm-up.
    pub fn measure(
        &self,
        program: &Program,
        threads: Option<usize>,
        count: usize,
    ) -> anyhow::Result<Measurement> {
        let trainings = match self.whole_runs {
            true => (0..=count)
                .map(|_| self.train(program, threads, None))
                .collect::<anyhow::Result<Vec<_>>>()?,
            false => vec![self.train(program, threads, Some(1 + count))?],
        };
        let times: Vec<f64> = match self.whole_runs {
            true => trainings
                .iter()
                .map(|t| t.epoch_seconds.iter().sum())
                .collect(),
            false => trainings
                .iter()
                .flat_map(|t| t.epoch_seconds.clone())
                .collect(),
        };
        let last = trainings.last().context("one training at least")?;
        ensure!(
            times.len() == 1 + count,
            "`{}` stopped after {} epochs",
            self.preset,
            times.len()
        );
        Ok(Measurement {
            workload: *self,
            layers: Layers::read(&self.model(threads)?)?,
            threads: last.threads,
            epochs: if self.whole_runs {
                last.epoch_seconds.len()
            } else {
                1
            },
            examples: last.examples,
            seconds: times[1..].to_vec(),
            peak_bytes: trainings.iter().filter_map(|t| t.peak_bytes).max(),
            train_loss: last.train_loss,
        })
    }

    /// Trains once; `None` means the preset's number of epochs.
    pub fn train(
        &self,
        program: &Program,
        threads: Option<usize>,
        epochs: Option<usize>,
    ) -> anyhow::Result<TrainingRun> {
        let model = self.model(threads)?;
        let folder = model.parent().and_then(|folder| folder.to_str());
        let folder = folder.context("the workspace's path is text")?;
        let mut arguments = vec!["train", "--preset", self.preset, "--force", "--json"];
        arguments.extend(["--out", folder]);
        let epochs = epochs.map(|epochs| epochs.to_string());
        if let Some(epochs) = &epochs {
            arguments.extend(["--epochs", epochs]);
        }
        let threads = threads.map(|threads| threads.to_string());
        if let Some(threads) = &threads {
            arguments.extend(["--threads", threads]);
        }
        let run = program.run(&arguments)?;
        TrainingRun::parse(&serde_json::from_str(&run.output)?, run.peak_bytes)
    }
}

/// A training run, as `train --json` reports it.
#[derive(Debug)]
pub struct TrainingRun {
    /// Seconds of each epoch, without validation.
    pub epoch_seconds: Vec<f64>,
    /// Mean loss in the last epoch.
    pub train_loss: f64,
    examples: u64,
    threads: u64,
    /// Peak resident memory in bytes.
    pub peak_bytes: Option<u64>,
}

impl TrainingRun {
    fn parse(report: &Value, peak_bytes: Option<u64>) -> anyhow::Result<Self> {
        let missing = |key| format!("`train --json` gave no `{key}`");
        let number = |key| report[key].as_f64().with_context(|| missing(key));
        let epoch_seconds: Vec<f64> = serde_json::from_value(report["epoch_seconds"].clone())
            .with_context(|| missing("epoch_seconds"))?;
        // Examples a second are defined by the examples of an epoch and these seconds.
        let seconds: f64 = epoch_seconds.iter().sum();
        let examples = number("examples_per_second")? * seconds / epoch_seconds.len() as f64;
        Ok(Self {
            train_loss: number("train_loss")?,
            examples: examples.round() as u64,
            threads: report["threads"]
                .as_u64()
                .with_context(|| missing("threads"))?,
            epoch_seconds,
            peak_bytes,
        })
    }
}

/// Measurements of a workload.
#[derive(Debug)]
pub struct Measurement {
    /// What was measured.
    pub workload: Workload,
    /// The layers of the model.
    pub layers: Layers,
    /// Number of threads.
    pub threads: u64,
    /// Epochs per measurement.
    pub epochs: usize,
    /// Examples per epoch.
    pub examples: u64,
    /// Seconds of each measurement.
    pub seconds: Vec<f64>,
    /// Peak resident memory in bytes.
    pub peak_bytes: Option<u64>,
    /// Mean loss in the last epoch.
    pub train_loss: f64,
}

impl Measurement {
    /// Examples per second, by the median.
    pub fn examples_per_second(&self) -> f64 {
        self.epochs as f64 * self.examples as f64 / median(&self.seconds)
    }

    /// GFLOP/s of the dense layers' matrix products, by the median.
    pub fn gflops(&self) -> f64 {
        self.layers.training_flops() as f64 * self.examples_per_second() / 1e9
    }

    /// As a JSON object; `peak` is that of the same number of threads.
    pub fn json(&self, peak: f64) -> Value {
        json!({
            "work": self.workload.preset,
            "layers": self.layers.to_string(),
            "threads": self.threads,
            "epochs_per_measurement": self.epochs,
            "examples": self.examples,
            "seconds": self.seconds,
            "seconds_minimum": minimum(&self.seconds),
            "seconds_median": median(&self.seconds),
            "examples_per_second": self.examples_per_second(),
            "flops_per_example": self.layers.training_flops(),
            "gflops": self.gflops(),
            "fraction_of_peak": self.gflops() / peak,
            "peak_resident_bytes": self.peak_bytes,
            "train_loss": self.train_loss,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_come_from_their_rate() {
        let report = json!({
            "epoch_seconds": [0.5, 0.25],
            "examples_per_second": 2.0 * 60_000.0 / 0.75,
            "threads": 2,
            "train_loss": 0.1,
        });
        let trained = TrainingRun::parse(&report, None).expect("complete");
        assert_eq!(trained.examples, 60_000);
        let error = TrainingRun::parse(&json!({ "epoch_seconds": [1.0] }), None);
        assert!(format!("{error:?}").contains("examples_per_second"));
    }
}
