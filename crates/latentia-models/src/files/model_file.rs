//! Models on disk: one safetensors file.
//!
//! Weights lie under plain names (`encoder.0.weight`, `decoder.0.bias`, …). Beside them may lie what others attach
//! (`symbols.step`, … of a compressor). The metadata key `latentia` holds the specification, the preprocessing and the provenance.

use std::fs;
use std::path::Path;

use latentia_nn::ParameterRole;
use serde::{Deserialize, Serialize};

use super::atomic::write_atomically;
use super::tensor_file::{FileFormat, OpenFile, StoredTensor, floats, read_floats};
use crate::{
    Autoencoder, Epoch, ModelError, ModelSpec, Scaling, StoppedBy, Training, TrainingSpec,
};

/// The format rises with the first change of `ModelSpec` after a release.
const MODEL: FileFormat = FileFormat {
    name: "model file",
    key: "latentia",
    format: 1,
    remedy: "restore it from a copy or train again",
};

/// What messages call a model that is in no file.
const IN_MEMORY: &str = "model in memory";

/// How a model came to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// The preset or the specification's file.
    pub preset: String,
    /// The data's name or path.
    pub data: String,
    /// SHA-256 of the training examples.
    pub fingerprint: String,
    /// Seed of initial values, order and noise.
    pub seed: u64,
    /// How it was trained.
    pub training: TrainingSpec,
    /// Why training ended.
    pub stopped_by: StoppedBy,
    /// Every epoch.
    pub history: Vec<Epoch>,
}

impl Provenance {
    /// What `training` did, on `data` with the given fingerprint, under the name `preset`.
    pub fn of(
        training: &Training<'_>,
        preset: &str,
        data: &str,
        fingerprint: String,
        stopped_by: StoppedBy,
    ) -> Self {
        Self {
            preset: preset.into(),
            data: data.into(),
            fingerprint,
            seed: training.seed,
            training: training.spec.clone(),
            stopped_by,
            history: training.state.history.clone(),
        }
    }
}

/// A model with its provenance, as a file holds them.
#[derive(Debug)]
pub struct ModelFile {
    /// The model.
    pub model: Autoencoder,
    /// How it came to be.
    pub provenance: Provenance,
    /// Tensors that are none of the model's, by name: what a compressor keeps with it. They are saved and loaded as they are.
    pub attachments: Vec<StoredTensor>,
    /// SHA-256 of all of this, in hexadecimal.
    pub digest: String,
}

#[derive(Serialize, Deserialize)]
struct Content {
    format: u32,
    shape: Vec<usize>,
    spec: ModelSpec,
    scaling: Scaling,
    provenance: Provenance,
}

impl ModelFile {
    /// Writes the file whole or not at all. No attachment may have the name of a parameter.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(
        model: &Autoencoder,
        provenance: &Provenance,
        attachments: &[StoredTensor],
        path: &Path,
    ) -> Result<(), ModelError> {
        let bytes = Self::encode(model, provenance, attachments, path)?;
        write_atomically(path, |writer| writer.write_all(&bytes))
    }

    /// The bytes that [`Self::save`] writes.
    ///
    /// # Errors
    /// When a number of the provenance is nothing that JSON can hold.
    pub fn to_bytes(
        model: &Autoencoder,
        provenance: &Provenance,
        attachments: &[StoredTensor],
    ) -> Result<Vec<u8>, ModelError> {
        Self::encode(model, provenance, attachments, Path::new(IN_MEMORY))
    }

    fn encode(
        model: &Autoencoder,
        provenance: &Provenance,
        attachments: &[StoredTensor],
        path: &Path,
    ) -> Result<Vec<u8>, ModelError> {
        let content = Content {
            format: MODEL.format,
            shape: model.shape.clone(),
            spec: model.spec.clone(),
            scaling: model.scaling().clone(),
            provenance: provenance.clone(),
        };
        let weights = model
            .parameter_names()
            .into_iter()
            .zip(model.chain.parameters());
        let weights = weights.map(|(name, parameter)| {
            let (rows, cols) = (parameter.value.rows(), parameter.value.cols());
            // A bias is a vector to everyone else.
            let shape = match parameter.role == ParameterRole::Bias {
                true => vec![cols],
                false => vec![rows, cols],
            };
            floats(name, shape, parameter.value.as_slice())
        });
        let tensors: Vec<StoredTensor> = weights.chain(attachments.iter().cloned()).collect();
        MODEL.encode(path, &content, &tensors)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, is no model of ours, comes from a newer version, or has changed since it was written.
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        let bytes = fs::read(path).map_err(|source| ModelError::Read {
            path: path.to_path_buf(),
            source,
        })?;
        Self::decode(&bytes, path)
    }

    /// As [`Self::load`], from the bytes of a file.
    ///
    /// # Errors
    /// When they are no model of ours, come from a newer version, or have changed since they were written.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        Self::decode(bytes, Path::new(IN_MEMORY))
    }

    fn decode(bytes: &[u8], path: &Path) -> Result<Self, ModelError> {
        let damaged = |what: &str| MODEL.damaged(path, what);
        let OpenFile {
            content,
            tensors,
            digest,
        } = MODEL.open::<Content>(path, bytes)?;
        let mut model = content.spec.build(&content.shape, 0)?;
        if !content.scaling.fits(model.width()) {
            return Err(damaged("the preprocessing constants do not fit the shape"));
        }
        model.scaling = content.scaling;
        let names = model.parameter_names();
        for (name, parameter) in names.iter().zip(model.chain.parameters_mut()) {
            if !read_floats(&tensors, name, parameter.value.as_mut_slice()) {
                return Err(damaged(&format!(
                    "`{name}` is missing or has the wrong size"
                )));
            }
        }
        let others = tensors
            .iter()
            .filter(|(name, _)| !names.iter().any(|own| own == name));
        let mut attachments: Vec<StoredTensor> = others.map(StoredTensor::from).collect();
        attachments.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(Self {
            model,
            provenance: content.provenance,
            attachments,
            digest,
        })
    }
}
