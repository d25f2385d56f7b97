//! What is measured of each epoch of a run: `metrics.jsonl`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use latentia_models::{Epoch, ModelError, Training, write_atomically};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What no history keeps of an epoch, for it does not repeat to the bit or is not part of the result.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EpochMeasures {
    /// Seconds of training, by the wall clock.
    seconds: f64,
    /// Norm of the gradient of the last batch.
    gradient_norm: Option<f64>,
    /// Binary cross-entropy of the discriminator, in nats, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    discriminator_loss: Option<f64>,
    /// The parts of the loss, where it has several: `train_likelihood` and each penalty.
    #[serde(flatten)]
    parts: BTreeMap<String, f64>,
}

impl EpochMeasures {
    /// Of the epoch that `training` has ended.
    pub fn of(training: &Training<'_>, epoch: &Epoch, seconds: f64) -> Self {
        let norm = training.gradient_norm();
        let penalties = training.penalties();
        let sum: f64 = penalties.iter().map(|(_, value)| value).sum();
        let likelihood = (!penalties.is_empty()).then_some(("likelihood", epoch.train_loss - sum));
        let parts = likelihood.into_iter().chain(penalties);
        Self {
            seconds,
            gradient_norm: norm.is_finite().then_some(norm),
            discriminator_loss: training.discriminator_loss(),
            parts: parts
                .map(|(name, value)| (format!("train_{}", name.replace('-', "_")), value))
                .collect(),
        }
    }

    /// All that is known of the epoch, under the tags of TensorBoard.
    pub fn tagged(&self, epoch: &Epoch) -> Vec<(String, f64)> {
        let numbers = [
            ("loss/training", Some(epoch.train_loss)),
            ("loss/validation", epoch.validation_loss),
            ("learning_rate", Some(epoch.learning_rate.into())),
            ("gradient_norm", self.gradient_norm),
            ("loss/discriminator", self.discriminator_loss),
            ("seconds", Some(self.seconds)),
        ];
        let there = numbers.into_iter();
        let there = there.filter_map(|(tag, number)| Some((tag.to_string(), number?)));
        let parts = self.parts.iter();
        let parts = parts.map(|(name, number)| (format!("parts/{name}"), *number));
        there.chain(parts).collect()
    }
}

/// What was measured in the epochs of a run, by their number.
#[derive(Debug, Default)]
pub struct Measured(BTreeMap<u32, EpochMeasures>);

/// A line of the file.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    epoch: &'a Epoch,
    #[serde(flatten)]
    measures: Option<&'a EpochMeasures>,
}

/// A line that is read.
#[derive(Deserialize)]
struct Told {
    #[serde(flatten)]
    epoch: Epoch,
    #[serde(flatten)]
    others: Value,
}

impl Measured {
    /// What the file `path` has of the epochs of `history`, from the first to one that is another there; nothing where there is no file.
    pub fn read(path: &Path, history: &[Epoch]) -> Self {
        let text = fs::read_to_string(path).unwrap_or_default();
        let told = text
            .lines()
            .map_while(|line| serde_json::from_str(line).ok());
        let pairs = history.iter().zip(told);
        let same = pairs.take_while(|(epoch, told): &(_, Told)| as_read(epoch) == Some(told.epoch));
        let measured = same.filter_map(|(epoch, told)| {
            let measures = serde_json::from_value(told.others).ok()?;
            Some((epoch.epoch, measures))
        });
        Self(measured.collect())
    }

    /// Keeps what was measured of epoch `epoch`, in place of what was before a rollback undid it.
    pub fn insert(&mut self, epoch: u32, measures: EpochMeasures) {
        self.0.insert(epoch, measures);
    }

    /// Writes all that is known of the epochs of `history`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path, history: &[Epoch]) -> Result<(), ModelError> {
        write_atomically(path, |out| {
            for epoch in history {
                let measures = self.0.get(&epoch.epoch);
                serde_json::to_writer(&mut *out, &Line { epoch, measures })?;
                out.write_all(b"\n")?;
            }
            Ok(())
        })
    }
}

/// An epoch as it is read from its own text: the last bit of some numbers is another then.
fn as_read(epoch: &Epoch) -> Option<Epoch> {
    serde_json::from_str(&serde_json::to_string(epoch).ok()?).ok()
}
