//! A sample of rows.

use std::io;

use latentia_tensor::{MatrixMut, Rows};

/// Some of the rows, at equal distances.
pub(crate) struct EvenSample<'a> {
    rows: &'a dyn Rows,
    count: usize,
}

impl<'a> EvenSample<'a> {
    /// `most` of `rows`, or all.
    pub(crate) fn over(rows: &'a dyn Rows, most: usize) -> Self {
        let count = rows.rows().min(most);
        Self { rows, count }
    }

    fn index(&self, at: u32) -> u32 {
        (u64::from(at) * self.rows.rows() as u64 / self.count as u64) as u32
    }

    /// The indices of the rows.
    pub(crate) fn indices(&self) -> impl Iterator<Item = u32> {
        (0..self.count as u32).map(|at| self.index(at))
    }
}

impl Rows for EvenSample<'_> {
    fn rows(&self) -> usize {
        self.count
    }

    fn cols(&self) -> usize {
        self.rows.cols()
    }

    fn full_scale(&self) -> f32 {
        self.rows.full_scale()
    }

    fn label(&self, index: u32) -> Option<u32> {
        self.rows.label(self.index(index))
    }

    fn read(&self, indices: &[u32], out: MatrixMut<'_>) -> io::Result<()> {
        let indices: Vec<u32> = indices.iter().map(|&at| self.index(at)).collect();
        self.rows.read(&indices, out)
    }
}
