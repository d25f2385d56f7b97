//! A run on disk, to go on with exactly.
//!
//! A safetensors file: the weights under the names of model files, once for each set (`model.encoder.0.weight`, and so on for
//! the optimiser's moments, the best epoch and the beginning); what else the run remembers as a [`RunRecord`] in the tensor `run`;
//! and whose run it is in the metadata key `latentia-checkpoint`.

use std::fmt::Display;
use std::fs;
use std::path::Path;

use latentia_nn::{Adversary, AdversaryStep};
use latentia_tensor::Matrix;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::run_record::RunRecord;
use super::tensor_file::{FileFormat, OpenFile, floats, invalid, read_floats};
use crate::autoencoder::Description;
use crate::{BoxError, Epoch, ModelError, Training, TrainingSpec};

/// The format rises with every change of what a run has to remember.
const CHECKPOINT: FileFormat = FileFormat {
    name: "checkpoint",
    key: "latentia-checkpoint",
    format: 2,
    damage: |path, problem| ModelError::DamagedCheckpoint { path, problem },
};

/// What must be the same in the run that resumes another, beside the training examples.
#[derive(Serialize)]
struct Identity<'a> {
    model: ModelIdentity<'a>,
    shape: &'a [usize],
    training: &'a TrainingSpec,
    seed: u64,
}

/// What a model is made of; the names of its layers, where nothing describes it.
#[derive(Serialize)]
#[serde(untagged)]
enum ModelIdentity<'a> {
    Described(&'a Description),
    Layers(Vec<String>),
}

#[derive(Serialize, Deserialize)]
struct Content {
    format: u32,
    /// An [`Identity`], as JSON: bincode has no options that are left out, which specifications are full of.
    identity: Box<RawValue>,
    /// The training data's.
    fingerprint: String,
}

