//! Logistic distribution over 8-bit values.

use latentia_tensor::loss::{self, discretised_logistic};
use latentia_tensor::{MatrixMut, MatrixRef, Noise};

use super::described::{describe_level, describe_log_scale, describe_softplus};
use crate::graph::{Graph, Operation, Type, Undescribed, Value};
use crate::likelihood::{Discrete, Likelihood, Support};

/// Logistic distribution over the values 0 to 255 (Salimans et al. 2017), in nats per example; the outputs are `n` means, then
/// `n` logarithms of scales, both on the scale where 255 is 1. See [`mod@loss::discretised_logistic`].
///
/// Targets are `v / 255`, and losses are those of the integers `v`, so that bits per dimension need no correction. The
/// logarithm of a scale is bounded below at -8, smoothly. A draw is a multiple of 1/255.
#[derive(Clone, Copy, Debug)]
pub struct DiscretisedLogistic;

impl Likelihood for DiscretisedLogistic {
    fn name(&self) -> &'static str {
        "discretised-logistic"
    }

    fn support(&self) -> Support {
        Support::Bytes
    }

    fn discrete(&self) -> Option<Discrete> {
        Some(Discrete::DiscretisedLogistic)
    }

    fn linear_outputs(&self) -> Option<&'static str> {
        Some("means and the logarithms of scales")
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
        loss::discretised_logistic(outputs, targets, scale, losses, gradient);
    }

    /// The exact mean over 255.
    fn mean(&self, outputs: MatrixRef<'_>, mean: MatrixMut<'_>) {
        discretised_logistic::mean(outputs, mean);
    }

    fn sample(&self, outputs: MatrixRef<'_>, noise: Noise, first_row: u32, mut out: MatrixMut<'_>) {
        let rows = out.iter_rows_mut().zip(outputs.iter_rows());
        for (row, (out, outputs)) in (first_row..).zip(rows) {
            discretised_logistic::draw(outputs, noise, row, out);
        }
    }

    fn describe_mean(
        &self,
        graph: &mut Graph,
        outputs: Value,
        n: usize,
    ) -> Result<Value, Undescribed> {
        // Σ P(V > k) / 255, where `P(V > k) = σ((255 m - k - ½) / s)`
        let [means, scales] = [[0, n], [n, 2 * n]].map(|own| {
            let own = graph.slice(outputs, own);
            graph.reshape(own, &[n, 1])
        });
        let scales = describe_log_scale(graph, scales, discretised_logistic::LEAST);
        let scales = graph.node(Operation::Exp, &[scales]);
        let borders = (0..255)
            .map(|k| (k as f32 + 0.5) / 255.0)
            .collect::<Vec<_>>();
        let borders = graph.constant("borders", &[255], borders);
        let beyond = graph.sub(means, borders);
        let beyond = graph.div(beyond, scales);
        let beyond = graph.node(Operation::Sigmoid, &[beyond]);
        Ok(graph.node(Operation::ReduceMean(1), &[beyond]))
    }

    fn describe_losses(
        &self,
        graph: &mut Graph,
        outputs: Value,
        targets: Value,
    ) -> Result<Value, Undescribed> {
        let n = graph.shape(targets)[0];
        let v = describe_level(graph, targets);
        let [means, scales] = [[0, n], [n, 2 * n]].map(|own| {
            let own = graph.slice(outputs, own);
            graph.cast(own, Type::F64)
        });
        let scales = describe_log_scale(graph, scales, discretised_logistic::LEAST);
        let minus = graph.node(Operation::Neg, &[scales]);
        let ln_width = graph.plus(minus, -(255f64.ln()));
        let width = graph.node(Operation::Exp, &[ln_width]);
        // b = (v + ½ - 255 m) / s, a = (v - ½ - 255 m) / s
        let means = graph.times(means, 255.0);
        let away = graph.sub(v, means);
        let [a, b] = [-0.5, 0.5].map(|half| {
            let end = graph.plus(away, half);
            graph.mul(end, width)
        });
        let minus = graph.node(Operation::Neg, &[b]);
        let below = describe_softplus(graph, minus);
        let above = describe_softplus(graph, a);
        // ln(1 - e⁻ᵈ), which is ln d - d / 2 near 0
        let minus = graph.node(Operation::Neg, &[width]);
        let share = graph.node(Operation::Exp, &[minus]);
        let minus = graph.node(Operation::Neg, &[share]);
        let share = graph.plus(minus, 1.0);
        let far = graph.node(Operation::Log, &[share]);
        let half = graph.times(width, -0.5);
        let near = graph.add(ln_width, half);
        let border = graph.scalar(1e-5, width);
        let is_near = graph.node(Operation::Less, &[width, border]);
        let mass = graph.node(Operation::Where, &[is_near, near, far]);
        let both = graph.add(below, above);
        let between = graph.sub(both, mass);
        let [first, last] = [0.5, 254.5].map(|end| graph.scalar(end, v));
        let is_first = graph.node(Operation::Less, &[v, first]);
        let is_last = graph.node(Operation::Greater, &[v, last]);
        let loss = graph.node(Operation::Where, &[is_last, above, between]);
        let loss = graph.node(Operation::Where, &[is_first, below, loss]);
        Ok(graph.cast(loss, Type::F32))
    }
}
