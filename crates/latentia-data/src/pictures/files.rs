//! Pictures as examples, of which some are in memory.

use std::io;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::picture;
use super::target::Target;
use crate::error::DataError;

/// Pictures in files: the first ones, as many as fit, are kept in memory, the others are decoded again each time.
///
/// An epoch reads each example once, in random order: no other choice of examples would be read more often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pictures {
    pub(super) target: Target,
    /// One file an example.
    pub(super) files: Vec<PathBuf>,
    /// The first examples, one after another.
    pub(super) in_memory: Vec<u8>,
    /// SHA-256 of each example that is not in memory.
    pub(super) digests: Vec<[u8; 32]>,
    pub(super) range: (u8, u8),
    pub(super) fingerprint: String,
    pub(super) classes: Vec<String>,
    pub(super) refused: Vec<String>,
    pub(super) ignored: usize,
}

impl Pictures {
    /// The names of the classes, which are folders within the folder, in the order of their labels; none where there are
    /// only files.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// What is wrong with each picture that was left out.
    pub fn refused(&self) -> &[String] {
        &self.refused
    }

    /// How many files and folders there are that are no pictures by their name.
    pub fn ignored(&self) -> usize {
        self.ignored
    }

    /// How many examples are in memory.
    pub fn kept(&self) -> usize {
        self.files.len() - self.digests.len()
    }

    pub(super) fn rows(&self) -> usize {
        self.files.len()
    }

    /// Shape of an example.
    pub(crate) fn shape(&self) -> Vec<usize> {
        self.target.shape()
    }

    /// The smallest and the largest value.
    pub(crate) fn range(&self) -> (u8, u8) {
        self.range
    }

    /// How many values the examples have together.
    pub(crate) fn values(&self) -> usize {
        self.rows() * self.target.bytes()
    }

    pub(crate) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Calls `visit` with example `index`.
    pub(crate) fn with_example<T>(
        &self,
        index: usize,
        visit: impl FnOnce(&[u8]) -> T,
    ) -> io::Result<T> {
        let cols = self.target.bytes();
        if let Some(example) = self.in_memory.get(index * cols..(index + 1) * cols) {
            return Ok(visit(example));
        }
        let path = &self.files[index];
        let changed = || {
            let path = path.display();
            io::Error::other(format!("`{path}` has changed since it was loaded"))
        };
        let example = picture::read(path, self.target).map_err(|error| match error {
            DataError::NoSuchFile { .. } => io::Error::new(
                io::ErrorKind::NotFound,
                format!("`{}` is gone since it was loaded", path.display()),
            ),
            DataError::Read { source, .. } => io::Error::new(
                source.kind(),
                format!("cannot read `{}`: {source}", path.display()),
            ),
            _ => changed(),
        })?;
        match Sha256::digest(&example)[..] == self.digests[index - self.kept()] {
            true => Ok(visit(&example)),
            false => Err(changed()),
        }
    }
}
