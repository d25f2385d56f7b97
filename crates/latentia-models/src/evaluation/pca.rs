//! Principal components: what a linear model of the same size reaches.

use std::io;

use latentia_tensor::{
    Accumulate, Matrix, MatrixMut, MatrixRef, Rows, Subset, matmul_nn, matmul_nt, sum_of_squares,
    update,
};
use rayon::prelude::*;

use super::covariance::principal_axes;
use super::wide::{SUBSPACE_PASSES, axes_by_gram, axes_by_subspace_iteration, gram_reads};
use crate::ModelError;
use crate::autoencoder::inference::{ROW_SLOTS, column_means, fold_rows, rows_at_once};
use crate::autoencoder::value_range::check_finite;

/// The most columns or examples whose covariance or Gram matrix is decomposed; its cost grows with their cube.
const MOST_DECOMPOSED: usize = 4096;

/// The principal components of a set of examples, computed in f64.
///
/// They are those of the covariance, or, where there are fewer examples than columns, of the Gram matrix of the centred examples.
/// Of more than 4,096 examples of more than 4,096 columns they are found by randomised subspace iteration (Halko, Martinsson and
/// Tropp, *Finding structure with randomness*, 2011), which is nearly exact; [`is_exact`](Self::is_exact) tells.
///
/// ```
/// use latentia_models::Pca;
/// use latentia_tensor::Matrix;
///
/// // Points on a line in the plane, (t, 3 - 2 t).
/// let line = (0..50).flat_map(|t| [t as f32, 3.0 - 2.0 * t as f32]).collect();
/// let points = Matrix::from_vec(50, 2, line);
/// let pca = Pca::learn(&points, 1)?;
/// assert!(pca.mse(&points)? < 1e-6);
///
/// // One coordinate each, at distances of √5.
/// let along = pca.project(&points)?;
/// let distance = (along.row(1)[0] - along.row(0)[0]).abs();
/// assert!((distance - 5f32.sqrt()).abs() < 1e-3);
/// # Ok::<(), latentia_models::ModelError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Pca {
    mean: Vec<f32>,
    /// `[components, cols]`, orthonormal rows, largest variance first.
    components: Matrix,
    is_exact: bool,
}

impl Pca {
    /// Learns at most `components` components from `examples`.
    ///
    /// # Errors
    /// When there are no examples, or values that are not finite or cannot be read.
    pub fn learn(examples: &dyn Rows, components: usize) -> Result<Self, ModelError> {
        let (rows, cols) = (examples.rows(), examples.cols());
        if rows == 0 {
            return Err(ModelError::NoExamples {
                purpose: "learn components from",
            });
        }
        let mean = column_means(examples)?;
        let wanted = components.min(cols);
        let is_exact = rows.min(cols) <= MOST_DECOMPOSED;
        let axes = match is_exact {
            true if rows < cols => axes_by_gram(examples, &mean, wanted)?,
            true => principal_axes(examples, &mean)?.map(|(_, vectors)| vectors),
            false => axes_by_subspace_iteration(examples, &mean, wanted)?,
        };
        let Some(axes) = axes else {
            check_finite(examples)?;
            return Err(io::Error::other("the eigenvectors did not converge").into());
        };
        let kept = wanted.min(axes.len() / cols.max(1));
        let axes = axes[..kept * cols].iter().map(|&x| x as f32).collect();
        Ok(Self {
            mean: mean.iter().map(|&x| x as f32).collect(),
            components: Matrix::from_vec(kept, cols, axes),
            is_exact,
        })
    }

    /// How many examples are read to learn from `rows` examples of `cols` elements, some of them more than once.
    pub(super) fn reads(rows: usize, cols: usize) -> u64 {
        let all = rows as u64;
        let for_axes = match rows.min(cols) <= MOST_DECOMPOSED {
            true if rows < cols => gram_reads(rows, cols),
            true => all,
            false => SUBSPACE_PASSES * all,
        };
        let for_mean = all;
        for_mean + for_axes
    }

    /// Whether the components are those with the most variance, but for rounding, and not merely nearly so.
    pub fn is_exact(&self) -> bool {
        self.is_exact
    }

    /// Coordinates of `examples` along the components, `(x - mean) · componentsᵀ`: `[rows, components]`.
    ///
    /// # Errors
    /// When the examples are of another width or cannot be read.
    pub fn project(&self, examples: &dyn Rows) -> Result<Matrix, ModelError> {
        self.check_width(examples)?;
        let (rows, kept) = (examples.rows(), self.components.rows());
        let at_once = rows_at_once(examples.cols());
        let mut coordinates = Matrix::zeros(rows, kept);
        let blocks = coordinates
            .as_mut_slice()
            .par_chunks_mut((at_once * kept).max(1));
        blocks.enumerate().try_for_each(|(number, out)| {
            let first = number * at_once;
            let count = out.len() / kept;
            let indices: Vec<u32> = (first as u32..(first + count) as u32).collect();
            let mut block = Matrix::zeros(count, examples.cols());
            examples.read(&indices, block.view_mut())?;
            for row in block.view_mut().iter_rows_mut() {
                update(row, &self.mean, |x, mean| x - mean);
            }
            matmul_nt(
                MatrixMut::new(out, count, kept),
                Accumulate::Replace,
                block.view(),
                self.components.view(),
            );
            Ok::<_, io::Error>(())
        })?;
        Ok(coordinates)
    }

