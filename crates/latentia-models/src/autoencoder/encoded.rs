//! Examples as numbers alone.

use std::io;

use latentia_tensor::{Matrix, MatrixMut, Rows};

use super::inference::{ROW_SLOTS, Run, fold_rows};
use super::scaled::Scaled;
use super::workspace::Workspace;
use crate::{Autoencoder, ModelError};

/// Examples as numbers alone, in the model's scale: those of a table with an element for each level of a category and gaps filled,
/// others as the model sees them. It is what a linear model, or distances between examples, work on.
pub struct Encoded<'a> {
    model: &'a Autoencoder,
    scaled: Scaled<'a>,
    /// What stands in gaps, an element each; empty where there are none.
    fill: Vec<f32>,
    cols: usize,
}

impl Autoencoder {
    /// `examples` as numbers alone, `[rows, encoded width]`, their gaps filled with `fill`, the [means](Self::encoded_means) of
    /// training examples.
    ///
    /// # Errors
    /// As [`Self::scaled`].
    pub fn encoded<'a>(
        &'a self,
        examples: &'a dyn Rows,
        fill: Vec<f32>,
    ) -> Result<Encoded<'a>, ModelError> {
        let columns = self.likelihood().columns();
        let width = self.width();
        Ok(Encoded {
            model: self,
            scaled: self.scaled(examples)?,
            fill,
            cols: columns.map_or(width, |columns| columns.encoded_width(width)),
        })
    }

    /// The expectation of each element of encoded reconstructions, in the model's scale: `[rows, encoded width]`. Of a category it
    /// is the probability of each level; others are as [`Self::reconstruct_scaled`] has them.
    ///
    /// # Errors
    /// As there.
    pub fn reconstruct_encoded(&self, examples: &dyn Rows) -> Result<Matrix, ModelError> {
        self.expected(self.whole(), &self.scaled(examples)?)
    }

    /// As [`Self::reconstruct_encoded`], from codes of shape `[rows, code_width]`.
    ///
    /// # Errors
    /// As [`Self::decode_scaled`].
    pub fn decode_encoded(&self, codes: &dyn Rows) -> Result<Matrix, ModelError> {
        self.check_codes(codes)?;
        self.expected(Run::of(self.sections().decoder.clone()), codes)
    }

    fn expected(&self, run: Run, rows: &dyn Rows) -> Result<Matrix, ModelError> {
        let Some(columns) = self.likelihood().columns() else {
            return Ok(self.means(run, rows)?);
        };
        let mut expected = Matrix::zeros(rows.rows(), columns.encoded_width(self.width()));
        let mut workspace = Workspace::new(self.chain(), run);
        workspace.write(rows, expected.view_mut(), |_, block, out| {
            columns.expected(block.output(), out);
        })?;
        Ok(expected)
    }

    /// The mean of each element of encoded `examples` over those that are not missing; 0 where all are.
    ///
    /// # Errors
    /// As [`Self::scaled`], and when they cannot be read.
    pub fn encoded_means(&self, examples: &dyn Rows) -> Result<Vec<f32>, ModelError> {
        let with_gaps = self.encoded(examples, Vec::new())?;
        let start = || vec![(0.0f64, 0u64); with_gaps.cols];
        let slots = fold_rows(&with_gaps, ROW_SLOTS, start, |sums, block| {
            for row in block.iter_rows() {
                for ((sum, count), &x) in sums.iter_mut().zip(row) {
                    if !x.is_nan() {
                        *sum += f64::from(x);
                        *count += 1;
                    }
                }
            }
        })?;
        let mut sums = start();
        for slot in slots {
            for ((sum, count), (more, known)) in sums.iter_mut().zip(slot) {
                *sum += more;
                *count += known;
            }
        }
        let mean = |(sum, count): (f64, u64)| (sum / count.max(1) as f64) as f32;
        Ok(sums.into_iter().map(mean).collect())
    }
}

impl Rows for Encoded<'_> {
    fn rows(&self) -> usize {
        self.scaled.rows()
    }

    fn cols(&self) -> usize {
        self.cols
    }

    fn label(&self, index: u32) -> Option<u32> {
        self.scaled.label(index)
    }

    fn read(&self, indices: &[u32], mut out: MatrixMut<'_>) -> io::Result<()> {
        let Some(columns) = self.model.likelihood().columns() else {
            return self.scaled.read(indices, out);
        };
        let mut cells = Matrix::zeros(indices.len(), self.model.width());
        self.scaled.read(indices, cells.view_mut())?;
        columns.one_hot(cells.view(), out.reborrow());
        for row in out.iter_rows_mut() {
            for (x, fill) in row.iter_mut().zip(&self.fill) {
                *x = if x.is_nan() { *fill } else { *x };
            }
        }
        Ok(())
    }

    fn has_targets(&self) -> bool {
        self.scaled.has_targets() && self.model.likelihood().columns().is_none()
    }

    fn read_targets(&self, indices: &[u32], out: MatrixMut<'_>) -> io::Result<()> {
        match self.has_targets() {
            true => self.scaled.read_targets(indices, out),
            false => self.read(indices, out),
        }
    }
}
