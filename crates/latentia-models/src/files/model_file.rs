//! Models on disk: one safetensors file.
//!
//! Weights lie under plain names (`encoder.0.weight`, `decoder.0.bias`, …). Beside them may lie what others attach
//! (`symbols.step`, … of a compressor). The metadata key `latentia` holds the specification, the preprocessing and the provenance.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use latentia_nn::ParameterRole;
use latentia_tensor::{Axes, Column, ColumnKind, ExampleShape, Preparation, Schema, Windows};
use serde::{Deserialize, Serialize};

#[cfg(feature = "train")]
use super::atomic::write_atomically;
use super::registry::Registry;
use super::tensor_file::{FileFormat, OpenFile, floats, invalid, read_floats};
use crate::autoencoder::Foreign;
use crate::{Autoencoder, ModelError, ModelSpec, Provenance, Scaling, StoredTensor};

/// The format rises with the first change of `ModelSpec` after a release.
const MODEL: FileFormat = FileFormat {
    name: "model file",
    key: "latentia",
    format: 1,
    damage: |path, problem| ModelError::Format {
        path,
        problem: format!("{problem}; restore it from a copy or train again"),
    },
};

/// What messages call a model that is in no file.
const IN_MEMORY: &str = "model in memory";

/// A model with its provenance, as a file holds them.
///
/// ```
/// use latentia_models::{ModelFile, ModelSpec, TrainingSpec};
/// use latentia_tensor::Matrix;
///
/// let spec: ModelSpec = toml::from_str(r#"
///     likelihood = "mse"
///     encoder = [{ layer = "dense", units = 1 }]
///     decoder = [{ layer = "dense" }]
/// "#)?;
/// let mut model = spec.build(&[2], 42)?;
/// let line = (0..50).flat_map(|i| [i as f32 / 50.0, 1.0 - i as f32 / 25.0]).collect();
/// let points = Matrix::from_vec(50, 2, line);
/// let fitted = model.fit(&points, &TrainingSpec { epochs: 2, ..TrainingSpec::default() }, 42)?;
///
/// // To a file by `save` and `load`.
/// let provenance = fitted.provenance("a line", "points", "");
/// let bytes = ModelFile::to_bytes(&model, &provenance, &[])?;
/// let file = ModelFile::from_bytes(&bytes)?;
/// assert_eq!(file.model.encode(&points)?, model.encode(&points)?);
/// assert_eq!(file.provenance.training.epochs, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
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
    /// What the dimensions are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    axes: Option<Axes>,
    /// What the columns of a table are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    schema: Option<Schema>,
    /// How pictures were made examples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    preparation: Option<Preparation>,
    /// How a series was cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    windows: Option<Windows>,
    /// The columns' names alone, all numbers: what files had before.
    #[serde(default, skip_serializing)]
    columns: Option<Vec<String>>,
    /// A file has this or `foreign`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    spec: Option<ModelSpec>,
    /// Of a model with parts of someone's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    foreign: Option<Foreign>,
    scaling: Scaling,
    provenance: Provenance,
}

impl ModelFile {
    /// Writes the file whole or not at all. No attachment may have the name of a parameter.
    ///
    /// # Errors
    /// When it cannot be written, or the model has parts of one's own and is not [described](Autoencoder::described_as).
    #[cfg(feature = "train")]
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
    /// When a number of the provenance is nothing that JSON can hold, or the model is not described.
    pub fn to_bytes(
        model: &Autoencoder,
        provenance: &Provenance,
        attachments: &[StoredTensor],
    ) -> Result<Vec<u8>, ModelError> {
        Self::encode(model, provenance, attachments, Path::new(IN_MEMORY))
    }

    /// Writes the bytes of [`Self::to_bytes`].
    ///
    /// # Errors
    /// When they cannot be made or written.
    pub fn to_writer(
        model: &Autoencoder,
        provenance: &Provenance,
        attachments: &[StoredTensor],
        mut writer: impl Write,
    ) -> Result<(), ModelError> {
        let bytes = Self::to_bytes(model, provenance, attachments)?;
        let written = writer.write_all(&bytes).and_then(|()| writer.flush());
        written.map_err(|source| ModelError::Write {
            path: IN_MEMORY.into(),
            source,
        })
    }