    /// `examples` projected on the components and back: `[rows, cols]`.
    ///
    /// # Errors
    /// When they are of another width or cannot be read.
    pub fn reconstruct(&self, examples: &dyn Rows) -> Result<Matrix, ModelError> {
        let codes = self.project(examples)?;
        let mut back = Matrix::zeros(codes.rows(), self.mean.len());
        for row in back.view_mut().iter_rows_mut() {
            row.copy_from_slice(&self.mean);
        }
        matmul_nn(
            back.view_mut(),
            Accumulate::Add,
            codes.view(),
            self.components.view(),
        );
        Ok(back)
    }

    fn check_width(&self, examples: &dyn Rows) -> Result<(), ModelError> {
        let (seen, expected) = (examples.cols(), self.mean.len());
        match seen == expected {
            true => Ok(()),
            false => Err(ModelError::Width { seen, expected }),
        }
    }

    /// Mean squared error over all elements of `examples` projected on the components and back, by what they are to be reconstructed as.
    ///
    /// # Errors
    /// When there are no examples, of another width, or they cannot be read.
    pub fn mse(&self, examples: &dyn Rows) -> Result<f64, ModelError> {
        self.check_width(examples)?;
        if examples.rows() == 0 {
            return Err(ModelError::NoExamples { purpose: "measure" });
        }
        let cols = examples.cols();
        let block_rows = rows_at_once(cols).min(examples.rows());
        if examples.has_targets() {
            return self.mse_by_targets(examples, block_rows);
        }
        let start = || Projection {
            centred: Matrix::zeros(block_rows, cols),
            codes: Matrix::zeros(block_rows, self.components.rows()),
            back: Matrix::zeros(block_rows, cols),
            squares: 0.0,
        };
        let slots = fold_rows(examples, ROW_SLOTS, start, |slot, block| {
            slot.add(self, block);
        })?;
        let squares: f64 = slots.iter().map(|slot| slot.squares).sum();
        Ok(squares / (examples.rows() * cols) as f64)
    }

    fn mse_by_targets(&self, examples: &dyn Rows, block_rows: usize) -> Result<f64, ModelError> {
        let rows = examples.rows() as u32;
        let mut squares = 0.0;
        for first in (0..rows).step_by(block_rows) {
            let indices: Vec<u32> = (first..rows.min(first + block_rows as u32)).collect();
            let mut error = Matrix::zeros(indices.len(), examples.cols());
            examples.read_targets(&indices, error.view_mut())?;
            let back = self.reconstruct(&Subset::new(examples, indices))?;
            update(error.as_mut_slice(), back.as_slice(), |x, back| x - back);
            squares += sum_of_squares(error.as_mut_slice());
        }
        Ok(squares / (examples.rows() * examples.cols()) as f64)
    }
}

/// Buffers to project a block of examples, and the squared error of those that have been.
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

    #[test]
    fn coordinates_in_a_plane_keep_its_distances() {
        let (a, b) = (numbers(1, 600), numbers(2, 600));
        let rows = a
            .iter()
            .zip(&b)
            .flat_map(|(a, b)| [a + b, 3.0 - a, 2.0 * b]);
        let x = Matrix::from_vec(600, 3, rows.collect());
        let pca = Pca::learn(&x, 2).expect("in memory");
        let plane = pca.project(&x).expect("of the same width");
        assert_eq!((plane.rows(), plane.cols()), (600, 2));
        let distance = |x: &Matrix, i: usize, j: usize| -> f32 {
            let pairs = x.row(i).iter().zip(x.row(j));
            pairs.map(|(a, b)| (a - b).powi(2)).sum()
        };
        for i in 1..600 {
            let (obtained, expected) = (distance(&plane, i, i - 1), distance(&x, i, i - 1));
            assert!(
                (obtained - expected).abs() < 1e-5,
                "{i}: {obtained} {expected}"
            );
        }
        // Largest variance first, around the mean.
        let sum = |of: fn(&[f32]) -> f32| plane.view().iter_rows().map(of).sum::<f32>();
        assert!(sum(|z| z[0] * z[0]) > sum(|z| z[1] * z[1]));
        assert!(sum(|z| z[0]).abs() < 1e-3);
        assert!(pca.project(&Matrix::zeros(1, 2)).is_err());
    }
}
