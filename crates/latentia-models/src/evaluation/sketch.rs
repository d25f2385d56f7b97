//! Short rows that bound the products of long ones.

use std::io;

use latentia_tensor::{Accumulate, Matrix, MatrixRef, Rows, matmul_nt, sum_of_squares};

use super::covariance::{Sample, principal_axes};

/// Examples from which the directions are learned.
const SAMPLE: usize = 4096;

/// The most columns of rows that are sketched; the cost of learning grows with their cube.
const MOST_COLUMNS: usize = 1024;

/// A sketch has one direction for so many columns.
const COLUMNS_PER_DIRECTION: usize = 6;

/// Writes a row `a` as its coordinates `a₁` along a few orthonormal directions and the norm `r(a)` of what is left, so that
/// `a·b ≤ a₁·b₁ + r(a) r(b)` (Cauchy and Schwarz): the product of sketches is at least the product of rows.
pub(super) struct Sketch {
    /// `[directions, cols]`
    directions: Matrix,
    slack: f32,
}

impl Sketch {
    /// Along the first principal components of `features` around `means`, which leave the least. None where that does not pay.
    /// `slack` is the share of `‖a‖²` by which rounding may change it.
    pub(super) fn learn(
        features: &dyn Rows,
        means: &[f64],
        slack: f32,
    ) -> io::Result<Option<Self>> {
        let cols = features.cols();
        let count = cols / COLUMNS_PER_DIRECTION;
        if count == 0 || cols > MOST_COLUMNS {
            return Ok(None);
        }
        let axes = principal_axes(&Sample::new(features, SAMPLE), means)?;
        Ok(axes.map(|(_, vectors)| {
            let elements = vectors[..count * cols].iter().map(|&x| x as f32);
            Self {
                directions: Matrix::from_vec(count, cols, elements.collect()),
                slack,
            }
        }))
    }

    /// The sketches of `rows`, whose squared norms are `squares`: `[rows, directions + 1]`.
    pub(super) fn draw(&self, rows: MatrixRef<'_>, squares: &[f32]) -> Matrix {
        let count = self.directions.rows();
        let mut coordinates = Matrix::zeros(rows.rows(), count);
        let directions = self.directions.view();
        matmul_nt(
            coordinates.view_mut(),
            Accumulate::Replace,
            rows,
            directions,
        );
        let mut sketches = Matrix::zeros(rows.rows(), count + 1);
        let mut view = sketches.view_mut();
        let coordinates = coordinates.view();
        let pairs = view.iter_rows_mut().zip(coordinates.iter_rows());
        for ((sketch, coordinates), square) in pairs.zip(squares) {
            sketch[..count].copy_from_slice(coordinates);
            let left = square - sum_of_squares(coordinates) as f32;
            sketch[count] = (left.max(0.0) + self.slack * square).sqrt();
        }
        sketches
    }
}

#[cfg(test)]
mod tests {
    use latentia_testing::numbers;

    use super::*;

    #[test]
    fn products_of_sketches_bound_those_of_rows() {
        // Rows in the plane of two directions, and rows anywhere.
        let (a, b) = (&numbers(1, 60), numbers(2, 60 * 12));
        let rows = b.chunks(12).enumerate().flat_map(|(i, noise)| {
            let share = [0.0, 1e-3, 1.0][i % 3];
            let at = move |j: usize| a[i] * [1.0, -1.0][j % 2] + a[59 - i] * (j / 6) as f32;
            (0..12).map(move |j| at(j) + share * noise[j])
        });
        let x = Matrix::from_vec(60, 12, rows.collect());
        let plane = (0..60).step_by(3).flat_map(|i| x.row(i).to_vec());
        let plane = Matrix::from_vec(20, 12, plane.collect());
        let sketch = Sketch::learn(&plane, &[0.0; 12], 1e-6).expect("in memory");
        let squares: Vec<f32> = (0..60).map(|i| sum_of_squares(x.row(i)) as f32).collect();
        let sketches = sketch.expect("two directions").draw(x.view(), &squares);
        assert_eq!((sketches.rows(), sketches.cols()), (60, 3));
        let product = |x: &Matrix, i: usize, j: usize| -> f64 {
            let pairs = x.row(i).iter().zip(x.row(j));
            pairs.map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
        };
        for i in 0..60 {
            for j in 0..60 {
                let (bound, exact) = (product(&sketches, i, j), product(&x, i, j));
                assert!(bound >= exact, "{i} {j}: {bound} {exact}");
                // Within the plane nothing is lost.
                if i % 3 == 0 && j % 3 == 0 {
                    assert!(bound < exact + 1e-4, "{i} {j}: {bound} {exact}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_finite_has_no_sketch() {
        let x = Matrix::from_vec(1, 12, vec![f32::NAN; 12]);
        let sketch = Sketch::learn(&x, &[0.0; 12], 0.0).expect("in memory");
        assert!(sketch.is_none());
    }
}
