//! What the folder of a sweep's run knows of it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use latentia_models::{Preset, write_atomically};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::run_folder::RunFolder;
use super::summary::Summary;
use crate::terminal::{counted, number};

/// A run: what it is of, and what it gave.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunRecord {
    /// All that the model's bits depend on, as JSON.
    pub plan: String,
    /// What it gave, once it is complete.
    pub result: Option<RunResult>,
}

/// What a complete run gave.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunResult {
    /// Loss over the training examples in the epoch whose weights the model has.
    pub train_loss: Option<f64>,
    /// Loss over the validation examples after it.
    pub validation_loss: Option<f64>,
    /// The measures of `evaluate`.
    pub evaluation: Map<String, Value>,
    /// Values that the model has learned.
    pub parameters: usize,
    /// Epochs that were run.
    pub epochs: usize,
    /// Seconds of training, by the wall clock; of a run that was stopped, those since.
    pub seconds: f64,
}

impl RunRecord {
    /// A run that has given nothing yet, of `preset` under its `name`, on data with the fingerprint `all_data`.
    ///
    /// # Errors
    /// Never for plain data.
    pub fn planned(
        (name, preset): (&str, &Preset),
        (data, all_data): (&str, &str),
        seed: u64,
    ) -> anyhow::Result<Self> {
        let plan = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "preset": name,
            "data": [data, all_data],
            "seed": seed,
            "model": preset.model,
            "training": preset.training,
            "detection": preset.detection,
        });
        let plan = serde_json::to_string(&plan)?;
        Ok(Self { plan, result: None })
    }

    /// The record of the run in `folder`, where there is one.
    ///
    /// # Errors
    /// When it cannot be read, or is none.
    pub fn read(folder: &RunFolder) -> anyhow::Result<Option<Self>> {
        let path = path(folder);
        if !path.exists() {
            return Ok(None);
        }
        let shown = path.display();
        let text = fs::read(&path).with_context(|| format!("cannot read `{shown}`"))?;
        let record = serde_json::from_slice(&text);
        Ok(Some(record.with_context(|| {
            format!("`{shown}` is no record of a run; --force replaces it")
        })?))
    }

    /// Writes the record into `folder`, which is made where it is not there.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, folder: &RunFolder) -> anyhow::Result<()> {
        let own = folder.path();
        fs::create_dir_all(own).with_context(|| format!("cannot create `{}`", own.display()))?;
        let text = serde_json::to_string_pretty(self)?;
        write_atomically(&path(folder), |out| writeln!(out, "{text}"))?;
        Ok(())
    }

    /// Refuses a folder with another run than this one.
    ///
    /// # Errors
    /// Says what is other.
    pub fn check_same(&self, other: &Self, folder: &Path) -> anyhow::Result<()> {
        if self.plan == other.plan {
            return Ok(());
        }
        let read = |plan| serde_json::from_str::<Map<String, Value>>(plan).unwrap_or_default();
        let (own, other) = (read(&self.plan), read(&other.plan));
        let mut differing = own.keys().filter(|key| other.get(*key) != own.get(*key));
        let (folder, instead) = (
            folder.display(),
            "--force replaces it, --out DIR writes elsewhere",
        );
        match differing.next().map(String::as_str) {
            Some("version") => {
                let seen = other.get("version").and_then(Value::as_str).unwrap_or("?");
                bail!(
                    "`{folder}` holds a run of version {seen}, this is {}; {instead}",
                    env!("CARGO_PKG_VERSION")
                )
            }
            what => {
                let what = what.unwrap_or("plan");
                bail!(
                    "`{folder}` holds another run: its `{what}` is not the one asked for; {instead}"
                )
            }
        }
    }
}

impl RunResult {
    /// What `summary` tells of a complete run.
    ///
    /// # Errors
    /// Never for plain data.
    pub fn of(summary: &Summary<'_>) -> anyhow::Result<Self> {
        let shown = summary.provenance.weights_epoch(summary.model);
        Ok(Self {
            train_loss: shown.map(|epoch| epoch.train_loss),
            validation_loss: shown.and_then(|epoch| epoch.validation_loss),
            evaluation: serde_json::from_value(serde_json::to_value(summary.evaluation)?)?,
            parameters: summary.model.chain().parameter_count(),
            epochs: summary.provenance.history.len(),
            seconds: summary.progress.seconds.iter().sum(),
        })
    }

    /// The loss, and how long it took.
    pub fn in_words(&self) -> String {
        let (name, loss) = match self.validation_loss {
            Some(loss) => ("validation", Some(loss)),
            None => ("loss", self.train_loss),
        };
        let loss = loss.map_or_else(String::new, |loss| format!("{name} {}, ", number(loss)));
        format!(
            "{loss}{} in {:.1} s",
            counted(self.epochs, "epoch"),
            self.seconds
        )
    }

    /// A measure by its name, less where it is better: with a minus before it, one that is to be great.
    pub fn measure(&self, name: &str) -> Option<f64> {
        let (sign, key) = match name.strip_prefix('-') {
            Some(key) => (-1.0, key),
            None => (1.0, name),
        };
        let value = match key {
            "train_loss" => self.train_loss,
            "validation_loss" => self.validation_loss,
            _ => self.evaluation.get(key).and_then(Value::as_f64),
        };
        value.map(|value| sign * value)
    }

    /// Names of all measures.
    pub fn measures(&self) -> Vec<&str> {
        let numbers = self.evaluation.iter().filter(|(_, value)| value.is_f64());
        let losses = ["validation_loss", "train_loss"].into_iter();
        losses
            .chain(numbers.map(|(name, _)| name.as_str()))
            .collect()
    }
}

fn path(folder: &RunFolder) -> PathBuf {
    folder.path().join("run.json")
}
