//! Some of the examples of a source.

use std::fmt;
use std::io;

use crate::{MatrixMut, Rows, Targets};

/// Some of the rows of a source, in any order, as a source of their own; the values are not copied.
///
/// ```
/// use latentia_tensor::{Matrix, Rows, Subset};
///
/// let examples = Matrix::from_vec(4, 1, vec![0.0, 10.0, 20.0, 30.0]);
/// let chosen = Subset::new(&examples, vec![3, 1]);
/// assert_eq!(chosen.rows(), 2);
///
/// let mut first = Matrix::zeros(1, 1);
/// chosen.read(&[0], first.view_mut())?;
/// assert_eq!(first.as_slice(), [30.0]);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Subset<'a> {
    source: &'a dyn Rows,
    /// Where each row lies in the source; none where all are in their place.
    indices: Option<Vec<u32>>,
}

impl<'a> Subset<'a> {
    /// Row `i` of the subset is row `indices[i]` of `source`.
    ///
    /// # Panics
    /// When an index is out of range.
    pub fn new(source: &'a dyn Rows, indices: Vec<u32>) -> Self {
        let rows = source.rows();
        if let Some(index) = indices.iter().find(|&&index| index as usize >= rows) {
            panic!("index out of range: {index} of {rows} rows");
        }
        let indices = Some(indices);
        Self { source, indices }
    }

    /// All rows of `source`.
    pub fn all(source: &'a dyn Rows) -> Self {
        let indices = None;
        Self { source, indices }
    }

    /// Where each row lies in the source.
    pub fn indices(&self) -> Vec<u32> {
        match &self.indices {
            Some(indices) => indices.clone(),
            None => (0..self.source.rows() as u32).collect(),
        }
    }
}

impl Subset<'_> {
    /// Reads examples, or their targets, of `source`.
    fn read_from(
        &self,
        source: &dyn Rows,
        indices: &[u32],
        mut out: MatrixMut<'_>,
    ) -> io::Result<()> {
        let Some(own) = &self.indices else {
            return source.read(indices, out);
        };
        // Translated block by block on the stack: a training step allocates nothing.
        const BLOCK: usize = 256;
        let mut translated = [0; BLOCK];
        let cols = self.cols();
        let mut rest = out.as_mut_slice();
        for block in indices.chunks(BLOCK) {
            for (to, &from) in translated.iter_mut().zip(block) {
                *to = own[from as usize];
            }
            let (rows, tail) = rest.split_at_mut(block.len() * cols);
            rest = tail;
            source.read(
                &translated[..block.len()],
                MatrixMut::new(rows, block.len(), cols),
            )?;
        }
        Ok(())
    }
}

impl Rows for Subset<'_> {
    fn rows(&self) -> usize {
        let all = || self.source.rows();
        self.indices.as_ref().map_or_else(all, Vec::len)
    }

    fn cols(&self) -> usize {
        self.source.cols()
    }

    fn full_scale(&self) -> f32 {
        self.source.full_scale()
    }

    fn label(&self, index: u32) -> Option<u32> {
        match &self.indices {
            Some(indices) => self.source.label(*indices.get(index as usize)?),
            None => self.source.label(index),
        }
    }

    fn read(&self, indices: &[u32], out: MatrixMut<'_>) -> io::Result<()> {
        self.read_from(self.source, indices, out)
    }

    fn has_targets(&self) -> bool {
        self.source.has_targets()
    }

    fn read_targets(&self, indices: &[u32], out: MatrixMut<'_>) -> io::Result<()> {
        self.read_from(&Targets(self.source), indices, out)
    }
}

impl fmt::Debug for Subset<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subset")
            .field("rows", &self.rows())
            .field("of", &self.source.rows())
            .finish_non_exhaustive()
    }
}
