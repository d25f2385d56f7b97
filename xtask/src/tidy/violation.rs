//! Violations of rules.

use std::fmt;

use crate::source::Source;
use crate::workspace::Package;

/// A rule that a file breaks.
#[derive(Debug)]
pub struct Violation {
    /// Its path, with the line where there is one.
    pub file: String,
    /// What is wrong, and what would be right.
    pub what: String,
}

impl Violation {
    pub fn at_line(source: &Source, line: usize, what: String) -> Self {
        Self {
            file: format!("{}:{line}", source.path),
            what,
        }
    }

    pub fn in_manifest(package: &Package, what: String) -> Self {
        Self {
            file: package.manifest_path(),
            what,
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.what)
    }
}
