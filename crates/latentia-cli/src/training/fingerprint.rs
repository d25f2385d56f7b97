//! What a checkpoint knows its data by.

use std::io;

use latentia_data::Source;
use sha2::{Digest, Sha256};

/// SHA-256 of all that a run may look at: its examples, by their fingerprint, their classes, and the test part.
///
/// # Errors
/// When examples cannot be read.
pub fn fingerprint_of_all(source: &Source, training: &str) -> io::Result<String> {
    let mut hash = Sha256::new_with_prefix(training);
    hash.update(source.train.labels().unwrap_or_default());
    if let Some(test) = &source.test {
        hash.update(test.fingerprint()?);
        hash.update(test.labels().unwrap_or_default());
    }
    Ok(hex::encode(hash.finalize()))
}
