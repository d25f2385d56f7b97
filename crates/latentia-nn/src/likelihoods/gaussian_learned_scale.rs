//! Gaussian distribution with a learned scale for each element.

use latentia_tensor::loss::{self, gaussian};
use latentia_tensor::{MatrixMut, MatrixRef, Noise};

use super::described::{describe_density, describe_log_scale};
use crate::graph::{Graph, Undescribed, Value};
use crate::likelihood::Likelihood;

/// Gaussian with a scale for each element, in nats per example; the outputs are `n` means, then `n` logarithms of scales.
///
/// Scales are bounded below, smoothly: `-6 + softplus(s + 6)` stands for the logarithm `s` of a scale, so that constant pixels
/// do not make a density infinite (σ-VAE: Rybkin et al. 2021).
#[derive(Clone, Copy, Debug)]
pub struct GaussianLearnedScale;

impl Likelihood for GaussianLearnedScale {
    fn name(&self) -> &'static str {
        "gaussian-learned-scale"
    }

    fn is_density(&self) -> bool {
        true
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
        loss::gaussian_learned_scale(outputs, targets, scale, losses, gradient);
    }

    fn mean(&self, outputs: MatrixRef<'_>, mean: MatrixMut<'_>) {
        first_outputs(outputs, mean);
    }

    fn sample(&self, outputs: MatrixRef<'_>, noise: Noise, first_row: u32, out: MatrixMut<'_>) {
        sample(outputs, noise, first_row, out);
    }

    fn describe_mean(
        &self,
        graph: &mut Graph,
        outputs: Value,
        n: usize,
    ) -> Result<Value, Undescribed> {
        Ok(graph.slice(outputs, [0, n]))
    }

    fn describe_losses(
        &self,
        graph: &mut Graph,
        outputs: Value,
        targets: Value,
    ) -> Result<Value, Undescribed> {
        let n = graph.shape(outputs)[0] / 2;
        let [means, scales] = [[0, n], [n, 2 * n]].map(|own| graph.slice(outputs, own));
        let scales = describe_log_scale(graph, scales, gaussian::LEAST);
        Ok(describe_density(graph, [means, targets], scales))
    }
}

/// The first `n` outputs: `[rows, n]`.
pub(super) fn first_outputs(outputs: MatrixRef<'_>, mut mean: MatrixMut<'_>) {
    let n = mean.cols();
    for (mean, outputs) in mean.iter_rows_mut().zip(outputs.iter_rows()) {
        mean.copy_from_slice(&outputs[..n]);
    }
}

/// Draws from Gaussians whose scales, one for each element or one for all, stand behind the means.
pub(super) fn sample(outputs: MatrixRef<'_>, noise: Noise, first_row: u32, mut out: MatrixMut<'_>) {
    let n = out.cols();
    let rows = out.iter_rows_mut().zip(outputs.iter_rows());
    for (row, (out, outputs)) in (first_row..).zip(rows) {
        let (means, scales) = outputs.split_at(n);
        noise.normal(row, out);
        gaussian::scale_and_shift(out, means, scales);
    }
}
