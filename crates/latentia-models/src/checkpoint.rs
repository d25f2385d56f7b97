//! A run on disk, to go on with exactly.
//!
//! Layout: magic, format version, length of the body, SHA-256 of the body, body. Nothing is believed before the digest.

use std::fs;
use std::path::Path;

use bincode::config;
use latentia_tensor::Matrix;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Epoch, ModelError, Training, write_atomically};

const MAGIC: &[u8; 8] = b"LATCKPT\0";
const FORMAT: u32 = 1;
const HEADER: usize = 8 + 4 + 8 + 32;

/// The largest body that is read, in bytes: far beyond any model that fits a CPU's patience.
const MAX_BODY: usize = 1 << 36;

#[derive(Serialize, Deserialize)]
struct Body {
    /// What must be the same: specification, shape, training, seed, as JSON; then the data's fingerprint.
    identity: String,
    fingerprint: String,
    steps: u64,
    history: Vec<Epoch>,
    parameters: Vec<Vec<f32>>,
    moments: Vec<(Vec<f32>, Vec<f32>)>,
    best: Option<Vec<Vec<f32>>>,
}

impl Training<'_> {
    /// What a checkpoint must agree on with the run that resumes it.
    fn identity(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(&(&self.model.spec, &self.model.shape, &self.spec, self.seed))
    }

    /// Writes all that is needed to go on exactly, whole or not at all. `fingerprint` names the training examples.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save_checkpoint(&self, path: &Path, fingerprint: &str) -> Result<(), ModelError> {
        let numbers = |matrix: &Matrix| matrix.as_slice().to_vec();
        let invalid = |problem: String| ModelError::Format {
            path: path.to_path_buf(),
            problem,
        };
        let body = Body {
            identity: self.identity().map_err(|e| invalid(e.to_string()))?,
            fingerprint: fingerprint.to_string(),
            steps: self.step.steps(),
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
            best: self
                .best
                .as_ref()
                .map(|best| best.iter().map(numbers).collect()),
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
        let bytes = fs::read(path).map_err(|source| ModelError::File {
            path: path.to_path_buf(),
            source,
        })?;
        let body = checked_body(&bytes).map_err(|problem| invalid(&problem))?;
        let config = config::standard()
            .with_fixed_int_encoding()
            .with_limit::<MAX_BODY>();
        let (body, used): (Body, usize) = bincode::serde::decode_from_slice(body, config)
            .map_err(|error| invalid(&format!("is damaged: {error}")))?;
        if used != bytes.len() - HEADER {
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
            let difference = body
                .identity
                .lines()
                .zip(identity.lines())
                .find(|(was, is)| was != is);
            let difference = difference.map_or_else(String::new, |(was, is)| {
                format!(
                    ": it has `{}`, this run `{}`",
                    was.trim().trim_end_matches(','),
                    is.trim().trim_end_matches(',')
                )
            });
            return Err(invalid(&format!(
                "belongs to another run{difference}; --force begins anew"
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
        let (Some(parameters), Some(first), Some(second)) =
            (all(body.parameters), all(first), all(second))
        else {
            return Err(invalid("is damaged: its weights have the wrong size"));
        };
        self.best = body.best.and_then(all);
        for (parameter, value) in self.model.chain.parameters_mut().iter_mut().zip(parameters) {
            parameter.value = value;
        }
        self.step.resume(body.steps, first.into_iter().zip(second));
        self.history = body.history;
        Ok(())
    }
}

/// The body of a checkpoint whose header and digest are right.
fn checked_body(bytes: &[u8]) -> Result<&[u8], String> {
    let header = bytes.split_at_checked(HEADER);
    let Some((header, body)) = header.filter(|(header, _)| header.starts_with(MAGIC)) else {
        return Err("is no checkpoint of this program".into());
    };
    let format = u32::from_le_bytes([header[8], header[9], header[10], header[11]]);
    if format > FORMAT {
        return Err(format!(
            "has format {format}; this program reads up to {FORMAT}: use a newer latentia"
        ));
    }
    let mut length = [0; 8];
    length.copy_from_slice(&header[12..20]);
    if u64::from_le_bytes(length) != body.len() as u64 {
        return Err(format!(
            "is damaged: it should hold {} bytes after its header and holds {}",
            u64::from_le_bytes(length),
            body.len()
        ));
    }
    match Sha256::digest(body)[..] == header[20..] {
        true => Ok(body),
        false => Err("is damaged: its content does not match its SHA-256".into()),
    }
}
