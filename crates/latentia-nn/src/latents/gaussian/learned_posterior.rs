//! The posterior of a Gaussian code, where a normalising flow carries its samples on.

use std::sync::Arc;

use latentia_tensor::{MatrixMut, MatrixRef, update};

use super::samples::shift_and_scale;
use crate::layer::{BackwardMemory, Mode, Parameter, ParameterSpec, Trace};
use crate::posterior::{FlowGradients, FlowTrace, POSTERIOR_ROWS, Posterior};

/// A flow behind the samples of a Gaussian, and what it learns, in the last layer of a latent.
#[derive(Clone, Debug)]
pub(super) struct LearnedPosterior {
    pub(super) posterior: Arc<dyn Posterior>,
    pub(super) parameters: Vec<ParameterSpec>,
    width: usize,
}

/// A workspace taken apart, for up to 64 codes.
struct Workspace<'a> {
    /// Samples of the Gaussian, `[rows, n]`.
    codes: &'a mut [f32],
    /// The context of each of them, `[rows, c]`.
    context: &'a mut [f32],
    /// Gradients with respect to it, `[rows, c]`.
    context_gradients: &'a mut [f32],
    /// That of the flow.
    rest: &'a mut [f32],
}

impl LearnedPosterior {
    /// For codes of `width` elements.
    pub(super) fn new(posterior: Arc<dyn Posterior>, width: usize) -> Self {
        Self {
            parameters: posterior.parameters(width),
            posterior,
            width,
        }
    }

    /// Elements of the context.
    pub(super) fn context(&self) -> usize {
        self.posterior.context(self.width)
    }

    pub(super) fn workspace(&self) -> usize {
        let of_row = self.width + 2 * self.context();
        POSTERIOR_ROWS * of_row + self.posterior.workspace(self.width)
    }

    fn take_apart<'a>(&self, workspace: &'a mut [f32]) -> Workspace<'a> {
        let (codes, rest) = workspace.split_at_mut(POSTERIOR_ROWS * self.width);
        let (context, rest) = rest.split_at_mut(POSTERIOR_ROWS * self.context());
        let (context_gradients, rest) = rest.split_at_mut(POSTERIOR_ROWS * self.context());
        Workspace {
            codes,
            context,
            context_gradients,
            rest,
        }
    }

    /// Gathers the context of `rows` codes from code `first` on, `samples` of each row of the layer's input `x`.
    fn gather<'a>(
        &self,
        x: MatrixRef<'_>,
        samples: usize,
        (first, rows): (usize, usize),
        context: &'a mut [f32],
    ) -> MatrixRef<'a> {
        let size = self.context();
        let context = &mut context[..rows * size];
        for (row, context) in (first..).zip(context.chunks_mut(size)) {
            context.copy_from_slice(&x.row(row / samples)[2 * self.width..]);
        }
        MatrixRef::new(context, rows, size)
    }

    /// Elements that are saved for each code.
    pub(super) fn saved(&self) -> usize {
        self.posterior.saved(self.width)
    }

    /// Carries the samples `z` of the Gaussian on, and saves `ln |det|` behind the `ε` and `σ` of each, with what the flow saves; NaN in evaluation, where
    /// nothing asks for it.
    pub(super) fn carry(
        &self,
        parameters: &[Parameter],
        mode: Mode,
        x: MatrixRef<'_>,
        z: MatrixMut<'_>,
        mut saved: MatrixMut<'_>,
        workspace: &mut [f32],
    ) {
        let (mut z, workspace) = (z, self.take_apart(workspace));
        let samples = z.rows() / x.rows().max(1);
        let mut log_determinant = [0.0; POSTERIOR_ROWS];
        let mut first = 0;
        for codes in z.as_mut_slice().chunks_mut(POSTERIOR_ROWS * self.width) {
            let rows = codes.len() / self.width;
            let h = self.gather(x, samples, (first, rows), &mut *workspace.context);
            let columns = saved.cols();
            let own = &mut saved.as_mut_slice()[first * columns..][..rows * columns];
            self.posterior.forward(
                parameters,
                h,
                MatrixMut::new(codes, rows, self.width),
                &mut log_determinant[..rows],
                MatrixMut::new(own, rows, columns),
                &mut *workspace.rest,
            );
            for (row, ln) in (first..first + rows).zip(log_determinant) {
                saved.row_mut(row)[2 * self.width] = match mode {
                    Mode::Eval => f32::NAN,
                    Mode::Train | Mode::Sample | Mode::Corrupted => ln,
                };
            }
            first += rows;
        }
    }

    /// Turns the gradients `dz` with respect to the codes into those with respect to the samples of the Gaussian, writes those with
    /// respect to the context to `dx`, and adds those with respect to the parameters to the partial sums, which begin with them.
    pub(super) fn backward(
        &self,
        parameters: &[Parameter],
        trace: Trace<'_>,
        dz: &mut MatrixMut<'_>,
        mut dx: Option<&mut MatrixMut<'_>>,
        memory: BackwardMemory<'_>,
    ) {
        let (width, size) = (self.width, self.context());
        let samples = dz.rows() / trace.x.rows().max(1);
        let BackwardMemory {
            mut partial_sums,
            workspace,
        } = memory;
        let workspace = self.take_apart(workspace);
        let mut first = 0;
        for dz in dz.as_mut_slice().chunks_mut(POSTERIOR_ROWS * width) {
            let rows = dz.len() / width;
            // Nothing depends on the densities where nobody asks for their gradients.
            let mut factors = [0.0; POSTERIOR_ROWS];
            let own = trace.log_prior_gradients.iter().skip(first);
            factors.iter_mut().zip(own).for_each(|(to, own)| *to = *own);
            let own = trace.posterior_factors.iter().skip(first);
            factors.iter_mut().zip(own).for_each(|(to, own)| *to *= own);
            let factors = &factors[..rows];
            let h = self.gather(trace.x, samples, (first, rows), &mut *workspace.context);
            let codes = &mut workspace.codes[..rows * width];
            for (row, z) in (first..).zip(codes.chunks_mut(width)) {
                let (epsilon, sigma) = trace.saved.row(row).split_at(width);
                shift_and_scale(trace.x.row(row / samples), epsilon, sigma, z);
            }
            let dh = &mut workspace.context_gradients[..rows * size];
            let own = partial_sums.as_deref_mut();
            let gradients = FlowGradients {
                codes: MatrixMut::new(dz, rows, width),
                context: MatrixMut::new(dh, rows, size),
                parameters: own,
            };
            let columns = trace.saved.cols();
            let own = &trace.saved.span()[first * columns..][..rows * columns];
            let own = MatrixRef::new(own, rows, columns);
            let trace = FlowTrace {
                context: h,
                codes: MatrixRef::new(codes, rows, width),
                saved: own.columns(columns - self.saved()..columns),
            };
            let workspace = &mut *workspace.rest;
            (self.posterior).backward(parameters, trace, factors, gradients, workspace);
            if let Some(dx) = &mut dx {
                for (row, dh) in (first..).zip(dh.chunks(size)) {
                    let own = &mut dx.row_mut(row / samples)[2 * width..];
                    match row % samples {
                        0 => own.copy_from_slice(dh),
                        _ => update(own, dh, |sum, dh| sum + dh),
                    }
                }
            }
            first += rows;
        }
    }
}

/// What a layer of `width` elements takes: the parameters of a Gaussian, and the context of a flow.
pub(super) fn inputs(width: usize, posterior: Option<&dyn Posterior>) -> usize {
    let context = posterior.map_or(0, |own| own.context(width));
    width.saturating_mul(2).saturating_add(context)
}
