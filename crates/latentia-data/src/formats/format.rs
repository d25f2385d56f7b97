//! What is known of a format.

use std::path::Path;

use crate::dataset::Dataset;
use crate::error::DataError;
use crate::load_options::LoadOptions;

/// A format of files that hold examples.
pub(crate) struct Format {
    /// What messages call it.
    pub(crate) name: &'static str,
    /// Endings of the names of its files, in lower case.
    pub(crate) endings: &'static [&'static str],
    /// More such endings, which messages leave out.
    pub(crate) other_endings: &'static [&'static str],
    /// What a file of another name begins with, within its first [`SIGNATURE`](Self::SIGNATURE) bytes.
    pub(crate) signatures: &'static [&'static [u8]],
    /// Whether a file may be in gzip.
    pub(crate) in_gzip: bool,
    /// Reads the file at a path, which the user calls by the name given.
    pub(crate) read: fn(&Path, &str, &LoadOptions) -> Result<Dataset, DataError>,
}

impl Format {
    /// Bytes of the longest signature.
    pub(crate) const SIGNATURE: usize = 6;

    /// Whether a file is of this format by its name, which is in lower case.
    pub(crate) fn has_ending_of(&self, name: &str) -> bool {
        let mut endings = self.endings.iter().chain(self.other_endings);
        endings.any(|ending| name.ends_with(ending))
    }

    /// Whether a file is of this format by its first bytes.
    pub(crate) fn has_signature_of(&self, start: &[u8]) -> bool {
        let mut signatures = self.signatures.iter();
        signatures.any(|signature| start.starts_with(signature))
    }
}
