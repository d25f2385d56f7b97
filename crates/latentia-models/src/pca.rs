//! Principal components: what a linear model of the same size reaches.

use std::io;

use latentia_tensor::{
    Accumulate, Matrix, MatrixRef, Rows, add_gram, matmul_nn, matmul_nt, sum_of_squares,
    symmetric_eigen, update,
};

use crate::ModelError;
use crate::inference::{ROW_SLOTS, ROWS_AT_ONCE, column_means, fold_rows, total};

/// The most columns whose covariance is decomposed; its cost grows with their cube.
pub const PCA_MAX_COLUMNS: usize = 4096;

/// The most numbers in the covariances that are summed side by side.
const GRAM_NUMBERS: usize = 1 << 25;

/// The exact principal components of a set of examples, computed in f64 from their covariance.
#[derive(Clone, Debug)]
pub struct Pca {
    mean: Vec<f32>,
    /// `[components, cols]`, orthonormal rows, largest variance first.
    components: Matrix,
}

impl Pca {
    /// Learns at most `components` components from `examples`.
    ///
    /// # Errors
    /// When there are no examples, more than [`PCA_MAX_COLUMNS`] columns, or values that are not finite or cannot be read.
    pub fn learn(examples: &dyn Rows, components: usize) -> Result<Self, ModelError> {
        let (rows, cols) = (examples.rows(), examples.cols());
        if rows == 0 {
            return Err(ModelError::NoExamples {
                purpose: "learn components from",
            });
        }
        if cols > PCA_MAX_COLUMNS {
            return Err(ModelError::Option {
                name: "columns",
                seen: cols.to_string(),
                valid: "at most 4096 for PCA",
            });
        }
        let mean = column_means(examples)?;
        let grams = fold_rows(
            examples,
            (GRAM_NUMBERS / (cols * cols).max(1)).clamp(1, ROW_SLOTS),
            || {
                (
                    vec![0.0f64; cols * cols],
                    Vec::with_capacity(ROWS_AT_ONCE.min(rows) * cols),
                )
            },
            |(gram, centred), block| {
                centred.clear();
                for row in block.iter_rows() {
                    centred.extend(row.iter().zip(&mean).map(|(&x, mean)| f64::from(x) - mean));
                }
                add_gram(gram, centred, block.rows());
            },
        )?;
        let gram = total(grams.into_iter().map(|(gram, _)| gram));
        let (_, vectors) = symmetric_eigen(&gram, cols)
            .ok_or_else(|| io::Error::other("a value is not finite"))?;
        let kept = components.min(cols);
        let vectors = vectors[..kept * cols].iter().map(|&x| x as f32).collect();
        Ok(Self {
            mean: mean.iter().map(|&x| x as f32).collect(),
            components: Matrix::from_vec(kept, cols, vectors),
        })
    }

    /// Mean squared error over all elements of `examples` projected on the components and back.
    ///
    /// # Errors
    /// When there are no examples, of another width, or they cannot be read.
    pub fn mse(&self, examples: &dyn Rows) -> Result<f64, ModelError> {
        let (seen, expected) = (examples.cols(), self.mean.len());
        if seen != expected {
            return Err(ModelError::Width { seen, expected });
        }
        if examples.rows() == 0 {
            return Err(ModelError::NoExamples { purpose: "measure" });
        }
        let room = ROWS_AT_ONCE.min(examples.rows());
        let start = || Projection {
            centred: Matrix::zeros(room, expected),
            codes: Matrix::zeros(room, self.components.rows()),
            back: Matrix::zeros(room, expected),
            squares: 0.0,
        };
        let slots = fold_rows(examples, ROW_SLOTS, start, |slot, block| {
            slot.add(self, block);
        })?;
        let squares: f64 = slots.iter().map(|slot| slot.squares).sum();
        Ok(squares / (examples.rows() * expected) as f64)
    }
}

/// Room to project a block of examples, and the squared error of those that have been.
struct Projection {
    centred: Matrix,
    codes: Matrix,
    back: Matrix,
    squares: f64,
}

impl Projection {
    fn add(&mut self, pca: &Pca, block: MatrixRef<'_>) {
        let rows = block.rows();
        let mut centred = self.centred.top_mut(rows);
        for (centred, row) in centred.iter_rows_mut().zip(block.iter_rows()) {
            for ((centred, x), mean) in centred.iter_mut().zip(row).zip(&pca.mean) {
                *centred = x - mean;
            }
        }
        let (centred, components) = (self.centred.top(rows), pca.components.view());
        let replace = Accumulate::Replace;
        matmul_nt(self.codes.top_mut(rows), replace, centred, components);
        matmul_nn(
            self.back.top_mut(rows),
            replace,
            self.codes.top(rows),
            components,
        );
        let mut error = self.back.top_mut(rows);
        update(error.as_mut_slice(), centred.span(), |back, x| x - back);
        self.squares += sum_of_squares(error.as_mut_slice());
    }
}

#[cfg(test)]
mod tests {
    use latentia_testing::numbers;

    use super::*;

    #[test]
    fn a_plane_in_space_needs_two_components() {
        let (a, b) = (numbers(1, 200), numbers(2, 200));
        let data = a
            .iter()
            .zip(&b)
            .flat_map(|(a, b)| [a + b + 3.0, a - 2.0 * b, 0.5 * a])
            .collect();
        let x = Matrix::from_vec(200, 3, data);
        let mse = |k| {
            Pca::learn(&x, k)
                .and_then(|pca| pca.mse(&x))
                .expect("in memory")
        };
        assert!(mse(2) < 1e-12, "{}", mse(2));
        assert!(mse(1) > 1e-2, "{}", mse(1));
        // no components: the variance itself
        assert!(mse(0) > mse(1));
    }
}
