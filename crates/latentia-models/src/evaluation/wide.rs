//! Principal axes of examples with more columns than a covariance of them can have.

use std::io;

use latentia_tensor::{
    Matrix, Noise, Rows, add_gram, add_product_nt, add_product_tn, orthonormalise_rows,
    symmetric_eigen,
};
use rayon::prelude::*;

use crate::autoencoder::inference::{ROW_SLOTS, fold_rows, total};

/// Elements of the blocks of examples whose products are summed, and the most rows of one.
const BLOCK_ELEMENTS: usize = 1 << 23;
const BLOCK_ROWS: usize = 512;

/// Rows of a block that one thread multiplies.
const ROWS_PER_TASK: usize = 64;

/// A variance below this share of the largest is rounding.
const ROUNDING: f64 = 1e-14;

/// Directions beside those that are wanted, and times that all are multiplied by the scatter.
const OVERSAMPLING: usize = 10;
const ITERATIONS: usize = 4;

/// Times that [`axes_by_subspace_iteration`] reads every example.
pub(super) const SUBSPACE_PASSES: u64 = ITERATIONS as u64 + 1;

/// How many examples [`axes_by_gram`] reads: each beside those of its block and of all before it, and twice more.
pub(super) fn gram_reads(rows: usize, cols: usize) -> u64 {
    let most = most_rows(rows, cols).max(1);
    let lefts = (0..rows).step_by(most).map(|first| rows.min(first + most));
    (2 * rows + lefts.sum::<usize>()) as u64
}

/// Rows of a block.
fn most_rows(rows: usize, cols: usize) -> usize {
    (BLOCK_ELEMENTS / cols.max(1))
        .clamp(1, BLOCK_ROWS)
        .min(rows)
}

/// The most elements of the sums that are kept side by side.
const SUM_ELEMENTS: usize = 1 << 24;

/// The first `count` principal axes of fewer examples than columns, `[at most count, cols]`, unit vectors, largest variance first:
/// those of the scatter `XᵀX` are `Xᵀu / ‖Xᵀu‖` for the eigenvectors `u` of the Gram matrix `XXᵀ` of the centred examples `X`. There
/// are no more of them than directions in which the examples vary. None when a value is not finite.
pub(super) fn axes_by_gram(
    examples: &dyn Rows,
    mean: &[f64],
    count: usize,
) -> io::Result<Option<Vec<f64>>> {
    let (rows, cols) = (examples.rows(), examples.cols());
    let Some((values, vectors)) = symmetric_eigen(&gram(examples, mean)?, rows) else {
        return Ok(None);
    };
    let least = ROUNDING * rows as f64 * values[0];
    let kept = values
        .iter()
        .take(count)
        .take_while(|&&value| value > least);
    let kept = kept.count();
    let mut axes = vec![0.0; kept * cols];
    let mut block = Block::new(examples, mean);
    for first in (0..rows).step_by(block.most) {
        block.read(first)?;
        let last = first + block.rows;
        // Rows of `cols` values each for a task, of the eigenvectors that they are made with.
        let tasks = axes.par_chunks_mut(ROWS_PER_TASK * cols.max(1)).enumerate();
        tasks.for_each(|(task, axes)| {
            let start = task * ROWS_PER_TASK;
            let here = axes.len() / cols;
            let shares: Vec<f64> = (first..last)
                .flat_map(|row| (start..start + here).map(move |axis| (row, axis)))
                .map(|(row, axis)| vectors[axis * rows + row] / values[axis].sqrt())
                .collect();
            add_product_tn(axes, &shares, &block.centred, block.rows);
        });
    }
    // What rounding left of larger axes in smaller ones.
    orthonormalise_rows(&mut axes, kept);
    Ok(Some(axes))
}

/// `XXᵀ` of the centred examples `X`: `[rows, rows]`, of which only the lower triangle counts.
fn gram(examples: &dyn Rows, mean: &[f64]) -> io::Result<Vec<f64>> {
    let (rows, cols) = (examples.rows(), examples.cols());
    let mut gram = vec![0.0; rows * rows];
    let (mut below, mut left) = (Block::new(examples, mean), Block::new(examples, mean));
    let mut products = Vec::new();
    for first in (0..rows).step_by(below.most) {
        below.read(first)?;
        for other in (0..=first).step_by(left.most) {
            left.read(other)?;
            products.clear();
            products.resize(below.rows * left.rows, 0.0);
            let tasks = products.par_chunks_mut(ROWS_PER_TASK * left.rows);
            tasks
                .zip(below.centred.par_chunks(ROWS_PER_TASK * cols))
                .for_each(|(products, rows)| add_product_nt(products, rows, &left.centred, cols));
            for (row, products) in products.chunks(left.rows).enumerate() {
                gram[(first + row) * rows + other..][..left.rows].copy_from_slice(products);
            }
        }
    }
    Ok(gram)
}

