//! What stands for pictures where no decoder of them is built in: nothing, and a message.

use std::io;
use std::path::Path;

use crate::error::DataError;
use crate::load_options::LoadOptions;

/// Pictures in files: none, as this build is without the feature `pictures`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pictures {}

impl Pictures {
    pub(crate) fn names(&self) -> &[String] {
        match *self {}
    }

    pub(crate) fn classes(&self) -> &[String] {
        match *self {}
    }

    pub(crate) fn shape(&self) -> Vec<usize> {
        match *self {}
    }

    pub(crate) fn range(&self) -> (u8, u8) {
        match *self {}
    }

    pub(crate) fn values(&self) -> usize {
        match *self {}
    }

    pub(crate) fn fingerprint(&self) -> &str {
        match *self {}
    }

    pub(crate) fn with_example<T>(
        &self,
        _index: usize,
        _visit: impl FnOnce(&[u8]) -> T,
    ) -> io::Result<T> {
        match *self {}
    }
}

/// Pictures, their classes, and what was decided about them: none.
pub(crate) struct Loaded {
    pub(crate) pictures: Pictures,
    pub(crate) labels: Option<Vec<u32>>,
    pub(crate) notes: Vec<String>,
}

/// Refuses the folder, which the user calls `subject`.
pub(crate) fn load(
    _path: &Path,
    subject: &str,
    options: &LoadOptions,
) -> Result<Loaded, DataError> {
    options.pictures.check(subject)?;
    Err(refused(subject, "a folder"))
}

/// Refuses the picture, which the user calls `subject`.
pub(crate) fn load_one(
    _path: &Path,
    subject: &str,
    options: &LoadOptions,
) -> Result<Loaded, DataError> {
    options.pictures.check(subject)?;
    Err(refused(subject, "a picture"))
}

fn refused(subject: &str, what: &str) -> DataError {
    DataError::invalid(
        subject,
        "kind of file",
        format!("{what}, and this build reads no pictures"),
        "a table, an array, or `latentia-data` built with its feature `pictures`",
    )
}

#[cfg(test)]
mod tests {
    use crate::{Locations, load};

    #[test]
    fn a_folder_is_refused_by_what_is_missing() {
        let refused = load("src/", &Locations::new(None)).expect_err("no decoder");
        assert_eq!(
            refused.to_string(),
            "`src/`: kind of file: found a folder, and this build reads no pictures, expected a table, \
             an array, or `latentia-data` built with its feature `pictures`"
        );
    }
}
