//! A run on disk, to go on with exactly.
//!
//! Layout: magic, format version, length of the body, SHA-256 of the body, body. Nothing is believed before the digest.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use bincode::config;
use latentia_tensor::Matrix;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::gradients::GradientWatch;
use crate::training::Begun;
use crate::{Epoch, ModelError, ModelSpec, Training, TrainingSpec, write_atomically};

const MAGIC: &[u8; 8] = b"LATCKPT\0";
const FORMAT: u32 = 1;
const HEADER: usize = 8 + 4 + 8 + 32;

/// The largest body that is read, in bytes: far beyond any model that fits a CPU's patience.
const MAX_BODY: u64 = 1 << 36;

/// What must be the same in the run that resumes another, beside the training examples.
#[derive(Serialize)]
struct Identity<'a> {
    model: &'a ModelSpec,
    shape: &'a [usize],
    training: &'a TrainingSpec,
    seed: u64,
}

#[derive(Serialize, Deserialize)]
struct Body<'a> {
    /// An [`Identity`] as JSON; then the data's fingerprint. Borrowed, so that no length in a file sets memory aside.
    identity: &'a str,
    fingerprint: &'a str,
    steps: u64,
    updates: u64,
    setbacks: u32,
    begun: Begun,
    history: Vec<Epoch>,
    parameters: Vec<Vec<f32>>,
    moments: Vec<(Vec<f32>, Vec<f32>)>,
    best: Option<Vec<Vec<f32>>>,
    initial: Option<Vec<Vec<f32>>>,
    first_loss: Option<f64>,
    gradients: GradientWatch,
}

