//! What flows of steps have in common, above all those whose parameters come from the encoder.

use std::fmt::Debug;

use latentia_tensor::{MatrixMut, MatrixRef};

use crate::graph::{Graph, Undescribed, Value};
use crate::invalid_spec::{InvalidSpec, require};
use crate::layer::Parameter;
use crate::posterior::{FlowGradients, FlowTrace, Posterior};

/// A flow of steps of one kind whose parameters come from the encoder, for every example: the context, `[steps, c]`. Nothing else is
/// learned.
pub trait StepFlow: Debug + Send + Sync {
    /// Its name in a specification.
    const NAME: &'static str;

    /// How many steps there are.
    fn steps(&self) -> usize;

    /// Elements of the context of one step, `c`, for codes of `width` elements.
    fn context_of_step(width: usize) -> usize;

    /// Multiplications of one step for one code.
    fn multiplications_of_step(width: usize) -> usize;

    /// Moves a code `z` by the context `h` of a step; `ln |det|`.
    fn forward_step(h: &[f32], z: &mut [f32]) -> f64;

    /// Turns the gradients `dz` with respect to the code behind the step, and of `factor ln |det|`, into those with respect to the code
    /// `z` before it, and writes those with respect to the context.
    fn backward_step(h: &[f32], z: &[f32], factor: f64, dz: &mut [f32], dh: &mut [f32]);

    /// Adds to `graph` what a step makes of `z`, `[n]`, by the elements of `h` from `first` on.
    fn describe_step(graph: &mut Graph, h: Value, first: usize, z: Value) -> Value;
}

impl<F: StepFlow> Posterior for F {
    fn name(&self) -> &'static str {
        F::NAME
    }

    fn check(&self, _width: usize) -> Result<(), InvalidSpec> {
        check_steps(F::NAME, self.steps())
    }

    fn context(&self, width: usize) -> usize {
        self.steps() * F::context_of_step(width)
    }

    /// The code before each step: `[steps, n]`.
    fn workspace(&self, width: usize) -> usize {
        self.steps() * width
    }

    fn multiplications(&self, width: usize) -> usize {
        self.steps() * F::multiplications_of_step(width)
    }

    fn forward(
        &self,
        _parameters: &[Parameter],
        h: MatrixRef<'_>,
        mut z: MatrixMut<'_>,
        log_determinant: &mut [f32],
        _saved: MatrixMut<'_>,
        _workspace: &mut [f32],
    ) {
        let context = F::context_of_step(z.cols());
        let rows = z.iter_rows_mut().zip(h.iter_rows()).zip(log_determinant);
        for ((z, h), log_determinant) in rows {
            let sum: f64 = h.chunks(context).map(|h| F::forward_step(h, z)).sum();
            *log_determinant = sum as f32;
        }
    }

    fn backward(
        &self,
        _parameters: &[Parameter],
        trace: FlowTrace<'_>,
        factors: &[f32],
        mut gradients: FlowGradients<'_>,
        before: &mut [f32],
    ) {
        let width = trace.codes.cols();
        let (steps, context) = (self.steps(), F::context_of_step(width));
        let before = &mut before[..steps * width];
        for (row, &factor) in factors.iter().enumerate() {
            let h = trace.context.row(row);
            let dz = gradients.codes.row_mut(row);
            let dh = gradients.context.row_mut(row);
            before[..width].copy_from_slice(trace.codes.row(row));
            for (step, h) in h.chunks(context).take(steps - 1).enumerate() {
                let (_, own) = before.split_at_mut(step * width);
                own.copy_within(..width, width);
                F::forward_step(h, &mut own[width..2 * width]);
            }
            let all = h.chunks(context).zip(dh.chunks_mut(context));
            for ((h, dh), z) in all.zip(before.chunks(width)).rev() {
                F::backward_step(h, z, factor.into(), dz, dh);
            }
        }
    }

    fn describe(
        &self,
        graph: &mut Graph,
        _parameters: &[Parameter],
        h: Value,
        mut z: Value,
    ) -> Result<Value, Undescribed> {
        let context = F::context_of_step(graph.shape(z)[0]);
        for step in 0..self.steps() {
            z = F::describe_step(graph, h, step * context, z);
        }
        Ok(z)
    }
}

/// The most steps of a flow.
const MOST_STEPS: usize = 256;

/// Refuses a flow of too many steps or none.
pub(super) fn check_steps(name: &str, steps: usize) -> Result<(), InvalidSpec> {
    require(
        (1..=MOST_STEPS).contains(&steps),
        || format!("has a posterior of kind {name} of {steps} steps"),
        "it must have from 1 to 256",
    )
}

/// `ln(1 + eˣ)`, without overflow.
pub(super) fn softplus(x: f64) -> f64 {
    x.max(0.0) + libm::log1p(libm::exp(-x.abs()))
}

/// `1 / (1 + e⁻ˣ)`
pub(super) fn sigmoid(x: f64) -> f64 {
    let e = libm::exp(-x.abs());
    if x < 0.0 {
        e / (1.0 + e)
    } else {
        1.0 / (1.0 + e)
    }
}

pub(super) fn dot(x: &[f32], y: &[f32]) -> f64 {
    let products = x.iter().zip(y).map(|(x, y)| f64::from(*x) * f64::from(*y));
    products.sum()
}
