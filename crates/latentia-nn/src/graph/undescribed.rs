//! A part that does not say what it computes.

/// A part that does not say what it computes, so that no other program can.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{part} cannot be described by standard operations")]
pub struct Undescribed {
    /// What it is, in words.
    pub part: String,
}

impl Undescribed {
    /// That part.
    pub fn new(part: impl Into<String>) -> Self {
        Self { part: part.into() }
    }

    /// The same part, with the place where it is.
    pub(crate) fn within(self, place: &str) -> Self {
        Self::new(format!("{place}, {}", self.part))
    }
}
