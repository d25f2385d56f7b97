//! Models on disk: one safetensors file.
//!
//! Weights lie under plain names (`encoder.0.weight`, `decoder.0.bias`, …). Beside them lie the [`Quantiser`]'s tables
//! (`symbols.step`, …). The metadata key `latentia` holds the specification, the preprocessing and the provenance.

use std::fs;
use std::path::Path;

use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};

use super::tensor_file::{Kind, Opened, Tensor, floats, read_floats};
use crate::{
    Autoencoder, Epoch, ModelError, ModelSpec, Quantiser, Scaling, StoppedBy, Symbols, Training,
    TrainingSpec,
};

/// The format rises with the first change of `ModelSpec` after a release.
const MODEL: Kind = Kind {
    name: "model file",
    key: "latentia",
    format: 1,
    remedy: "restore it from a copy or train again",
};

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
            history: training.history.clone(),
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
    /// How its codes become symbols, where it was kept.
    pub quantiser: Option<Quantiser>,
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
    /// Writes the file whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(
        model: &Autoencoder,
        provenance: &Provenance,
        quantiser: Option<&Quantiser>,
        path: &Path,
    ) -> Result<(), ModelError> {
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
            let shape = match name.ends_with("bias") {
                true => vec![cols],
                false => vec![rows, cols],
            };
            floats(name, shape, parameter.value.as_slice())
        });
        let tensors: Vec<Tensor> = weights
            .chain(quantiser.into_iter().flat_map(quantiser_tensors))
            .collect();
        MODEL.write(path, &content, &tensors)
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
        let damaged = |what: &str| MODEL.damaged(path, what);
        let Opened {
            content,
            tensors,
            digest,
        } = MODEL.open::<Content>(path, &bytes)?;
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
        let is_kept = tensors
            .names()
            .iter()
            .any(|name| name.starts_with("symbols."));
        let quantiser = quantiser_of(&tensors).filter(|quantiser| quantiser.fits(&model));
        if is_kept && quantiser.is_none() {
            return Err(damaged("the symbols do not fit the code"));
        }
        Ok(Self {
            model,
            provenance: content.provenance,
            quantiser,
            digest,
        })
    }
}

/// A quantiser as tensors: for each of its numbers the width of a cell, the first cell and how many there are; then all
/// their counts, one number's after the other.
fn quantiser_tensors(quantiser: &Quantiser) -> [Tensor; 4] {
    let symbols = &quantiser.symbols;
    fn tensor<const N: usize>(
        name: &str,
        kind: Dtype,
        numbers: impl Iterator<Item = [u8; N]>,
    ) -> Tensor {
        let bytes: Vec<u8> = numbers.flatten().collect();
        (
            format!("symbols.{name}"),
            kind,
            vec![bytes.len() / N],
            bytes,
        )
    }
    let counts = symbols.iter().flat_map(|s| &s.counts);
    [
        tensor(
            "step",
            Dtype::F32,
            symbols.iter().map(|s| s.step.to_le_bytes()),
        ),
        tensor(
            "first",
            Dtype::I32,
            symbols.iter().map(|s| s.first.to_le_bytes()),
        ),
        tensor(
            "size",
            Dtype::U32,
            symbols
                .iter()
                .map(|s| (s.counts.len() as u32).to_le_bytes()),
        ),
        tensor("counts", Dtype::U16, counts.map(|n| n.to_le_bytes())),
    ]
}

/// The quantiser in a file, if one was kept; nothing where its parts do not fit each other.
fn quantiser_of(tensors: &SafeTensors<'_>) -> Option<Quantiser> {
    fn numbers<'a, const N: usize>(
        tensors: &SafeTensors<'a>,
        name: &str,
        kind: Dtype,
    ) -> Option<&'a [[u8; N]]> {
        let tensor = tensors.tensor(&format!("symbols.{name}")).ok()?;
        let (numbers, rest) = tensor.data().as_chunks();
        (tensor.dtype() == kind && rest.is_empty()).then_some(numbers)
    }
    let steps = numbers(tensors, "step", Dtype::F32)?;
    let first = numbers(tensors, "first", Dtype::I32)?;
    let sizes = numbers(tensors, "size", Dtype::U32)?;
    let mut counts = numbers(tensors, "counts", Dtype::U16)?;
    let mut symbols = Vec::with_capacity(steps.len());
    for ((step, first), size) in steps.iter().zip(first).zip(sizes) {
        let (own, rest) = counts.split_at_checked(u32::from_le_bytes(*size) as usize)?;
        counts = rest;
        symbols.push(Symbols {
            step: f32::from_le_bytes(*step),
            first: i32::from_le_bytes(*first),
            counts: own.iter().map(|n| u16::from_le_bytes(*n)).collect(),
        });
    }
    Some(Quantiser { symbols })
}