    fn encode(
        model: &Autoencoder,
        provenance: &Provenance,
        attachments: &[StoredTensor],
        path: &Path,
    ) -> Result<Vec<u8>, ModelError> {
        if model.description.is_none() {
            return Err(ModelError::Undescribed);
        }
        let content = Content {
            format: MODEL.format,
            shape: model.shape.to_vec(),
            axes: Some(model.shape.axes()).filter(|&axes| axes != Axes::Elements),
            schema: model.schema.clone(),
            preparation: model.preparation,
            windows: model.windows.clone(),
            columns: None,
            spec: model.spec().cloned(),
            foreign: model.foreign().cloned(),
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
    /// When it cannot be read, is no model of ours, comes from a newer version, has changed since it was written, or has parts of
    /// someone's own.
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        Self::load_with(path, &Registry::new())
    }

    /// Reads a file of a model that may have parts of one's own, which `registry` knows how to build.
    ///
    /// # Errors
    /// As [`Self::load`], and when `registry` does not know the parts, or what it builds has other parameters than the file.
    pub fn load_with(path: &Path, registry: &Registry) -> Result<Self, ModelError> {
        let bytes = fs::read(path).map_err(|source| ModelError::Read {
            path: path.to_path_buf(),
            source,
        })?;
        Self::decode(&bytes, path, registry)
    }

    /// As [`Self::load`], from the bytes of a file.
    ///
    /// # Errors
    /// When they are no model of ours, come from a newer version, or have changed since they were written.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        Self::from_bytes_with(bytes, &Registry::new())
    }

    /// As [`Self::load_with`], from the bytes of a file.
    ///
    /// # Errors
    /// As there, but for reading.
    pub fn from_bytes_with(bytes: &[u8], registry: &Registry) -> Result<Self, ModelError> {
        Self::decode(bytes, Path::new(IN_MEMORY), registry)
    }

    /// As [`Self::from_bytes`], from all that `reader` gives.
    ///
    /// ```
    /// use latentia_models::{ModelFile, ModelSpec, TrainingSpec};
    /// use latentia_tensor::Matrix;
    ///
    /// let spec: ModelSpec = toml::from_str(r#"
    ///     likelihood = "mse"
    ///     encoder = [{ layer = "dense", units = 1 }]
    ///     decoder = [{ layer = "dense" }]
    /// "#)?;
    /// let (mut model, examples) = (spec.build(&[3], 42)?, Matrix::zeros(8, 3));
    /// let fitted = model.fit(&examples, &TrainingSpec { epochs: 1, ..TrainingSpec::default() }, 42)?;
    /// let provenance = fitted.provenance("my own", "zeros", "");
    ///
    /// // A socket, an archive, a compressor: whatever can be written and read.
    /// let mut archive = Vec::new();
    /// ModelFile::to_writer(&model, &provenance, &[], &mut archive)?;
    /// let loaded = ModelFile::from_reader(&archive[..])?.model;
    /// assert_eq!(loaded.encode(&examples)?, model.encode(&examples)?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Self::from_bytes`], and those of the reader.
    pub fn from_reader(mut reader: impl Read) -> Result<Self, ModelError> {
        let mut bytes = Vec::new();
        let read = reader.read_to_end(&mut bytes);
        read.map_err(|source| ModelError::Read {
            path: IN_MEMORY.into(),
            source,
        })?;
        Self::from_bytes(&bytes)
    }

    fn decode(bytes: &[u8], path: &Path, registry: &Registry) -> Result<Self, ModelError> {
        let damaged = |what: &str| MODEL.damaged(path, what);
        let OpenFile {
            content,
            tensors,
            digest,
        } = MODEL.open::<Content>(path, bytes)?;
        let schema = content.schema.or_else(|| content.columns.map(numbers));
        if let Some(schema) = &schema {
            let width = schema.learned().count();
            let elements = (content.shape.iter()).try_fold(1_usize, |n, &size| n.checked_mul(size));
            let fits = schema.check().map(|()| elements == Some(width));
            match fits {
                Ok(true) => {}
                Ok(false) => return Err(damaged("the columns do not fit the shape")),
                Err(problem) => return Err(damaged(&problem)),
            }
        }
        let axes = content.axes.unwrap_or_else(|| Axes::unsaid(&content.shape));
        let Some(shape) = ExampleShape::new(content.shape, axes) else {
            return Err(damaged("the axes do not fit the shape"));
        };
        let mut model = match (content.spec, content.foreign) {
            (Some(spec), None) => match &schema {
                Some(schema) => spec.build_table(schema, 0)?,
                None => spec.build(&shape, 0)?,
            },
            (None, Some(foreign)) => {
                let built = registry.build(&shape, &foreign);
                built.map_err(|problem| invalid(path, problem))?
            }
            _ => return Err(damaged("it needs one of `spec` and `foreign`")),
        };
        if !content.scaling.fits(model.width()) {
            return Err(damaged("the preprocessing constants do not fit the shape"));
        }
        model.schema = schema;
        model.preparation = content.preparation;
        model.set_windows(content.windows);
        model.scaling = content.scaling;
        model.is_fitted = content.provenance.warm_start || !content.provenance.history.is_empty();
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

/// Columns of numbers with these names.
fn numbers(names: Vec<String>) -> Schema {
    let columns = names.into_iter();
    let columns = columns.map(|name| Column::new(name, ColumnKind::Number));
    Schema {
        header: true,
        columns: columns.collect(),
        ..Schema::default()
    }
}
