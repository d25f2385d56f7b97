//! Rows with classes that they do not bring themselves.

use std::io;

use latentia_tensor::{MatrixMut, Rows};

/// Rows with a class for each: the codes of labelled examples, or codes for a conditional model.
pub struct Labelled<'a> {
    rows: &'a dyn Rows,
    labels: Vec<u8>,
}

impl<'a> Labelled<'a> {
    /// Row `i` of `rows` has class `labels[i]`.
    ///
    /// # Panics
    /// When there are not as many labels as rows.
    pub fn new(rows: &'a dyn Rows, labels: Vec<u8>) -> Self {
        assert_eq!(rows.rows(), labels.len(), "one label for each row");
        Self { rows, labels }
    }

    /// Row `i` of `rows`, as codes of `examples`, has the class of example `i`. `None` where an example has no class.
    ///
    /// # Panics
    /// When there are not as many rows as examples.
    pub fn like(rows: &'a dyn Rows, examples: &dyn Rows) -> Option<Self> {
        Some(Self::new(rows, labels(examples)?))
    }
}

/// The class of every row, where all have one.
pub(crate) fn labels(rows: &dyn Rows) -> Option<Vec<u8>> {
    (0..rows.rows() as u32)
        .map(|index| rows.label(index))
        .collect()
}

impl Rows for Labelled<'_> {
    fn rows(&self) -> usize {
        self.rows.rows()
    }

    fn cols(&self) -> usize {
        self.rows.cols()
    }

    fn full_scale(&self) -> f32 {
        self.rows.full_scale()
    }

    fn label(&self, index: u32) -> Option<u8> {
        self.labels.get(index as usize).copied()
    }

    fn read(&self, indices: &[u32], out: MatrixMut<'_>) -> io::Result<()> {
        self.rows.read(indices, out)
    }
}
