//! A hash that tells equal content.

use sha2::{Digest, Sha256};

/// Floats that become bytes at once.
const FLOATS_AT_ONCE: usize = 1 << 12;

/// SHA-256 of the type, the shape, the count and the values of a data set.
pub(crate) struct Fingerprint(Sha256);

impl Fingerprint {
    /// The fingerprint of `rows` examples of shape `shape` before their values; these are bytes, or little-endian floats.
    pub(crate) fn new(is_bytes: bool, shape: &[usize], rows: usize) -> Self {
        let mut hash = Sha256::new();
        hash.update(if is_bytes { "u8" } else { "f4" });
        // With its own length in front, no shape can pass for another shape and a count.
        for size in [shape.len(), rows].iter().chain(shape) {
            hash.update((*size as u64).to_le_bytes());
        }
        Self(hash)
    }

    /// Adds values as they lie in a file.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Adds floats.
    pub(crate) fn update_floats(&mut self, floats: &[f32]) {
        let mut bytes = Vec::new();
        for block in floats.chunks(FLOATS_AT_ONCE) {
            bytes.clear();
            bytes.extend(block.iter().flat_map(|value| value.to_le_bytes()));
            self.update(&bytes);
        }
    }

    /// Adds windows of the series with the fingerprint `series`.
    pub(crate) fn update_windows(&mut self, series: &str, stride: usize) {
        self.update(series.as_bytes());
        self.update(&(stride as u64).to_le_bytes());
    }

    /// Adds some rows of those with the fingerprint `all`.
    pub(crate) fn update_chosen(&mut self, all: &str, rows: &[u32]) {
        self.update(all.as_bytes());
        rows.iter().for_each(|row| self.update(&row.to_le_bytes()));
    }

    /// The hash in hexadecimal.
    pub(crate) fn finish(self) -> String {
        hex::encode(self.0.finalize())
    }
}
