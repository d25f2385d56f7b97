//! What stands for a value that is missing.

use latentia_tensor::Schema;

/// The usual marks, in small letters.
const MARKS: [&[u8]; 11] = [
    b"", b"?", b"na", b"n/a", b"nan", b"null", b"none", b"-", b".", b"#n/a", b"<na>",
];

/// Whether `field`, without spaces around it, is one of the usual marks.
pub(crate) fn is_usual_mark(field: &[u8]) -> bool {
    MARKS.iter().any(|mark| field.eq_ignore_ascii_case(mark))
}

/// What stands for a missing value in a table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marks(Vec<Vec<u8>>);

impl Marks {
    /// The usual marks and `others`.
    pub(crate) fn with(others: &[String]) -> Self {
        let others = others.iter().map(|mark| mark.trim().as_bytes().to_vec());
        Self(others.collect())
    }

    /// Whether a number may be a mark.
    pub(crate) fn are_more_than_usual(&self) -> bool {
        !self.0.is_empty()
    }

    /// Whether `field`, without spaces around it, is a mark.
    pub(crate) fn contain(&self, field: &[u8]) -> bool {
        self.0.iter().any(|mark| mark == field) || is_usual_mark(field)
    }
}

/// Whether `text` stands for a missing value in a table of `schema`.
pub fn is_missing(text: &str, schema: &Schema) -> bool {
    Marks::with(&schema.missing).contain(text.trim().as_bytes())
}
