//! Gaussian distribution of unit scale.

use std::f64::consts::PI;

use latentia_tensor::{MatrixMut, MatrixRef, Noise, loss, update};

use super::described::describe_density;
use super::scaled::scaled;
use crate::graph::{Graph, Undescribed, Value};
use crate::likelihood::Likelihood;

/// Gaussian of unit scale, in nats per example: `Σ (o - t)² / 2 + n ln(2π) / 2`; the output is the mean.
#[derive(Clone, Copy, Debug)]
pub struct Gaussian;

impl Likelihood for Gaussian {
    fn name(&self) -> &'static str {
        "gaussian"
    }

    fn is_density(&self) -> bool {
        true
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
        let constant = targets.cols() as f64 * 0.5 * (2.0 * PI).ln();
        let kernel = loss::squared_error;
        scaled(kernel, 0.5, constant)(outputs, targets, scale, losses, gradient);
    }

    fn mean(&self, outputs: MatrixRef<'_>, mut mean: MatrixMut<'_>) {
        mean.as_mut_slice().copy_from_slice(outputs.span());
    }

    fn sample(&self, outputs: MatrixRef<'_>, noise: Noise, first_row: u32, mut out: MatrixMut<'_>) {
        let rows = out.iter_rows_mut().zip(outputs.iter_rows());
        for (row, (out, outputs)) in (first_row..).zip(rows) {
            noise.normal(row, out);
            update(out, outputs, |epsilon, o| o + epsilon);
        }
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
        let one = graph.scalar(0.0, outputs);
        Ok(describe_density(graph, [outputs, targets], one))
    }
}
