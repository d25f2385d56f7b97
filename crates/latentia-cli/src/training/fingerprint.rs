//! What a checkpoint knows its data by.

use std::io;

use latentia_data::{Dataset, Source};
use sha2::{Digest, Sha256};

/// SHA-256 of all that a run may look at: its examples, by their fingerprint, their classes, and the test part.
///
/// # Errors
/// When examples cannot be read.
pub fn fingerprint_of_all(source: &Source, training: &str) -> io::Result<String> {
    let mut hash = Sha256::new_with_prefix(training);
    hash.update(classes(&source.train));
    if let Some(test) = &source.test {
        hash.update(test.fingerprint()?);
        hash.update(classes(test));
    }
    Ok(hex::encode(hash.finalize()))
}

/// The classes of a set, a byte each where that is enough.
fn classes(set: &Dataset) -> Vec<u8> {
    let labels = set.labels().unwrap_or_default();
    let bytes: Result<Vec<u8>, _> = labels.iter().map(|&label| label.try_into()).collect();
    bytes.unwrap_or_else(|_| {
        labels
            .iter()
            .flat_map(|label| label.to_le_bytes())
            .collect()
    })
}
