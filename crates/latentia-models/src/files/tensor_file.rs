//! Tensors and what is to be known of them, in one safetensors file that cannot change unseen.
//!
//! One metadata key holds JSON: a SHA-256, and the content that it covers together with all tensors. The content says the
//! version of its format.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensorError, SafeTensors, serialize};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

#[cfg(feature = "train")]
use crate::write_atomically;
use crate::{ModelError, StoredTensor};

/// A kind of file.
pub(crate) struct FileFormat {
    /// What people call it.
    pub(crate) name: &'static str,
    /// The metadata key.
    pub(crate) key: &'static str,
    /// Version of the format that is written, and the newest that is read.
    pub(crate) format: u32,
    /// The error that a file is not as it was written: its path, and what is wrong with it.
    pub(crate) damage: fn(PathBuf, String) -> ModelError,
}

/// A tensor of f32.
pub(crate) fn floats(name: String, shape: Vec<usize>, values: &[f32]) -> StoredTensor {
    StoredTensor {
        name,
        dtype: Dtype::F32,
        shape,
        bytes: values.iter().flat_map(|x| x.to_le_bytes()).collect(),
    }
}

/// Fills `values` with a tensor of as many f32; says whether there was one.
pub(crate) fn read_floats(tensors: &SafeTensors<'_>, name: &str, values: &mut [f32]) -> bool {
    let Ok(tensor) = tensors.tensor(name) else {
        return false;
    };
    if tensor.dtype() != Dtype::F32 || tensor.data().len() != 4 * values.len() {
        return false;
    }
    for (value, bytes) in values.iter_mut().zip(tensor.data().as_chunks().0) {
        *value = f32::from_le_bytes(*bytes);
    }
    true
}

/// What is in a file that is whole.
pub(crate) struct OpenFile<'a, C> {
    pub(crate) content: C,
    pub(crate) tensors: SafeTensors<'a>,
    pub(crate) digest: String,
}

#[derive(Serialize, Deserialize)]
struct Metadata {
    sha256: String,
    content: Box<RawValue>,
}

/// The part of a content that all formats have.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

impl FileFormat {
    /// Writes a file whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    #[cfg(feature = "train")]
    pub(crate) fn write(
        &self,
        path: &Path,
        content: &impl Serialize,
        tensors: &[StoredTensor],
    ) -> Result<(), ModelError> {
        let bytes = self.encode(path, content, tensors)?;
        write_atomically(path, |writer| writer.write_all(&bytes))
    }

    /// The bytes of a file, which `path` names in messages.
    ///
    /// # Errors
    /// When the content is nothing that JSON can hold.
    pub(crate) fn encode(
        &self,
        path: &Path,
        content: &impl Serialize,
        tensors: &[StoredTensor],
    ) -> Result<Vec<u8>, ModelError> {
        let text = serde_json::to_string(content).map_err(|e| invalid(path, e.to_string()))?;
        let parts = tensors
            .iter()
            .map(|t| (t.name.as_str(), t.dtype, &t.shape[..], &t.bytes[..]));
        let metadata = Metadata {
            sha256: digest(&text, parts),
            content: RawValue::from_string(text).map_err(|e| invalid(path, e.to_string()))?,
        };
        let metadata =
            serde_json::to_string(&metadata).map_err(|e| invalid(path, e.to_string()))?;
        let metadata = HashMap::from([(self.key.to_string(), metadata)]);
        let views = tensors.iter().map(|t| {
            Ok((
                &t.name,
                TensorView::new(t.dtype, t.shape.clone(), &t.bytes)?,
            ))
        });
        views
            .collect::<Result<Vec<_>, _>>()
            .and_then(|views| serialize(views, Some(metadata)))
            .map_err(|e: SafeTensorError| invalid(path, e.to_string()))
    }

    /// What is in the bytes of a file, which `path` names in messages.
    ///
    /// # Errors
    /// When they are no such file, come from a newer version, or have changed since they were written.
    pub(crate) fn open<'a, C: DeserializeOwned>(
        &self,
        path: &Path,
        bytes: &'a [u8],
    ) -> Result<OpenFile<'a, C>, ModelError> {
        let other = |e: SafeTensorError| {
            let problem = format!("is no {}, or is cut short: {e}", self.name);
            (self.damage)(path.to_path_buf(), problem)
        };
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(other)?;
        let tensors = SafeTensors::deserialize(bytes).map_err(other)?;
        let metadata = header.metadata().as_ref().and_then(|map| map.get(self.key));
        let Some(metadata) = metadata else {
            let key = self.key;
            return Err(invalid(
                path,
                format!(
                    "is a safetensors file without the key `{key}`; it is no {} of latentia",
                    self.name
                ),
            ));
        };
        let unreadable = |e: serde_json::Error| self.damaged(path, &format!("metadata: {e}"));
        let metadata: Metadata = serde_json::from_str(metadata).map_err(unreadable)?;
        // Before anything else, so that a newer format is told apart from damage.
        let text = metadata.content.get();
        let Format { format } = serde_json::from_str(text).map_err(unreadable)?;
        if format > self.format {
            return Err(invalid(
                path,
                format!(
                    "has format {format}; this version reads up to {}: use a newer latentia",
                    self.format
                ),
            ));
        }
        let parts = tensors.iter();
        let parts: Vec<(&str, TensorView<'_>)> = parts.collect();
        let parts = parts.iter();
        let parts = parts.map(|(name, t)| (*name, t.dtype(), t.shape(), t.data()));
        // A fuzzer would never find one that fits.
        if !cfg!(fuzzing) && digest(text, parts) != metadata.sha256 {
            return Err(self.damaged(path, "its content does not match its SHA-256"));
        }
        Ok(OpenFile {
            content: serde_json::from_str(text).map_err(unreadable)?,
            tensors,
            digest: metadata.sha256,
        })
    }

    /// The error that `what` of a file is not as it was written.
    pub(crate) fn damaged(&self, path: &Path, what: &str) -> ModelError {
        (self.damage)(path.to_path_buf(), format!("is damaged: {what}"))
    }
}

pub(crate) fn invalid(path: &Path, problem: String) -> ModelError {
    ModelError::Format {
        path: path.to_path_buf(),
        problem,
    }
}

/// SHA-256 of the content and the tensors with all that a header says of them, by name.
fn digest<'a>(
    content: &str,
    tensors: impl Iterator<Item = (&'a str, Dtype, &'a [usize], &'a [u8])>,
) -> String {
    let mut tensors: Vec<_> = tensors.collect();
    tensors.sort_unstable_by_key(|(name, ..)| *name);
    let mut hash = Sha256::new_with_prefix(content);
    for (name, kind, shape, bytes) in tensors {
        hash.update(format!("\0{name}\0{kind:?}{shape:?}\0"));
        hash.update(bytes);
    }
    let bytes = hash.finalize();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
