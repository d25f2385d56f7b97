//! Gaussian distribution with one learned scale.

use latentia_tensor::loss::{self, gaussian};
use latentia_tensor::{MatrixMut, MatrixRef, Noise};

use super::described::{describe_density, describe_log_scale};
use super::gaussian_learned_scale::{first_outputs, sample};
use super::shared::Shared;
use crate::graph::{Graph, Undescribed, Value};
use crate::layer::Layer;
use crate::likelihood::Likelihood;

/// Gaussian with one learned scale for all elements of all examples, in nats per example; the outputs are `n` means and the
/// scale's logarithm, which [`Shared`] appends. The scale is bounded below as that of
/// [`super::GaussianLearnedScale`].
#[derive(Clone, Copy, Debug)]
pub struct GaussianSharedScale;

impl Likelihood for GaussianSharedScale {
    fn name(&self) -> &'static str {
        "gaussian-shared-scale"
    }

    fn is_density(&self) -> bool {
        true
    }

    fn outputs(&self, n: usize) -> usize {
        n.saturating_add(1)
    }

    fn last_layer(&self, n: usize) -> Option<Box<dyn Layer>> {
        Some(Box::new(Shared::scales(n, 1)))
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
        loss::gaussian_shared_scale(outputs, targets, scale, losses, gradient);
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
        let n = graph.shape(outputs)[0] - 1;
        let [means, scale] = [[0, n], [n, n + 1]].map(|own| graph.slice(outputs, own));
        let scale = describe_log_scale(graph, scale, gaussian::LEAST);
        Ok(describe_density(graph, [means, targets], scale))
    }
}
