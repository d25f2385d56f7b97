//! What flows of steps have in common, above all those whose parameters come from the encoder.

use latentia_tensor::{MatrixMut, MatrixRef};

use crate::invalid_spec::{InvalidSpec, require};
use crate::posterior::{FlowGradients, FlowTrace};

/// The way back through a step: from its context `h`, the code `z` before it, the factor on its `ln |det|`, `dz` and `dh`.
type StepBackward = fn(h: &[f32], z: &[f32], factor: f64, dz: &mut [f32], dh: &mut [f32]);

/// Steps of one kind on one code after another.
pub(super) struct Steps {
    /// Elements of the context of one step.
    pub(super) context: usize,
    /// Moves a code `z` by the context of a step; `ln |det|`.
    pub(super) forward: fn(h: &[f32], z: &mut [f32]) -> f64,
    /// Turns the gradients `dz` with respect to the code behind the step, and of `factor ln |det|`, into those with respect to the code
    /// `z` before it, and writes those with respect to the context.
    pub(super) backward: StepBackward,
}

impl Steps {
    /// See [`crate::Posterior::forward`].
    pub(super) fn carry(
        &self,
        h: MatrixRef<'_>,
        mut z: MatrixMut<'_>,
        log_determinant: &mut [f32],
    ) {
        let rows = z.iter_rows_mut().zip(h.iter_rows()).zip(log_determinant);
        for ((z, h), log_determinant) in rows {
            let steps = h.chunks(self.context);
            let sum: f64 = steps.map(|h| (self.forward)(h, z)).sum();
            *log_determinant = sum as f32;
        }
    }

    /// See [`crate::Posterior::backward`]; the workspace has the code before each step.
    pub(super) fn carry_back(
        &self,
        trace: FlowTrace<'_>,
        factors: &[f32],
        gradients: FlowGradients<'_>,
        before: &mut [f32],
    ) {
        let FlowTrace {
            context: h,
            codes: z,
            ..
        } = trace;
        let width = z.cols();
        let FlowGradients {
            mut codes,
            mut context,
            ..
        } = gradients;
        for (row, &factor) in factors.iter().enumerate() {
            let (h, dz, dh) = (h.row(row), codes.row_mut(row), context.row_mut(row));
            let steps = h.len() / self.context;
            let before = &mut before[..steps * width];
            before[..width].copy_from_slice(z.row(row));
            for (step, h) in h.chunks(self.context).take(steps - 1).enumerate() {
                let (_, own) = before.split_at_mut(step * width);
                own.copy_within(..width, width);
                (self.forward)(h, &mut own[width..2 * width]);
            }
            let all = h.chunks(self.context).zip(dh.chunks_mut(self.context));
            for ((h, dh), z) in all.zip(before.chunks(width)).rev() {
                (self.backward)(h, z, factor.into(), dz, dh);
            }
        }
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
