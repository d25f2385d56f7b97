//! Gaussian distribution with one learned scale.

use std::ops::Range;

use latentia_tensor::loss::{self, gaussian};
use latentia_tensor::{Accumulate, MatrixMut, MatrixRef, Noise};

use super::described::{describe_density, describe_log_scale};
use super::gaussian_learned_scale::{first_outputs, sample};
use crate::Shape;
use crate::graph::{Graph, Operation, Undescribed, Value};
use crate::layer::{
    BackwardMemory, ForwardMemory, Initializer, Layer, Parameter, ParameterRole, ParameterSpec,
    Pass, Trace,
};
use crate::likelihood::Likelihood;

/// Gaussian with one learned scale for all elements of all examples, in nats per example; the outputs are `n` means and the
/// scale's logarithm, which [`SharedScale`] appends. The scale is bounded below as that of
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
        Some(Box::new(SharedScale::new(n, 1)))
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

/// Appends the same learned elements to every row, `y = [x, s]`: logarithms of the scales that all rows share, one for all elements or
/// one for each column. They begin at 0, a scale of 1.
///
/// Shapes: `x` `[rows, n]`, `y` `[rows, n + scales]`, the parameter `log-scale` `[1, scales]`.
#[derive(Clone, Debug)]
pub struct SharedScale {
    width: usize,
    scales: usize,
}

impl SharedScale {
    /// A layer that appends `scales` elements to rows of `width`.
    pub fn new(width: usize, scales: usize) -> Self {
        Self { width, scales }
    }
}

impl Layer for SharedScale {
    fn name(&self) -> String {
        match self.scales {
            1 => "shared scale".into(),
            scales => format!("shared scales, {scales}"),
        }
    }

    fn inputs(&self) -> usize {
        self.width
    }

    fn output(&self) -> Shape {
        Shape::Flat(self.width.saturating_add(self.scales))
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        vec![ParameterSpec::new(
            ParameterRole::Shift,
            "log-scale",
            [1, self.scales],
            Initializer::Zeros,
        )]
    }

    fn forward(
        &self,
        parameters: &[Parameter],
        _pass: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        _memory: ForwardMemory<'_>,
    ) {
        let log_scales = parameters[0].value.as_slice();
        for (y, x) in y.iter_rows_mut().zip(x.iter_rows()) {
            let (own, scales) = y.split_at_mut(self.width);
            own.copy_from_slice(x);
            scales.copy_from_slice(log_scales);
        }
    }

    fn backward(
        &self,
        _parameters: &[Parameter],
        _trace: Trace<'_>,
        dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
        _memory: BackwardMemory<'_>,
    ) {
        let Some(mut dx) = dx else { return };
        for (dx, dy) in dx.iter_rows_mut().zip(dy.as_ref().iter_rows()) {
            dx.copy_from_slice(&dy[..self.width]);
        }
    }

    fn gradient(
        &self,
        _index: usize,
        _rows: Range<usize>,
        _trace: Trace<'_>,
        dy: MatrixRef<'_>,
        accumulate: Accumulate,
        mut out: MatrixMut<'_>,
    ) {
        for (at, out) in (self.width..).zip(out.as_mut_slice()) {
            let sum: f32 = dy.iter_rows().map(|dy| dy[at]).sum();
            *out = match accumulate {
                Accumulate::Replace => sum,
                Accumulate::Add => *out + sum,
            };
        }
    }

    fn describe(
        &self,
        graph: &mut Graph,
        parameters: &[Parameter],
        inputs: &[Value],
    ) -> Result<Value, Undescribed> {
        let x = graph.flat(inputs[0]);
        let padded = graph.node(Operation::Pad(self.scales), &[x]);
        let own = parameters[0].value.as_slice();
        let behind = [&vec![0.0; self.width], own].concat();
        let behind = graph.constant(parameters[0].name, &[behind.len()], behind);
        Ok(graph.add(padded, behind))
    }
}
