//! Flows of simple steps, whose parameters come from the encoder.

use latentia_tensor::{MatrixMut, MatrixRef};

use crate::posterior::FlowGradients;

/// Steps of one kind on one code after another.
pub(super) struct Steps {
    /// Elements of the context of one step.
    pub(super) context: usize,
    /// Moves a code `z` by the context of a step; `ln |det|`.
    pub(super) forward: fn(h: &[f32], z: &mut [f32]) -> f64,
    /// Turns the gradients `dz` with respect to the code behind the step, and of `factor ln |det|`, into those with respect to the code
    /// `z` before it, and writes those with respect to the context.
    pub(super) backward: fn(h: &[f32], z: &[f32], factor: f64, dz: &mut [f32], dh: &mut [f32]),
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
        h: MatrixRef<'_>,
        z: MatrixRef<'_>,
        factors: &[f32],
        gradients: FlowGradients<'_>,
        before: &mut [f32],
    ) {
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
