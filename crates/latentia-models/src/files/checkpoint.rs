//! A run on disk, to go on with exactly.
//!
//! A safetensors file: the weights under the names of model files, once for each set (`model.encoder.0.weight`, and so on for
//! the optimiser's moments, the best epoch and the beginning); all numbers of the run in the metadata key
//! `latentia-checkpoint`.

use std::fmt::Display;
use std::fs;
use std::path::Path;

use latentia_tensor::Matrix;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::tensor_file::{Kind, Opened, StoredTensor, floats, invalid, read_floats};
use crate::training::RunState;
use crate::{ModelError, ModelSpec, Training, TrainingSpec};

/// The format rises with every change of what a run has to remember.
const CHECKPOINT: Kind = Kind {
    name: "checkpoint",
    key: "latentia-checkpoint",
    format: 1,
    remedy: "begin anew with --force",
};

/// What must be the same in the run that resumes another, beside the training examples.
#[derive(Serialize)]
struct Identity<'a> {
    model: &'a ModelSpec,
    shape: &'a [usize],
    training: &'a TrainingSpec,
    seed: u64,
}

#[derive(Serialize, Deserialize)]
struct Content {
    format: u32,
    /// An [`Identity`].
    identity: Box<RawValue>,
    /// The training data's.
    fingerprint: String,
    steps: u64,
    updates: u64,
    #[serde(flatten)]
    state: RunState,
    /// Whether there are weights of a best epoch, and those that the run began with.
    best: bool,
    initial: bool,
}

impl Training<'_> {
    fn identity(&self) -> Result<Box<RawValue>, serde_json::Error> {
        serde_json::value::to_raw_value(&Identity {
            model: &self.model.spec,
            shape: &self.model.shape,
            training: &self.spec,
            seed: self.seed,
        })
    }

    /// Writes all that is needed to go on exactly, whole or not at all. `fingerprint` names the training examples.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save_checkpoint(&self, path: &Path, fingerprint: &str) -> Result<(), ModelError> {
        let content = Content {
            format: CHECKPOINT.format,
            identity: self.identity().map_err(|e| invalid(path, e.to_string()))?,
            fingerprint: fingerprint.into(),
            steps: self.step.steps(),
            updates: self.step.updates(),
            state: self.state.clone(),
            best: self.best.is_some(),
            initial: self.initial.is_some(),
        };
        let names = self.model.parameter_names();
        let mut tensors: Vec<StoredTensor> = Vec::new();
        let mut keep = |set: &str, values: &mut dyn Iterator<Item = &Matrix>| {
            for (name, value) in names.iter().zip(values) {
                let shape = vec![value.rows(), value.cols()];
                tensors.push(floats(format!("{set}.{name}"), shape, value.as_slice()));
            }
        };
        keep(
            "model",
            &mut self.model.chain.parameters().iter().map(|p| &p.value),
        );
        keep(
            "first-moment",
            &mut self.step.moments().iter().map(|m| &m.first),
        );
        keep(
            "second-moment",
            &mut self.step.moments().iter().map(|m| &m.second),
        );
        keep("best", &mut self.best.iter().flatten());
        keep("initial", &mut self.initial.iter().flatten());
        CHECKPOINT.write(path, &content, &tensors)
    }

    /// Goes on where a checkpoint left off; the next [`Self::run`] ends in the same bytes as a run that never stopped.
    ///
    /// # Errors
    /// When the file is damaged, of a newer format, or belongs to another model, training, seed or data; the run is then
    /// unchanged.
    pub fn resume(&mut self, path: &Path, fingerprint: &str) -> Result<(), ModelError> {
        let bytes = fs::read(path).map_err(|source| ModelError::Read {
            path: path.to_path_buf(),
            source,
        })?;
        let Opened {
            content, tensors, ..
        } = CHECKPOINT.open::<Content>(path, &bytes)?;
        if content.fingerprint != fingerprint {
            return Err(invalid(
                path,
                "belongs to other training data; give the data it was trained on, or --force to begin anew".into(),
            ));
        }
        let identity = self.identity().map_err(|e| invalid(path, e.to_string()))?;
        let parse = |text: &RawValue| serde_json::from_str(text.get());
        let (was, is) = parse(&content.identity)
            .and_then(|was| Ok((was, parse(&identity)?)))
            .map_err(|e| CHECKPOINT.damaged(path, &format!("metadata: {e}")))?;
        if let Some(said) = difference("", &was, &is) {
            return Err(invalid(
                path,
                format!("belongs to another run: {said}; give the same, or --force to begin anew"),
            ));
        }

        let names = self.model.parameter_names();
        let weights = |set: &str| {
            let parameters = self.model.chain.parameters().iter();
            let values = names.iter().zip(parameters).map(|(name, parameter)| {
                let mut value = Matrix::zeros(parameter.value.rows(), parameter.value.cols());
                let name = format!("{set}.{name}");
                match read_floats(&tensors, &name, value.as_mut_slice()) {
                    true => Ok(value),
                    false => Err(CHECKPOINT
                        .damaged(path, &format!("`{name}` is missing or has the wrong size"))),
                }
            });
            values.collect::<Result<Vec<_>, _>>()
        };
        let values = weights("model")?;
        let (first, second) = (weights("first-moment")?, weights("second-moment")?);
        let best = content.best.then(|| weights("best")).transpose()?;
        let initial = content.initial.then(|| weights("initial")).transpose()?;
        (self.best, self.initial) = (best, initial);
        for (parameter, value) in self.model.chain.parameters_mut().iter_mut().zip(values) {
            parameter.value = value;
        }
        let moments = first.into_iter().zip(second);
        self.step.resume(content.steps, content.updates, moments);
        self.state = content.state;
        Ok(())
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
