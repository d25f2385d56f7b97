//! Binary cross-entropy.

use latentia_tensor::{MatrixMut, MatrixRef, Noise, loss};

use super::bernoulli::Bernoulli;
use super::scaled::scaled;
use crate::graph::{Graph, Undescribed, Value};
use crate::likelihood::{Likelihood, Support, Unit};

/// Binary cross-entropy `-Σ (t ln σ(o) + (1 - t) ln(1 - σ(o))) / n`, a mean over all elements, as Keras reports it; the output
/// is logits, targets lie in `[0, 1]`. [`Bernoulli`] over `n`.
#[derive(Clone, Copy, Debug)]
pub struct Bce;

impl Likelihood for Bce {
    fn name(&self) -> &'static str {
        "bce"
    }

    fn unit(&self) -> Unit {
        Unit::NatsPerElement
    }

    fn support(&self) -> Support {
        Bernoulli.support()
    }

    fn has_sigmoid_mean(&self) -> bool {
        Bernoulli.has_sigmoid_mean()
    }

    fn linear_outputs(&self) -> Option<&'static str> {
        Bernoulli.linear_outputs()
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
        let kernel = loss::binary_cross_entropy;
        scaled(kernel, factor, 0.0)(outputs, targets, scale, losses, gradient);
    }

    fn mean(&self, outputs: MatrixRef<'_>, mean: MatrixMut<'_>) {
        Bernoulli.mean(outputs, mean);
    }

    fn sample(&self, outputs: MatrixRef<'_>, noise: Noise, first_row: u32, out: MatrixMut<'_>) {
        Bernoulli.sample(outputs, noise, first_row, out);
    }

    fn describe_mean(
        &self,
        graph: &mut Graph,
        outputs: Value,
        n: usize,
    ) -> Result<Value, Undescribed> {
        Bernoulli.describe_mean(graph, outputs, n)
    }

    fn describe_losses(
        &self,
        graph: &mut Graph,
        outputs: Value,
        targets: Value,
    ) -> Result<Value, Undescribed> {
        Bernoulli.describe_losses(graph, outputs, targets)
    }
}
