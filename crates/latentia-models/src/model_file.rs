//! Models on disk: one safetensors file.
//!
//! Weights lie under plain names (`encoder.0.weight`, `decoder.0.bias`, …). One metadata key, `latentia`, holds JSON: a
//! SHA-256, and the content that it covers together with all tensors. Beside the weights lie the [`Quantiser`]'s tables
//! (`symbols.step`, …).

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::{
    Autoencoder, Epoch, ModelError, ModelSpec, Quantiser, Scaling, StoppedBy, Symbols, Training,
    TrainingSpec, write_atomically,
};

/// Version of the format that this program writes, and the newest that it reads. It rises with the first change of
/// `ModelSpec` after a release.
const FORMAT: u32 = 1;

/// The metadata key.
const KEY: &str = "latentia";

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
struct Metadata {
    sha256: String,
    content: Box<RawValue>,
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
            format: FORMAT,
            shape: model.shape.clone(),
            spec: model.spec.clone(),
            scaling: model.scaling().clone(),
            provenance: provenance.clone(),
        };
        let invalid = |problem: String| ModelError::Format {
            path: path.to_path_buf(),
            problem,
        };
        let text = serde_json::to_string(&content).map_err(|e| invalid(e.to_string()))?;
        let weights = names(model).into_iter().zip(model.chain.parameters());
        let weights = weights.map(|(name, parameter)| {
            let (rows, cols) = (parameter.value.rows(), parameter.value.cols());
            let numbers = parameter.value.as_slice().iter();
            let bytes = numbers.flat_map(|x| x.to_le_bytes()).collect();
            // A bias is a vector to everyone else.
            let shape = match name.ends_with("bias") {
                true => vec![cols],
                false => vec![rows, cols],
            };
            (name, Dtype::F32, shape, bytes)
        });
        let tensors: Vec<Tensor> = weights
            .chain(quantiser.into_iter().flat_map(quantiser_tensors))
            .collect();
        let named = tensors
            .iter()
            .map(|(name, .., bytes)| (name.as_str(), bytes.as_slice()));
        let digest = digest(&text, named);
        let metadata = Metadata {
            sha256: digest,
            content: RawValue::from_string(text).map_err(|e| invalid(e.to_string()))?,
        };
        let metadata = serde_json::to_string(&metadata).map_err(|e| invalid(e.to_string()))?;
        let views: Result<Vec<_>, _> = tensors
            .iter()
            .map(|(name, kind, shape, bytes)| {
                Ok((name, TensorView::new(*kind, shape.clone(), bytes)?))
            })
            .collect();
        let bytes = views
            .and_then(|views| serialize(views, Some(HashMap::from([(KEY.to_string(), metadata)]))))
            .map_err(|e: safetensors::SafeTensorError| invalid(e.to_string()))?;
        write_atomically(path, |writer| writer.write_all(&bytes))
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, is no model of ours, comes from a newer version, or has changed since it was written.
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        let invalid = |problem: String| ModelError::Format {
            path: path.to_path_buf(),
            problem,
        };
        let bytes = fs::read(path).map_err(|source| ModelError::Read {
            path: path.to_path_buf(),
            source,
        })?;
        let (_, header) = SafeTensors::read_metadata(&bytes)
            .map_err(|e| invalid(format!("is no model file, or is cut short: {e}")))?;
        let tensors = SafeTensors::deserialize(&bytes)
            .map_err(|e| invalid(format!("is no model file, or is cut short: {e}")))?;
        let metadata = header.metadata().as_ref().and_then(|map| map.get(KEY));
        let metadata = metadata.ok_or_else(|| {
            invalid("is a safetensors file without the key `latentia`; it was not written by this program".into())
        })?;
        let damaged = |what: &str| {
            invalid(format!(
                "is damaged: {what}; restore it from a copy or train again"
            ))
        };
        let metadata: Metadata =
            serde_json::from_str(metadata).map_err(|e| damaged(&format!("metadata: {e}")))?;
        // Before anything else, so that a newer format is told apart from damage.
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let text = metadata.content.get();
        let Format { format } =
            serde_json::from_str(text).map_err(|e| damaged(&format!("metadata: {e}")))?;
        if format > FORMAT {
            return Err(invalid(format!(
                "has format {format}; this program reads up to {FORMAT}: use a newer latentia"
            )));
        }
        let named = tensors.iter().map(|(name, tensor)| (name, tensor.data()));
        if digest(text, named) != metadata.sha256 {
            return Err(damaged("its content does not match its SHA-256"));
        }
        let content: Content =
            serde_json::from_str(text).map_err(|e| damaged(&format!("metadata: {e}")))?;
        let mut model = content.spec.build(&content.shape, 0)?;
        if !content.scaling.fits(model.width()) {
            return Err(damaged("the preprocessing constants do not fit the shape"));
        }
        model.scaling = content.scaling;
        for (name, parameter) in names(&model).iter().zip(model.chain.parameters_mut()) {
            let tensor = tensors
                .tensor(name)
                .map_err(|_| damaged(&format!("`{name}` is missing")))?;
            let numbers = parameter.value.as_mut_slice();
            if tensor.dtype() != Dtype::F32 || tensor.data().len() != 4 * numbers.len() {
                return Err(damaged(&format!("`{name}` has the wrong size")));
            }
            for (number, bytes) in numbers.iter_mut().zip(tensor.data().as_chunks().0) {
                *number = f32::from_le_bytes(*bytes);
            }
        }
        let quantiser = quantiser_of(&tensors);
        if quantiser
            .as_ref()
            .is_some_and(|quantiser| !quantiser.fits(&model))
        {
            return Err(damaged("the symbols do not fit the code"));
        }
        Ok(Self {
            model,
            provenance: content.provenance,
            quantiser,
            digest: metadata.sha256,
        })
    }
}

/// Name, type, shape and bytes.
type Tensor = (String, Dtype, Vec<usize>, Vec<u8>);

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

/// Names of a model's parameters, in the chain's order: part, number of the layer in it, name in the layer.
fn names(model: &Autoencoder) -> Vec<String> {
    let mut names = Vec::new();
    for layer in 0..model.chain.layers().len() {
        let (part, number) = model.sections.place(layer);
        for parameter in &model.chain.parameters()[model.chain.owned(layer)] {
            names.push(format!("{part}.{number}.{}", parameter.name));
        }
    }
    names
}

/// SHA-256 of the content and the tensors, by name.
fn digest<'a>(content: &str, tensors: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut tensors: Vec<_> = tensors.collect();
    tensors.sort_unstable_by_key(|(name, _)| *name);
    let mut hash = Sha256::new();
    hash.update(content);
    for (name, bytes) in tensors {
        hash.update(name);
        hash.update(bytes);
    }
    hash.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
