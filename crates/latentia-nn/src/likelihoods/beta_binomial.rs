//! Beta-binomial distribution over 8-bit values.

use latentia_tensor::loss::{self, beta_binomial};
use latentia_tensor::{MatrixMut, MatrixRef, Noise};

use crate::graph::{Graph, Operation, Undescribed, Value};
use crate::likelihood::{Discrete, Likelihood, Support};

/// Beta-binomial distribution over the values 0 to 255, in nats per example; the outputs are `n` values of `ln α`, then `n` of
/// `ln β`. See [`mod@loss::beta_binomial`].
///
/// Targets are `v / 255`, and losses are those of the integers `v`, so that bits per dimension need no correction. A draw is a
/// multiple of 1/255.
#[derive(Clone, Copy, Debug)]
pub struct BetaBinomial;

impl Likelihood for BetaBinomial {
    fn name(&self) -> &'static str {
        "beta-binomial"
    }

    fn support(&self) -> Support {
        Support::Bytes
    }

    fn discrete(&self) -> Option<Discrete> {
        Some(Discrete::BetaBinomial)
    }

    fn has_sigmoid_mean(&self) -> bool {
        true
    }

    fn linear_outputs(&self) -> Option<&'static str> {
        Some("the logarithms of α and β")
    }

    fn outputs(&self, n: usize) -> usize {
        n.saturating_mul(2)
    }

    fn compute(
        &self,
        outputs: MatrixRef<'_>,
        targets: MatrixRef<'_>,
        scale: f32,
        losses: &mut [f64],
        gradient: Option<MatrixMut<'_>>,
    ) {
        loss::beta_binomial(outputs, targets, scale, losses, gradient);
    }

    /// The exact mean over 255.
    fn mean(&self, outputs: MatrixRef<'_>, mean: MatrixMut<'_>) {
        beta_binomial::mean(outputs, mean);
    }

    fn sample(&self, outputs: MatrixRef<'_>, noise: Noise, first_row: u32, mut out: MatrixMut<'_>) {
        let rows = out.iter_rows_mut().zip(outputs.iter_rows());
        for (row, (out, outputs)) in (first_row..).zip(rows) {
            beta_binomial::draw(outputs, noise, row, out);
        }
    }

    fn describe_mean(
        &self,
        graph: &mut Graph,
        outputs: Value,
        n: usize,
    ) -> Result<Value, Undescribed> {
        // σ(ln α - ln β) = α / (α + β)
        let both = [[0, n], [n, 2 * n]].map(|own| {
            let own = graph.slice(outputs, own);
            let bend = graph.times(own, 1.0 / 12.0);
            let bend = graph.node(Operation::Tanh, &[bend]);
            graph.times(bend, 12.0)
        });
        let logit = graph.sub(both[0], both[1]);
        Ok(graph.node(Operation::Sigmoid, &[logit]))
    }
}
