//! Outputs as one number.

use latentia_tensor::{Matrix, MatrixMut, MatrixRef, Noise, map};

use crate::likelihood::Likelihood;

/// `Σ d y`, the projection of each row of outputs on a direction that is fixed for its place in a block: a loss whose gradient is
/// that direction. It is summed in f64, so that outputs which do not move add no rounding to a difference.
#[derive(Debug)]
pub(super) struct Projection {
    /// `[rows, outputs]`
    directions: Matrix,
}

impl Projection {
    /// On random directions in `[-1, 1)`, for blocks of up to `rows` rows.
    pub(super) fn new(rows: usize, outputs: usize, noise: Noise) -> Self {
        let mut directions = Matrix::zeros(rows, outputs);
        noise.uniform(0, directions.as_mut_slice());
        for d in directions.as_mut_slice() {
            *d = 2.0 * *d - 1.0;
        }
        Self { directions }
    }

    /// On nothing: no output counts.
    pub(super) fn zero(rows: usize, outputs: usize) -> Self {
        Self {
            directions: Matrix::zeros(rows, outputs),
        }
    }

    /// The projection of a row.
    fn row(&self, row: usize, y: &[f32]) -> f64 {
        let directions = self.directions.row(row).iter();
        let products = directions
            .zip(y)
            .map(|(d, y)| f64::from(*d) * f64::from(*y));
        products.sum()
    }

    /// Writes the gradient of [`Self::sum`] by the outputs, times `scale`.
    pub(super) fn write_gradient(&self, scale: f32, mut gradient: MatrixMut<'_>) {
        for (row, dy) in gradient.iter_rows_mut().enumerate() {
            map(dy, self.directions.row(row), |d| scale * d);
        }
    }

    /// The projection of all rows of outputs.
    pub(super) fn sum(&self, outputs: MatrixRef<'_>) -> f64 {
        let rows = outputs.iter_rows().enumerate();
        rows.map(|(row, y)| self.row(row, y)).sum()
    }
}

impl Likelihood for Projection {
    fn name(&self) -> &'static str {
        "projection"
    }

    fn compute(
        &self,
        outputs: MatrixRef<'_>,
        _targets: MatrixRef<'_>,
        scale: f32,
        losses: &mut [f64],
        gradient: Option<MatrixMut<'_>>,
        _workspace: &mut Vec<f32>,
    ) {
        for ((row, y), loss) in outputs.iter_rows().enumerate().zip(losses) {
            *loss = self.row(row, y);
        }
        if let Some(gradient) = gradient {
            self.write_gradient(scale, gradient);
        }
    }

    fn mean(&self, _outputs: MatrixRef<'_>, _mean: MatrixMut<'_>) {}

    fn sample(&self, _outputs: MatrixRef<'_>, _noise: Noise, _first_row: u32, _out: MatrixMut<'_>) {
    }
}
