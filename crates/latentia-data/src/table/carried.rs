//! Columns that are carried along.

use latentia_tensor::ColumnKind;

/// The texts of a column, one a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// The column's name.
    pub name: String,
    /// What it holds.
    pub kind: ColumnKind,
    text: String,
    /// Where each text ends.
    ends: Vec<usize>,
}

impl Carried {
    /// A column of these texts.
    ///
    /// ```
    /// use latentia_data::{Carried, ColumnKind};
    ///
    /// let names = Carried::of("name", ColumnKind::Id, ["Ada", "", "Grace"]);
    /// assert_eq!([0, 1, 2, 3].map(|row| names.text(row)), ["Ada", "", "Grace", ""]);
    /// ```
    pub fn of<T: AsRef<str>>(
        name: &str,
        kind: ColumnKind,
        texts: impl IntoIterator<Item = T>,
    ) -> Self {
        let mut column = Self::new(name, kind);
        for text in texts {
            column.push(text.as_ref().as_bytes());
        }
        column
    }

    pub(crate) fn new(name: &str, kind: ColumnKind) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            text: String::new(),
            ends: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, text: &[u8]) {
        self.text.push_str(&String::from_utf8_lossy(text));
        self.ends.push(self.text.len());
    }

    /// The text of row `row`; empty behind the last.
    pub fn text(&self, row: usize) -> &str {
        let Some(&end) = self.ends.get(row) else {
            return "";
        };
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..end]
    }

    /// All texts.
    pub fn texts(&self) -> impl Iterator<Item = &str> + Clone {
        (0..self.ends.len()).map(|row| self.text(row))
    }
}
