//! Mean squared error.

use latentia_tensor::{MatrixMut, MatrixRef, Noise, loss};

use super::scaled::scaled;
use crate::graph::{Graph, Undescribed, Value};
use crate::likelihood::{Likelihood, Unit};

/// Mean squared error `Σ (o - t)² / n`, a mean over all elements, as Keras reports it; the output is the reconstruction. It
/// has no distribution: a draw is the mean.
#[derive(Clone, Copy, Debug)]
pub struct Mse;

impl Likelihood for Mse {
    fn name(&self) -> &'static str {
        "mse"
    }

    fn unit(&self) -> Unit {
        Unit::SquaredError
    }

    fn compute(
        &self,
        outputs: MatrixRef<'_>,
        targets: MatrixRef<'_>,
        scale: f32,
        losses: &mut [f64],
        gradient: Option<MatrixMut<'_>>,
        _workspace: &mut Vec<f32>,
    ) {
        let factor = 1.0 / targets.cols() as f64;
        let kernel = loss::squared_error;
        scaled(kernel, factor, 0.0)(outputs, targets, scale, losses, gradient);
    }

    fn mean(&self, outputs: MatrixRef<'_>, mut mean: MatrixMut<'_>) {
        mean.as_mut_slice().copy_from_slice(outputs.span());
    }

    fn sample(&self, outputs: MatrixRef<'_>, _noise: Noise, _first_row: u32, out: MatrixMut<'_>) {
        self.mean(outputs, out);
    }

    fn describe_mean(
        &self,
        _graph: &mut Graph,
        outputs: Value,
        _n: usize,
    ) -> Result<Value, Undescribed> {
        Ok(outputs)
    }

    fn describe_losses(
        &self,
        graph: &mut Graph,
        outputs: Value,
        targets: Value,
    ) -> Result<Value, Undescribed> {
        let error = graph.sub(outputs, targets);
        Ok(graph.mul(error, error))
    }
}
