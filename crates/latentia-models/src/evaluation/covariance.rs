//! Directions along which examples vary, and samples that stand for all of them.

use std::io;

use latentia_tensor::{MatrixMut, Rows, add_gram, symmetric_eigen};

use crate::autoencoder::inference::{ROW_SLOTS, fold_rows, rows_at_once, total};

/// The most elements of the matrices that are summed side by side.
const GRAM_ELEMENTS: usize = 5 << 19;

/// The eigenvalues of the scatter `Σ (x - mean)ᵀ (x - mean)` of all examples, largest first, and its unit eigenvectors as the
/// rows of `[cols, cols]`, in f64. None when a value is not finite.
pub(crate) fn principal_axes(
    examples: &dyn Rows,
    mean: &[f64],
) -> io::Result<Option<(Vec<f64>, Vec<f64>)>> {
    let scatter = scatter(examples, mean)?;
    // On a thread of the pool: products keep memory for each thread that they have run on.
    Ok(rayon::scope(|_| symmetric_eigen(&scatter, examples.cols())))
}

/// `Σ (x - mean)ᵀ (x - mean)`: `[cols, cols]`, of which only the lower triangle counts.
pub(super) fn scatter(examples: &dyn Rows, mean: &[f64]) -> io::Result<Vec<f64>> {
    let (rows, cols) = (examples.rows(), examples.cols());
    let grams = fold_rows(
        examples,
        (GRAM_ELEMENTS / (cols * cols).max(1)).clamp(1, ROW_SLOTS),
        || {
            (
                vec![0.0f64; cols * cols],
                Vec::with_capacity(rows_at_once(cols).min(rows) * cols),
            )
        },
        |(gram, centred), block| {
            centred.clear();
            for row in block.iter_rows() {
                centred.extend(row.iter().zip(mean).map(|(&x, mean)| f64::from(x) - mean));
            }
            add_gram(gram, centred, block.rows());
        },
    )?;
    Ok(total(grams.into_iter().map(|(gram, _)| gram)))
}

/// Every so many of some examples.
pub(crate) struct Sample<'a> {
    examples: &'a dyn Rows,
    stride: usize,
}

impl<'a> Sample<'a> {
    /// At most `most` examples, evenly spread: examples may be sorted by class.
    pub(crate) fn new(examples: &'a dyn Rows, most: usize) -> Self {
        let stride = examples.rows().div_ceil(most).max(1);
        Self { examples, stride }
    }
}

impl Rows for Sample<'_> {
    fn rows(&self) -> usize {
        self.examples.rows().div_ceil(self.stride)
    }

    fn cols(&self) -> usize {
        self.examples.cols()
    }

    fn read(&self, indices: &[u32], out: MatrixMut<'_>) -> io::Result<()> {
        let spread: Vec<u32> = indices.iter().map(|i| i * self.stride as u32).collect();
        self.examples.read(&spread, out)
    }
}
