//! Sets of examples one after another.

use std::sync::Arc;

use latentia_tensor::Rows;

use super::Dataset;
use crate::error::DataError;
use crate::values::{JoinedValues, Values};

impl Dataset {
    /// The examples of `parts`, of which there are some, one after another; the values are not copied.
    ///
    /// # Errors
    /// When parts differ in shape or type, or some have labels and others have none.
    pub(crate) fn join(name: &str, parts: Vec<Self>) -> Result<Self, DataError> {
        let first = &parts[0];
        let words = |set: &Self| {
            let kind = if set.is_bytes() { "bytes" } else { "floats" };
            let labels = if set.labels.is_some() {
                " and labels"
            } else {
                ""
            };
            format!("{} {kind}{labels}", set.shape)
        };
        if let Some(other) = parts.iter().find(|part| words(part) != words(first)) {
            let expected = format!("{}, as `{}` has", words(first), first.name);
            return Err(DataError::invalid(
                &other.name,
                "examples",
                words(other),
                expected,
            ));
        }
        let ranges = parts.iter().map(|part| part.range);
        let range = ranges.fold(first.range, |(low, high), own| {
            (low.min(own.0), high.max(own.1))
        });
        let labels = first.labels.is_some().then(|| {
            let labels = parts.iter().filter_map(Self::labels);
            labels.flatten().copied().collect()
        });
        let mut rows = 0;
        let ends = parts.iter().map(|part| {
            rows += part.rows();
            rows
        });
        let values = JoinedValues {
            ends: ends.collect(),
            cols: first.cols,
            parts: parts.iter().map(|part| Arc::clone(&part.values)).collect(),
        };
        let notes = parts.iter().flat_map(|part| {
            let notes = part.notes.iter();
            notes.map(|note| format!("`{}`: {note}", part.name))
        });
        let (shape, notes) = (first.shape.clone(), notes.collect());
        let joined = Self::new(name.into(), shape.to_vec(), Values::Joined(values), range)?;
        Ok(Self {
            shape,
            labels,
            notes,
            ..joined
        })
    }

    /// Bytes of the values, wherever they are.
    pub(crate) fn bytes(&self) -> usize {
        let of_value = if self.is_bytes() { 1 } else { size_of::<f32>() };
        self.values.len() * of_value
    }
}
