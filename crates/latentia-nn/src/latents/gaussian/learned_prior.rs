//! The prior of a Gaussian code, where it is learned.

use std::ops::Range;
use std::sync::Arc;

use latentia_tensor::{Accumulate, MatrixMut, MatrixRef, update};

use crate::layer::{BackwardMemory, Mode, Parameter, ParameterSpec, Trace};
use crate::prior::{PRIOR_ROWS, Prior};

/// A prior that is learned, and what it learns, in the last layer of a latent.
#[derive(Clone, Debug)]
pub(super) struct LearnedPrior {
    pub(super) prior: Arc<dyn Prior>,
    pub(super) parameters: Vec<ParameterSpec>,
}

impl LearnedPrior {
    /// For codes of `width` elements.
    pub(super) fn new(prior: Arc<dyn Prior>, width: usize) -> Self {
        let parameters = prior.parameters(width);
        Self { prior, parameters }
    }

    /// Elements of the parameters before parameter `index`.
    fn before(&self, index: usize) -> usize {
        let parameters = self.parameters[..index].iter();
        parameters.map(|p| p.rows * p.cols).sum()
    }

    /// Elements of all parameters.
    pub(super) fn elements(&self) -> usize {
        self.before(self.parameters.len())
    }

    /// Saves `ln p(z)` of each code behind its `ε` and `σ`; NaN in evaluation, where nothing asks for it.
    pub(super) fn save_log_density(
        &self,
        parameters: &[Parameter],
        mode: Mode,
        z: MatrixRef<'_>,
        mut saved: MatrixMut<'_>,
        workspace: &mut [f32],
    ) {
        let width = z.cols();
        let mut log_density = [f32::NAN; PRIOR_ROWS];
        for first in (0..z.rows()).step_by(PRIOR_ROWS) {
            let rows = PRIOR_ROWS.min(z.rows() - first);
            if mode != Mode::Eval {
                let z = MatrixRef::new(&z.span()[first * width..][..rows * width], rows, width);
                let log_density = &mut log_density[..rows];
                self.prior
                    .log_density(parameters, z, log_density, workspace);
            }
            for (row, ln_p) in (first..first + rows).zip(log_density) {
                saved.row_mut(row)[2 * width] = ln_p;
            }
        }
    }

    /// Adds to `dz` the gradients of `ln p(z)` by the codes, and leaves those by the parameters in the partial sums.
    pub(super) fn backward(
        &self,
        parameters: &[Parameter],
        trace: Trace<'_>,
        dz: &mut MatrixMut<'_>,
        memory: BackwardMemory<'_>,
    ) {
        let BackwardMemory {
            mut partial_sums,
            workspace,
        } = memory;
        if let Some(sums) = &mut partial_sums {
            sums.fill(0.0);
        }
        let width = trace.y.cols();
        let all = trace.y.span().chunks(PRIOR_ROWS * width);
        let gradients = dz.as_mut_slice().chunks_mut(PRIOR_ROWS * width);
        let factors = trace.log_prior_gradients.chunks(PRIOR_ROWS);
        for ((z, dz), factors) in all.zip(gradients).zip(factors) {
            let rows = factors.len();
            self.prior.backward(
                parameters,
                MatrixRef::new(z, rows, width),
                factors,
                MatrixMut::new(dz, rows, width),
                partial_sums.as_deref_mut(),
                workspace,
            );
        }
    }

    /// Rows `rows` of the gradient of parameter `index`, from the partial sums.
    pub(super) fn gradient(
        &self,
        index: usize,
        rows: Range<usize>,
        trace: Trace<'_>,
        accumulate: Accumulate,
        mut out: MatrixMut<'_>,
    ) {
        let (before, cols) = (self.before(index), self.parameters[index].cols);
        let own = &trace.partial_sums[before + rows.start * cols..before + rows.end * cols];
        match accumulate {
            Accumulate::Replace => out.as_mut_slice().copy_from_slice(own),
            Accumulate::Add => update(out.as_mut_slice(), own, |sum, own| sum + own),
        }
    }
}
