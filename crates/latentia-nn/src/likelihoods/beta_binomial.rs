//! Beta-binomial distribution over 8-bit values.

use latentia_tensor::loss::{self, beta_binomial};
use latentia_tensor::{MatrixMut, MatrixRef, Noise};

use super::described::{describe_level, describe_ln_gamma};
use crate::graph::{Graph, Operation, Type, Undescribed, Value};
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
        _workspace: &mut Vec<f32>,
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

    fn describe_losses(
        &self,
        graph: &mut Graph,
        outputs: Value,
        targets: Value,
    ) -> Result<Value, Undescribed> {
        let n = graph.shape(targets)[0];
        let v = describe_level(graph, targets);
        let [alpha, beta] = [[0, n], [n, 2 * n]].map(|own| {
            // exp(12 tanh(x / 12)), tanh y = 1 - 2 / (e²ʸ + 1)
            let own = graph.slice(outputs, own);
            let own = graph.cast(own, Type::F64);
            let twice = graph.times(own, 1.0 / 6.0);
            let power = graph.node(Operation::Exp, &[twice]);
            let above = graph.plus(power, 1.0);
            let minus = graph.scalar(-24.0, above);
            let share = graph.div(minus, above);
            let bent = graph.plus(share, 12.0);
            graph.node(Operation::Exp, &[bent])
        });
        let whole = graph.add(alpha, beta);
        let minus = graph.node(Operation::Neg, &[v]);
        let rest = graph.plus(minus, 255.0);
        // B(α, β) / B(v + α, 255 - v + β) by one function of all six.
        let arguments = [
            alpha,
            graph.add(alpha, v),
            beta,
            graph.add(beta, rest),
            graph.plus(whole, 255.0),
            whole,
        ];
        let arguments = graph.concat(&arguments);
        let gammas = describe_ln_gamma(graph, arguments);
        let gammas = graph.reshape(gammas, &[3, 2, n]);
        let signs = graph.constant("signs", &[2, 1], vec![1.0, -1.0]);
        let gammas = graph.mul(gammas, signs);
        let gammas = graph.reshape(gammas, &[6, n]);
        let loss = graph.node(Operation::ReduceSum(0), &[gammas]);
        // ln C(255, v)
        let mut choices = vec![0.0f64];
        for v in 1..=255 {
            let last = choices[choices.len() - 1];
            choices.push(last + (f64::from(256 - v) / f64::from(v)).ln());
        }
        let choices = graph.constant("choices", &[256], choices);
        let v = graph.cast(v, Type::I64);
        let choices = graph.node(Operation::Gather(0), &[choices, v]);
        let loss = graph.sub(loss, choices);
        Ok(graph.cast(loss, Type::F32))
    }
}
