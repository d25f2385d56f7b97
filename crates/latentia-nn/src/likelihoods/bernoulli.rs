//! Bernoulli distribution on logits.

use latentia_tensor::{MatrixMut, MatrixRef, Noise, loss, map_in_place, math, update};

use super::described::describe_cross_entropy;
use crate::graph::{Graph, Operation, Undescribed, Value};
use crate::likelihood::{Discrete, Likelihood, Support};

/// Bernoulli on logits, in nats per example: `-Σ (t ln σ(o) + (1 - t) ln(1 - σ(o)))`; targets lie in `[0, 1]`. A draw is 0 or
/// 1.
#[derive(Clone, Copy, Debug)]
pub struct Bernoulli;

impl Likelihood for Bernoulli {
    fn name(&self) -> &'static str {
        "bernoulli"
    }

    fn support(&self) -> Support {
        Support::UnitInterval
    }

    fn discrete(&self) -> Option<Discrete> {
        Some(Discrete::Bernoulli)
    }

    fn has_sigmoid_mean(&self) -> bool {
        true
    }

    fn linear_outputs(&self) -> Option<&'static str> {
        Some("logits and applies the sigmoid itself")
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
        loss::binary_cross_entropy(outputs, targets, scale, losses, gradient);
    }

    /// `σ(o)`
    fn mean(&self, outputs: MatrixRef<'_>, mut mean: MatrixMut<'_>) {
        mean.as_mut_slice().copy_from_slice(outputs.span());
        map_in_place(mean.as_mut_slice(), math::sigmoid);
    }

    fn sample(&self, outputs: MatrixRef<'_>, noise: Noise, first_row: u32, mut out: MatrixMut<'_>) {
        let rows = out.iter_rows_mut().zip(outputs.iter_rows());
        for (row, (out, outputs)) in (first_row..).zip(rows) {
            noise.uniform(row, out);
            update(out, outputs, |u, o| f32::from(u < math::sigmoid(o)));
        }
    }

    fn describe_mean(
        &self,
        graph: &mut Graph,
        outputs: Value,
        _n: usize,
    ) -> Result<Value, Undescribed> {
        Ok(graph.node(Operation::Sigmoid, &[outputs]))
    }

    fn describe_losses(
        &self,
        graph: &mut Graph,
        outputs: Value,
        targets: Value,
    ) -> Result<Value, Undescribed> {
        Ok(describe_cross_entropy(graph, outputs, targets))
    }
}
