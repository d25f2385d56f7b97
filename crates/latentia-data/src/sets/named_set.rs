//! The description of a set that has a name.

use std::path::PathBuf;

use crate::error::DataError;
use crate::source::Source;

/// What is known of a data set that has a name.
#[derive(Debug)]
pub struct NamedSet {
    /// The name, which is also that of its folder.
    pub name: &'static str,
    /// One line on what the examples are.
    pub summary: &'static str,
    /// Examples to train on and to test on.
    pub examples: (usize, usize),
    /// Shape of one example.
    pub shape: &'static [usize],
    /// Its licence, as an SPDX expression; `none` for values that nobody owns, `NOASSERTION` where none is stated.
    pub licence: &'static str,
    /// Who made it, and where it is described.
    pub source: &'static str,
    /// The files to fetch; none where the set is part of the program.
    pub files: &'static [NamedFile],
    /// The names of what the files hold, where they are an archive: it may lie in the set's folder instead, unpacked.
    pub unpacked: &'static [&'static str],
    /// Addresses, each ending in `/`, to which a file's name and `.gz` are added; in order of preference.
    pub mirrors: &'static [&'static str],
    /// Loads the set from the paths of its files, or of what its archive held; from none where it is built in.
    pub(crate) load: fn(&NamedSet, &[PathBuf]) -> Result<Source, DataError>,
}

/// A file of a named set.
#[derive(Debug)]
pub struct NamedFile {
    /// Its name, without `.gz`.
    pub name: &'static str,
    /// Its length when decompressed, in bytes.
    pub bytes: u64,
    /// SHA-256 of its decompressed content, in hexadecimal.
    pub sha256: &'static str,
    /// Whether length and digest are those of the compressed file instead, as an archive's are published.
    pub compressed: bool,
}

impl NamedSet {
    /// Whether the set is part of the program, so that no file is needed.
    pub fn is_built_in(&self) -> bool {
        self.files.is_empty()
    }

    /// Length of all its files, in bytes: when decompressed, but for archives.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}
