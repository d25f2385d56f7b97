//! Pictures as examples, of which some are in memory.

use std::io;
use std::path::PathBuf;

use latentia_tensor::Preparation;
use sha2::{Digest, Sha256};

use super::changes::Changes;
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
    /// Their paths within the folder.
    pub(super) names: Vec<String>,
    /// The first examples, one after another.
    pub(super) in_memory: Vec<u8>,
    /// SHA-256 of each example that is not in memory.
    pub(super) digests: Vec<[u8; 32]>,
    pub(super) range: (u8, u8),
    pub(super) fingerprint: String,
    pub(super) classes: Vec<String>,
    pub(super) refused: Vec<String>,
    pub(super) ignored: Vec<String>,
    pub(super) changes: Changes,
}

impl Pictures {
    /// The name of each example: the path of its file within the folder, with `/` between the parts.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The file of each example.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// How pictures were made examples.
    pub fn preparation(&self) -> Preparation {
        self.target.preparation
    }

    /// What was done to pictures so that they became examples of one shape, a sentence for each kind of change; none where all pixels
    /// are as in the files.
    pub fn changes(&self) -> Vec<String> {
        self.changes.sentences(self.target)
    }

    /// The name of the first picture whose pixels are not as in its file.
    pub fn first_changed(&self) -> Option<&str> {
        self.changes.first.as_deref()
    }

    /// The names of the classes, which are folders within the folder, in the order of their labels; none where pictures lie beside
    /// those, or none is asked for.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// What is wrong with each picture that was left out.
    pub fn refused(&self) -> &[String] {
        &self.refused
    }

    /// Files that are no pictures by their names, without those that are hidden or that systems leave in folders.
    pub fn ignored(&self) -> &[String] {
        &self.ignored
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
        let (example, _) = picture::read(path, self.target).map_err(|error| match error {
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
