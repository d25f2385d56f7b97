//! Short rows whose products bound distances of long ones.

use std::io;

use latentia_tensor::{Accumulate, Matrix, MatrixRef, Rows, matmul_nt, sum_of_squares};

use super::covariance::{Sample, principal_axes};

/// Examples from which the directions are learned.
const SAMPLE: usize = 4096;

/// The most columns of rows that are sketched; the cost of learning grows with their cube.
const MOST_COLUMNS: usize = 1024;

/// Columns for each direction of a long sketch, and of a short one.
const COLUMNS_PER_DIRECTION: [usize; 2] = [3, 16];

/// The fewest directions of a short sketch, where a long one has as many.
const SHORTEST: usize = 32;

/// Elements of the widest register.
const REGISTER: usize = 16;

/// Upper bounds of `a·b - ‖b‖²/2` of rows `a` and `b`, as products of rows that are shorter: the larger it is, the nearer is `b` to `a`.
///
/// A sketch of `a` has its coordinates `a₁` along a few orthonormal directions, the norm `r(a)` of what is left, and 1; one of `b` has `b₁`,
/// `r(b)` and `-‖b‖²/2`. Their product is at least what it bounds, as `a·b ≤ a₁·b₁ + r(a) r(b)` (Cauchy and Schwarz).
pub(super) struct Sketch {
    /// `[directions, cols]`
    directions: Matrix,
    /// How many of them are those of short sketches.
    short: usize,
    slack: f32,
}

/// Sketches of some rows.
pub(super) struct Sketches {
    /// `[rows, directions + 2]`, along the first directions: for products of all pairs.
    pub(super) short: Matrix,
    /// Along all directions, with zeros behind: for pairs of which the short ones leave something to hope for.
    pub(super) long: Matrix,
}

/// What rows stand for in a product.
#[derive(Clone, Copy)]
pub(super) enum Side {
    /// `a`
    Query,
    /// `b`
    Feature,
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
        let [long, short] = COLUMNS_PER_DIRECTION.map(|each| cols / each);
        if long == 0 || cols > MOST_COLUMNS {
            return Ok(None);
        }
        let axes = principal_axes(&Sample::new(features, SAMPLE), means)?;
        Ok(axes.map(|(_, vectors)| {
            let elements = vectors[..long * cols].iter().map(|&x| x as f32);
            Self {
                directions: Matrix::from_vec(long, cols, elements.collect()),
                short: short.max(SHORTEST.min(long)),
                slack,
            }
        }))
    }

    /// The sketches of `rows`, whose squared norms are `squares`.
    pub(super) fn draw(&self, rows: MatrixRef<'_>, squares: &[f32], side: Side) -> Sketches {
        let count = self.directions.rows();
        let mut coordinates = Matrix::zeros(rows.rows(), count);
        let directions = self.directions.view();
        matmul_nt(
            coordinates.view_mut(),
            Accumulate::Replace,
            rows,
            directions,
        );
        let along = |count: usize, width: usize| {
            let mut sketches = Matrix::zeros(rows.rows(), width);
            let mut view = sketches.view_mut();
            let coordinates = coordinates.view();
            let pairs = view.iter_rows_mut().zip(coordinates.iter_rows());
            for ((sketch, coordinates), square) in pairs.zip(squares) {
                let coordinates = &coordinates[..count];
                sketch[..count].copy_from_slice(coordinates);
                let left = square - sum_of_squares(coordinates) as f32;
                sketch[count] = (left.max(0.0) + self.slack * square).sqrt();
                sketch[count + 1] = match side {
                    Side::Query => 1.0,
                    // Less what rounding may take from the product.
                    Side::Feature => -0.5 * (1.0 - self.slack) * square,
                };
            }
            sketches
        };
        Sketches {
            short: along(self.short, self.short + 2),
            // Whole registers, one row at a time.
            long: along(count, (count + 2).next_multiple_of(REGISTER)),
        }
    }
}

#[cfg(test)]
mod tests {
    use latentia_testing::numbers;

    use super::*;

    #[test]
    fn products_of_sketches_bound_those_of_rows() {
        const COLS: usize = 120;
        // Rows in the plane of two directions, and rows anywhere.
        let (a, b) = (&numbers(1, 60), numbers(2, 60 * COLS));
        let rows = b.chunks(COLS).enumerate().flat_map(|(i, noise)| {
            let share = [0.0, 1e-3, 1.0][i % 3];
            let at = move |j: usize| a[i] * [1.0, -1.0][j % 2] + a[59 - i] * (j / 60) as f32;
            (0..COLS).map(move |j| at(j) + share * noise[j])
        });
        let x = Matrix::from_vec(60, COLS, rows.collect());
        let plane = (0..60).step_by(3).flat_map(|i| x.row(i).to_vec());
        let plane = Matrix::from_vec(20, COLS, plane.collect());
        let sketch = Sketch::learn(&plane, &[0.0; COLS], 1e-5).expect("in memory");
        let sketch = sketch.expect("40 directions");
        let squares: Vec<f32> = (0..60).map(|i| sum_of_squares(x.row(i)) as f32).collect();
        let [queries, features] =
            [Side::Query, Side::Feature].map(|side| sketch.draw(x.view(), &squares, side));
        let product = |a: &[f32], b: &[f32]| -> f64 {
            let pairs = a.iter().zip(b);
            pairs.map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
        };
        for i in 0..60 {
            for j in 0..60 {
                let own = x.row(j);
                let exact = product(x.row(i), own) - 0.5 * product(own, own);
                for (a, b) in [
                    (&queries.short, &features.short),
                    (&queries.long, &features.long),
                ] {
                    let bound = product(a.row(i), b.row(j));
                    assert!(bound >= exact, "{i} {j}: {bound} {exact}");
                    // Within the plane nothing is lost.
                    if i % 3 == 0 && j % 3 == 0 {
                        assert!(bound < exact + 1e-2, "{i} {j}: {bound} {exact}");
                    }
                }
            }
        }
        let widths = [&queries.short, &queries.long].map(Matrix::cols);
        assert!(widths[0] < widths[1] && widths[1] < COLS, "{widths:?}");
    }

    #[test]
    fn what_is_not_finite_has_no_sketch() {
        let x = Matrix::from_vec(1, 12, vec![f32::NAN; 12]);
        let sketch = Sketch::learn(&x, &[0.0; 12], 0.0).expect("in memory");
        assert!(sketch.is_none());
    }
}