impl Training<'_> {
    fn identity(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&Identity {
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
        let numbers = |matrix: &Matrix| matrix.as_slice().to_vec();
        let all = |weights: &Option<Vec<Matrix>>| {
            let weights = weights.as_ref();
            weights.map(|weights| weights.iter().map(numbers).collect())
        };
        let invalid = |problem: String| ModelError::Format {
            path: path.to_path_buf(),
            problem,
        };
        let identity = self.identity().map_err(|e| invalid(e.to_string()))?;
        let body = Body {
            identity: &identity,
            fingerprint,
            steps: self.step.steps(),
            updates: self.step.updates(),
            setbacks: self.setbacks,
            begun: self.begun,
            history: self.history.clone(),
            parameters: self
                .model
                .chain
                .parameters()
                .iter()
                .map(|p| numbers(&p.value))
                .collect(),
            moments: self
                .step
                .moments()
                .iter()
                .map(|m| (numbers(&m.first), numbers(&m.second)))
                .collect(),
            best: all(&self.best),
            initial: all(&self.initial),
            first_loss: self.first_loss,
            gradients: self.gradients.clone(),
        };
        let config = config::standard().with_fixed_int_encoding();
        let body =
            bincode::serde::encode_to_vec(&body, config).map_err(|e| invalid(e.to_string()))?;
        write_atomically(path, |writer| {
            writer.write_all(MAGIC)?;
            writer.write_all(&FORMAT.to_le_bytes())?;
            writer.write_all(&(body.len() as u64).to_le_bytes())?;
            writer.write_all(&Sha256::digest(&body))?;
            writer.write_all(&body)
        })
    }

    /// Goes on where a checkpoint left off; the next [`Self::run`] ends in the same bytes as a run that never stopped.
    ///
    /// # Errors
    /// When the file is damaged, of a newer format, or belongs to another model, training, seed or data; the run is then
    /// unchanged.
    pub fn resume(&mut self, path: &Path, fingerprint: &str) -> Result<(), ModelError> {
        let invalid = |problem: &str| ModelError::Format {
            path: path.to_path_buf(),
            problem: problem.to_string(),
        };
        let read = |source| ModelError::Read {
            path: path.to_path_buf(),
            source,
        };
        let bytes = File::open(path)
            .and_then(checked_body)
            .map_err(read)?
            .map_err(|problem| invalid(&problem))?;
        let config = config::standard().with_fixed_int_encoding();
        let (body, used): (Body<'_>, usize) =
            bincode::serde::borrow_decode_from_slice(&bytes, config)
                .map_err(|error| invalid(&format!("is damaged: {error}")))?;
        if used != bytes.len() {
            return Err(invalid("is damaged: it goes on after its end"));
        }
        if body.fingerprint != fingerprint {
            return Err(invalid(
                "belongs to other training data; give the data it was trained on, or --force to begin anew",
            ));
        }
        let identity = self
            .identity()
            .map_err(|error| invalid(&error.to_string()))?;
        if body.identity != identity {
            let parsed = [body.identity, &identity].map(serde_json::from_str);
            let difference = match parsed {
                [Ok(was), Ok(is)] => difference("", &was, &is),
                _ => None,
            };
            let difference = difference.map_or_else(String::new, |said| format!(": {said}"));
            return Err(invalid(&format!(
                "belongs to another run{difference}; give the same, or --force to begin anew"
            )));
        }

        let like = |own: &Matrix, numbers: Vec<f32>| {
            (numbers.len() == own.as_slice().len())
                .then(|| Matrix::from_vec(own.rows(), own.cols(), numbers))
        };
        let own: Vec<&Matrix> = self
            .model
            .chain
            .parameters()
            .iter()
            .map(|p| &p.value)
            .collect();
        let all = |numbers: Vec<Vec<f32>>| -> Option<Vec<Matrix>> {
            (numbers.len() == own.len()).then_some(())?;
            own.iter()
                .zip(numbers)
                .map(|(own, numbers)| like(own, numbers))
                .collect()
        };
        let (first, second) = body.moments.into_iter().unzip();
        // What is absent is right too: a run may have no best epoch yet, or nothing from its beginning any more.
        let maybe =
            |numbers: Option<_>| numbers.map_or(Some(None), |numbers| all(numbers).map(Some));
        let (Some(parameters), Some(first), Some(second), Some(best), Some(initial)) = (
            all(body.parameters),
            all(first),
            all(second),
            maybe(body.best),
            maybe(body.initial),
        ) else {
            return Err(invalid("is damaged: its weights have the wrong size"));
        };
        (self.best, self.initial) = (best, initial);
        self.first_loss = body.first_loss;
        for (parameter, value) in self.model.chain.parameters_mut().iter_mut().zip(parameters) {
            parameter.value = value;
        }
        let moments = first.into_iter().zip(second);
        self.step.resume(body.steps, body.updates, moments);
        self.history = body.history;
        self.begun = body.begun;
        self.setbacks = body.setbacks;
        self.gradients = body.gradients;
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

/// The body of a checkpoint whose header and digest are right, or what is wrong with it.
fn checked_body(mut file: File) -> io::Result<Result<Vec<u8>, String>> {
    let mut header = Vec::with_capacity(HEADER);
    Read::by_ref(&mut file)
        .take(HEADER as u64)
        .read_to_end(&mut header)?;
    if header.len() < HEADER || !header.starts_with(MAGIC) {
        return Ok(Err("is no checkpoint of this program".into()));
    }
    let format = u32::from_le_bytes([header[8], header[9], header[10], header[11]]);
    if format != FORMAT {
        return Ok(Err(format!(
            "has format {format}, this program reads {FORMAT}: use the latentia that wrote it"
        )));
    }
    let mut length = [0; 8];
    length.copy_from_slice(&header[12..20]);
    let length = u64::from_le_bytes(length);
    // One byte more, to see whether the file goes on. Memory grows with what is there, not with what is promised.
    let mut body = Vec::new();
    file.take(length.min(MAX_BODY) + 1).read_to_end(&mut body)?;
    if body.len() as u64 != length {
        return Ok(Err(format!(
            "is damaged: it should hold {length} bytes after its header"
        )));
    }
    Ok(match Sha256::digest(&body)[..] == header[20..] {
        true => Ok(body),
        false => Err("is damaged: its content does not match its SHA-256".into()),
    })
}