impl Training<'_> {
    /// What a run is beside its examples, as JSON: model, specification and seed.
    ///
    /// # Errors
    /// When a part of it is no JSON.
    pub fn identity(&self) -> Result<String, BoxError> {
        Ok(self.as_json()?.get().into())
    }

    fn as_json(&self) -> Result<Box<RawValue>, serde_json::Error> {
        let model = match &self.model.description {
            Some(description) => ModelIdentity::Described(description),
            None => {
                let layers = self.model.chain.layers().iter();
                ModelIdentity::Layers(layers.map(|layer| layer.name()).collect())
            }
        };
        serde_json::value::to_raw_value(&Identity {
            model,
            shape: &self.model.shape,
            training: &self.spec,
            seed: self.seed,
        })
    }

    /// All that learns, by its name: the model's parameters, and behind them those of a discriminator.
    fn learned(&self) -> Vec<(String, &Matrix)> {
        let discriminator = self.step.objective().adversary.as_ref();
        let discriminator = discriminator.map(Adversary::chain);
        let of_layers = discriminator.into_iter().flat_map(|chain| {
            (0..chain.layers().len()).flat_map(|layer| {
                let parameters = chain.parameters_of(layer).iter();
                parameters.map(move |p| (format!("discriminator.{layer}.{}", p.name), &p.value))
            })
        });
        let values = self.model.chain.parameters().iter().map(|p| &p.value);
        let own = self.model.parameter_names().into_iter().zip(values);
        own.chain(of_layers).collect()
    }

    /// Writes all that is needed to go on exactly, whole or not at all. `fingerprint` names the training examples.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save_checkpoint(&self, path: &Path, fingerprint: &str) -> Result<(), ModelError> {
        let content = Content {
            format: CHECKPOINT.format,
            identity: self.as_json().map_err(|e| invalid(path, e.to_string()))?,
            fingerprint: fingerprint.into(),
        };
        let record = RunRecord {
            steps: self.step.steps(),
            updates: self.step.updates(),
            state: self.state.clone(),
        };
        let record = record.to_tensor();
        let learned = self.learned();
        let mut tensors = vec![record.map_err(|e| invalid(path, e.to_string()))?];
        let mut keep = |set: &str, values: &mut dyn Iterator<Item = &Matrix>| {
            for ((name, _), value) in learned.iter().zip(values) {
                let shape = vec![value.rows(), value.cols()];
                tensors.push(floats(format!("{set}.{name}"), shape, value.as_slice()));
            }
        };
        keep("model", &mut learned.iter().map(|(_, value)| *value));
        let others = self
            .adversary
            .as_ref()
            .map_or(&[][..], AdversaryStep::moments);
        let moments = || self.step.moments().iter().chain(others);
        keep("first-moment", &mut moments().map(|m| &m.first));
        keep("second-moment", &mut moments().map(|m| &m.second));
        keep("best", &mut self.best.iter().flatten());
        keep("initial", &mut self.initial.iter().flatten());
        CHECKPOINT.write(path, &content, &tensors)
    }

    /// Goes on where a checkpoint left off; the next [`Self::run`] ends in the same bytes as a run that never stopped. The run may have
    /// more epochs than the checkpoint's where its schedule would have had the same learning rates so far.
    ///
    /// # Errors
    /// When the file is damaged, of a newer format, or belongs to another model, training, seed or data; the run is then
    /// unchanged.
    pub fn resume(&mut self, path: &Path, fingerprint: &str) -> Result<(), ModelError> {
        let bytes = fs::read(path).map_err(|source| ModelError::Read {
            path: path.to_path_buf(),
            source,
        })?;
        let OpenFile {
            content, tensors, ..
        } = CHECKPOINT.open::<Box<RawValue>>(path, &bytes)?;
        let damaged = |what: &str| CHECKPOINT.damaged(path, what);
        let unreadable = |e: serde_json::Error| damaged(&format!("metadata: {e}"));
        let Content {
            format,
            identity: was,
            fingerprint: theirs,
        } = serde_json::from_str(content.get()).map_err(unreadable)?;
        if theirs != fingerprint {
            let path = path.to_path_buf();
            return Err(ModelError::OtherData { path });
        }
        let record = RunRecord::read(&content, format, &tensors).map_err(|what| damaged(&what))?;
        self.check_identity(path, &was, &record.state.history)?;

        let learned = self.learned();
        let own = self.model.chain.parameters().len();
        let weights = |set: &str, count: usize| {
            let values = learned[..count].iter().map(|(name, was)| {
                let mut value = Matrix::zeros(was.rows(), was.cols());
                let name = format!("{set}.{name}");
                match read_floats(&tensors, &name, value.as_mut_slice()) {
                    true => Ok(value),
                    false => Err(damaged(&format!(
                        "`{name}` is missing or has the wrong size"
                    ))),
                }
            });
            values.collect::<Result<Vec<_>, _>>()
        };
        // All of a set is there, or nothing.
        let set = |set: &str| {
            let has = learned.first();
            let has = has.map(|(name, _)| tensors.tensor(&format!("{set}.{name}")));
            let is_there = matches!(has, Some(Ok(_)));
            is_there.then(|| weights(set, own)).transpose()
        };
        let all = learned.len();
        let mut values = weights("model", all)?.into_iter();
        let (first, second) = (
            weights("first-moment", all)?,
            weights("second-moment", all)?,
        );
        let mut moments = first.into_iter().zip(second);
        let (best, initial) = (set("best")?, set("initial")?);
        (self.best, self.initial) = (best, initial);
        for (parameter, value) in self
            .model
            .chain
            .parameters_mut()
            .iter_mut()
            .zip(&mut values)
        {
            parameter.value = value;
        }
        let own_moments = moments.by_ref().take(own);
        self.step.resume(record.steps, record.updates, own_moments);
        if let Some(adversary) = &mut self.adversary {
            adversary.resume(&mut self.step, values, moments);
        }
        self.set_state(record.state);
        Ok(())
    }

    /// Refuses a run that `was` identifies, if it is another than this one, but for more epochs at the rates of those of `history`.
    fn check_identity(
        &self,
        path: &Path,
        was: &RawValue,
        history: &[Epoch],
    ) -> Result<(), ModelError> {
        let identity = self.as_json().map_err(|e| invalid(path, e.to_string()))?;
        let parse = |text: &RawValue| serde_json::from_str(text.get());
        let (mut was, is): (Value, Value) = parse(was)
            .and_then(|was| Ok((was, parse(&identity)?)))
            .map_err(|e| CHECKPOINT.damaged(path, &format!("metadata: {e}")))?;
        let epochs = was["training"]["epochs"].as_u64().unwrap_or(u64::MAX);
        let is_longer = u64::from(self.spec.epochs) > epochs;
        let same_rates = self.had_rates_of(epochs as u32, history);
        if is_longer && same_rates {
            for key in ["epochs", "steps"] {
                was["training"][key] = is["training"][key].clone();
            }
        }
        let Some(mut difference) = difference("", &was, &is) else {
            return Ok(());
        };
        if is_longer && !same_rates {
            difference.push_str(", and its learning rates follow from that");
        }
        let path = path.to_path_buf();
        Err(ModelError::OtherRun { path, difference })
    }
}

/// The first thing in which two identities differ, by its key.
fn difference(key: &str, was: &Value, is: &Value) -> Option<String> {
    if was == is {
        return None;
    }
    let child = |name: &dyn Display| match key {
        "" => name.to_string(),
        _ => format!("{key}.{name}"),
    };
    match (was, is) {
        (Value::Object(a), Value::Object(b)) => {
            let side = |map: &Map<String, Value>, name| map.get(name).cloned().unwrap_or_default();
            let mut names = a.keys().chain(b.keys());
            names.find_map(|name| difference(&child(name), &side(a, name), &side(b, name)))
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let mut pairs = a.iter().zip(b).enumerate();
            pairs.find_map(|(i, (a, b))| difference(&child(&i), a, b))
        }
        _ => {
            let [was, is] = [was, is].map(|value| match value {
                Value::Null => "absent".into(),
                Value::Array(list) => format!("a list of {}", list.len()),
                value => value.to_string(),
            });
            Some(format!("its `{key}` is {was}, here it is {is}"))
        }
    }
}
