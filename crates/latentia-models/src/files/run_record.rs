//! What a checkpoint keeps beside tensors of f32.

use std::fmt::Display;

use bincode::error::EncodeError;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::StoredTensor;
use crate::training::RunState;

/// What a run remembers beside tensors: one record of bincode, or in format 1 more keys of the content.
#[derive(Serialize, Deserialize)]
pub(crate) struct RunRecord {
    pub(crate) steps: u64,
    pub(crate) updates: u64,
    pub(crate) state: RunState,
}

/// A record as format 1 has it.
#[derive(Deserialize)]
struct FlatRecord {
    steps: u64,
    updates: u64,
    #[serde(flatten)]
    state: RunState,
}

/// The tensor that holds a [`RunRecord`].
const RECORD: &str = "run";

/// Bytes of a record, at most: five times those of the longest history.
const MOST_BYTES: usize = 1 << 26;

fn encoding() -> impl bincode::config::Config {
    bincode::config::standard()
        .with_fixed_int_encoding()
        .with_limit::<MOST_BYTES>()
}

impl RunRecord {
    pub(crate) fn to_tensor(&self) -> Result<StoredTensor, EncodeError> {
        let bytes = bincode::serde::encode_to_vec(self, encoding())?;
        Ok(StoredTensor {
            name: RECORD.into(),
            dtype: Dtype::U8,
            shape: vec![bytes.len()],
            bytes,
        })
    }

    /// The record of a checkpoint, or what is wrong with it.
    pub(crate) fn read(
        content: &RawValue,
        format: u32,
        tensors: &SafeTensors<'_>,
    ) -> Result<Self, String> {
        if format == 1 {
            let flat = serde_json::from_str(content.get());
            let FlatRecord {
                steps,
                updates,
                state,
            } = flat.map_err(|e| format!("metadata: {e}"))?;
            return Ok(Self {
                steps,
                updates,
                state,
            });
        }
        let wrong = |what: &dyn Display| format!("`{RECORD}`: {what}");
        let tensor = tensors.tensor(RECORD).map_err(|e| wrong(&e))?;
        let bytes = tensor.data();
        let (record, read) =
            bincode::serde::decode_from_slice(bytes, encoding()).map_err(|e| wrong(&e))?;
        match bytes.len() - read {
            0 => Ok(record),
            left => Err(wrong(&format!("{left} bytes are left over"))),
        }
    }
}