/// A block of examples around their mean, in f64.
struct Block<'a> {
    examples: &'a dyn Rows,
    mean: &'a [f64],
    /// Rows of every block but the last.
    most: usize,
    raw: Matrix,
    /// Those that were read last, and how many they are.
    centred: Vec<f64>,
    rows: usize,
}

impl<'a> Block<'a> {
    fn new(examples: &'a dyn Rows, mean: &'a [f64]) -> Self {
        let (rows, cols) = (examples.rows(), examples.cols());
        let most = most_rows(rows, cols);
        Self {
            examples,
            mean,
            most,
            raw: Matrix::zeros(most, cols),
            centred: Vec::new(),
            rows: 0,
        }
    }

    /// Reads the block that begins with the example `first`.
    fn read(&mut self, first: usize) -> io::Result<()> {
        self.rows = self.most.min(self.examples.rows() - first);
        let indices: Vec<u32> = (first as u32..(first + self.rows) as u32).collect();
        self.examples.read(&indices, self.raw.top_mut(self.rows))?;
        self.centred.clear();
        for row in self.raw.top(self.rows).iter_rows() {
            let centred = row.iter().zip(self.mean);
            self.centred
                .extend(centred.map(|(&x, mean)| f64::from(x) - mean));
        }
        Ok(())
    }
}

/// Nearly the first `count` principal axes, `[count, cols]`, orthonormal, largest variance first, where neither a covariance nor a Gram
/// matrix has a size that can be decomposed: the best of a subspace of `count + 10` random directions that has been multiplied by
/// the scatter `XᵀX` four times (Halko, Martinsson and Tropp, *Finding structure with randomness*, 2011). Always the same for the
/// same examples. None when a value is not finite.
pub(super) fn axes_by_subspace_iteration(
    examples: &dyn Rows,
    mean: &[f64],
    count: usize,
) -> io::Result<Option<Vec<f64>>> {
    let cols = examples.cols();
    let size = (count + OVERSAMPLING).min(cols);
    let mut directions = Matrix::zeros(size, cols);
    for (row, values) in (0..).zip(directions.view_mut().iter_rows_mut()) {
        Noise::new(0, 0).normal(row, values);
    }
    let mut basis: Vec<f64> = directions.as_slice().iter().map(|&x| x.into()).collect();
    orthonormalise_rows(&mut basis, size);
    for _ in 0..ITERATIONS {
        basis = sum_over_projections(
            examples,
            mean,
            &basis,
            size * cols,
            |sum, coordinates, centred, rows| {
                add_product_tn(sum, coordinates, centred, rows);
            },
        )?;
        if basis.iter().any(|x| !x.is_finite()) {
            return Ok(None);
        }
        orthonormalise_rows(&mut basis, size);
    }
    let scatter = sum_over_projections(
        examples,
        mean,
        &basis,
        size * size,
        |sum, coordinates, _, rows| {
            add_gram(sum, coordinates, rows);
        },
    )?;
    let Some((_, vectors)) = symmetric_eigen(&scatter, size) else {
        return Ok(None);
    };
    let mut axes = vec![0.0; count * cols];
    let turned: Vec<f64> = (0..size)
        .flat_map(|i| (0..count).map(move |axis| (i, axis)))
        .map(|(i, axis)| vectors[axis * size + i])
        .collect();
    add_product_tn(&mut axes, &turned, &basis, size);
    Ok(Some(axes))
}

/// The sum of `elements` values over blocks of examples, to which `add` is handed a block's coordinates along `basis`, its centred
/// examples and how many these are.
fn sum_over_projections(
    examples: &dyn Rows,
    mean: &[f64],
    basis: &[f64],
    elements: usize,
    add: impl Fn(&mut [f64], &[f64], &[f64], usize) + Sync,
) -> io::Result<Vec<f64>> {
    let cols = examples.cols();
    let size = basis.len() / cols;
    let slots = (SUM_ELEMENTS / elements.max(1)).clamp(1, ROW_SLOTS);
    let start = || (vec![0.0; elements], Vec::new(), Vec::new());
    let sums = fold_rows(
        examples,
        slots,
        start,
        |(sum, centred, coordinates), block| {
            centred.clear();
            for row in block.iter_rows() {
                centred.extend(row.iter().zip(mean).map(|(&x, mean)| f64::from(x) - mean));
            }
            coordinates.clear();
            coordinates.resize(block.rows() * size, 0.0);
            add_product_nt(coordinates, centred, basis, cols);
            add(sum, coordinates, centred, block.rows());
        },
    )?;
    Ok(total(sums.into_iter().map(|(sum, ..)| sum)))
}

