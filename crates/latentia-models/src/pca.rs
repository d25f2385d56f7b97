//! Principal components: what a linear model of the same size reaches.

use std::io;

use latentia_tensor::{Accumulate, Matrix, Rows, add_gram, matmul_nn, matmul_nt, symmetric_eigen};

use crate::{ModelError, in_blocks};

/// The most columns whose covariance is decomposed; its cost grows with their cube.
pub const PCA_MAX_COLUMNS: usize = 4096;

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
        let mut mean = vec![0.0f64; cols];
        in_blocks(examples, |_, block| {
            for row in block.iter_rows() {
                for (mean, &x) in mean.iter_mut().zip(row) {
                    *mean += f64::from(x) / rows as f64;
                }
            }
        })?;
        let mut gram = vec![0.0f64; cols * cols];
        in_blocks(examples, |_, block| {
            let centred: Vec<f64> = block
                .iter_rows()
                .flat_map(|row| row.iter().zip(&mean).map(|(&x, mean)| f64::from(x) - mean))
                .collect();
            add_gram(&mut gram, &centred, block.rows());
        })?;
        let (_, vectors) = symmetric_eigen(&gram, cols)
            .ok_or_else(|| io::Error::other("the data holds values that are not finite"))?;
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
        let mut squares = 0.0;
        in_blocks(examples, |_, block| {
            let mut centred = block.to_matrix();
            for row in centred.view_mut().iter_rows_mut() {
                for (x, mean) in row.iter_mut().zip(&self.mean) {
                    *x -= mean;
                }
            }
            let mut codes = Matrix::zeros(block.rows(), self.components.rows());
            let components = self.components.view();
            matmul_nt(
                codes.view_mut(),
                Accumulate::Replace,
                centred.view(),
                components,
            );
            let mut back = Matrix::zeros(block.rows(), expected);
            matmul_nn(
                back.view_mut(),
                Accumulate::Replace,
                codes.view(),
                components,
            );
            let pairs = centred.as_slice().iter().zip(back.as_slice());
            squares += pairs.map(|(x, y)| f64::from(x - y).powi(2)).sum::<f64>();
        })?;
        Ok(squares / (examples.rows() * expected) as f64)
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
