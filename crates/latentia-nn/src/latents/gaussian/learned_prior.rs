//! The prior of a Gaussian code, where it is learned.

use std::sync::Arc;

use latentia_tensor::{MatrixMut, MatrixRef};

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

    /// Saves `ln p(z)` of each code behind its `ε` and `σ`, where a posterior has carried it added to its `ln |det|` there; NaN in
    /// evaluation, where nothing asks for it.
    pub(super) fn save_log_density(
        &self,
        parameters: &[Parameter],
        mode: Mode,
        (z, is_carried): (MatrixRef<'_>, bool),
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
                let own = &mut saved.row_mut(row)[2 * width];
                *own = if is_carried { *own + ln_p } else { ln_p };
            }
        }
    }

    /// Adds to `dz` the gradients of `ln p(z)` by the codes, and those by the parameters to the partial sums.
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
}