#[cfg(test)]
mod tests {
    use latentia_testing::numbers;

    use super::*;
    use crate::autoencoder::inference::column_means;
    use crate::evaluation::covariance::principal_axes;

    /// Examples whose deviation falls by a tenth from direction to direction.
    fn cloud(rows: usize, cols: usize) -> Matrix {
        let turns: Vec<f32> = numbers(2, cols * cols);
        let mut x = Matrix::zeros(rows, cols);
        for (row, values) in x.view_mut().iter_rows_mut().enumerate() {
            let along = numbers(3 + row as u64, cols);
            for (j, value) in values.iter_mut().enumerate() {
                let parts = along.iter().zip(&turns[j * cols..]).enumerate();
                *value = 1.0
                    + parts
                        .map(|(i, (a, turn))| 0.9_f32.powi(i as i32) * a * turn)
                        .sum::<f32>();
            }
        }
        x
    }

    /// The share of the variance along the best `count` axes that lies along these.
    fn share(x: &Matrix, mean: &[f64], axes: &[f64], count: usize) -> f64 {
        let cols = x.cols();
        let (values, _) = principal_axes(x, mean).expect("in memory").expect("finite");
        let along = |row: &[f32], axis: &[f64]| -> f64 {
            let terms = row.iter().zip(mean).zip(axis);
            terms
                .map(|((&x, mean), axis)| (f64::from(x) - mean) * axis)
                .sum()
        };
        let found: f64 = (x.view().iter_rows())
            .flat_map(|row| axes.chunks(cols).map(move |axis| along(row, axis).powi(2)))
            .sum();
        found / values[..count].iter().sum::<f64>()
    }

    #[track_caller]
    fn check_orthonormal(axes: &[f64], cols: usize) {
        for (i, a) in axes.chunks(cols).enumerate() {
            for (j, b) in axes.chunks(cols).enumerate() {
                let product: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
                assert!(
                    (product - f64::from(i == j)).abs() < 1e-12,
                    "{i} {j}: {product}"
                );
            }
        }
    }

    #[test]
    fn random_directions_become_nearly_the_best() {
        // More rows than are read at once; all directions, too.
        for (rows, cols, count) in [(1100, 60, 8), (1100, 60, 1), (70, 12, 12)] {
            let x = cloud(rows, cols);
            let mean = column_means(&x).expect("in memory");
            let axes = axes_by_subspace_iteration(&x, &mean, count);
            let axes = axes.expect("in memory").expect("finite");
            assert_eq!(axes.len(), count * cols);
            check_orthonormal(&axes, cols);
            let share = share(&x, &mean, &axes, count);
            assert!((0.999..1.0 + 1e-9).contains(&share), "{share}");
        }
    }

    #[test]
    fn the_axes_of_a_gram_matrix_are_the_best() {
        // More rows than a task multiplies, and than are read at once.
        for (rows, cols, count) in [(70, 90, 69), (600, 601, 5), (2, 50, 1)] {
            let x = cloud(rows, cols);
            let mean = column_means(&x).expect("in memory");
            let axes = axes_by_gram(&x, &mean, count);
            let axes = axes.expect("in memory").expect("finite");
            assert_eq!(axes.len(), count * cols);
            check_orthonormal(&axes, cols);
            let share = share(&x, &mean, &axes, count);
            assert!((share - 1.0).abs() < 1e-9, "{share}");
        }
    }

    #[test]
    fn examples_vary_in_fewer_directions_than_there_are_of_them() {
        let x = cloud(5, 50);
        let mean = column_means(&x).expect("in memory");
        let axes = |x: &Matrix| {
            axes_by_gram(x, &mean, 50)
                .expect("in memory")
                .map(|axes| axes.len() / 50)
        };
        assert_eq!(axes(&x), Some(4));
        assert_eq!(axes(&Matrix::from_vec(1, 50, x.row(0).to_vec())), Some(1));
        let equal = Matrix::from_vec(3, 50, [1.5; 150].to_vec());
        assert_eq!(
            axes_by_gram(&equal, &[1.5; 50], 2).expect("in memory"),
            Some(Vec::new())
        );
    }

    #[test]
    fn what_is_not_finite_has_no_axes() {
        let mut x = cloud(20, 30);
        x.as_mut_slice()[77] = f32::NAN;
        let mean = column_means(&x).expect("in memory");
        assert!(axes_by_gram(&x, &mean, 3).expect("in memory").is_none());
        assert!(
            axes_by_subspace_iteration(&x, &mean, 3)
                .expect("in memory")
                .is_none()
        );
    }
}
