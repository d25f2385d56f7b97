//! The prior of a Gaussian code, where it is learned.

use std::ops::Range;
use std::sync::Arc;

use latentia_tensor::{MatrixMut, MatrixRef};

use crate::layer::{BackwardMemory, Mode, Parameter, ParameterSpec, Pass, Trace};
use crate::prior::{FIRST_PRIOR_NOISE, PRIOR_ROWS, Prior, PriorCodes};

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

    /// Elements that are saved for each code of `width` elements: `ln p(z)`, and the noise of its estimate.
    pub(super) fn saved(&self, width: usize) -> usize {
        1 + self.prior.noise(width)
    }

    /// The noise of an estimate for rows `rows` of codes of `width` elements, of what was saved.
    fn noise<'a>(&self, saved: MatrixRef<'a>, rows: Range<usize>, width: usize) -> MatrixRef<'a> {
        let first = 2 * width + 1;
        let columns = first..first + self.prior.noise(width);
        saved.row_range(rows).columns(columns)
    }

    /// Saves `ln p(z)` of each code behind its `ε` and `σ`, where a posterior has carried it added to its `ln |det|` there; NaN in
    /// evaluation, where nothing asks for it. The noise of an estimate is saved behind it.
    pub(super) fn save_log_density(
        &self,
        parameters: &[Parameter],
        pass: Pass<'_>,
        (z, is_carried): (MatrixRef<'_>, bool),
        mut saved: MatrixMut<'_>,
        workspace: &mut [f32],
    ) {
        let width = z.cols();
        let mut log_density = [f32::NAN; PRIOR_ROWS];
        for first in (0..z.rows()).step_by(PRIOR_ROWS) {
            let rows = PRIOR_ROWS.min(z.rows() - first);
            if pass.mode != Mode::Eval {
                for row in first..first + rows {
                    let own = &mut saved.row_mut(row)[2 * width + 1..];
                    let number = FIRST_PRIOR_NOISE + pass.first_row + row as u32;
                    (pass.noise).normal(number, &mut own[..self.prior.noise(width)]);
                }
                let codes = PriorCodes {
                    z: z.row_range(first..first + rows),
                    noise: self.noise(saved.as_ref(), first..first + rows, width),
                };
                let log_density = &mut log_density[..rows];
                (self.prior).log_density(parameters, codes, log_density, workspace);
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
        let gradients = dz.as_mut_slice().chunks_mut(PRIOR_ROWS * width);
        let factors = trace.log_prior_gradients.chunks(PRIOR_ROWS);
        let mut first = 0;
        for (dz, factors) in gradients.zip(factors) {
            let rows = factors.len();
            let own = first..first + rows;
            first += rows;
            let codes = PriorCodes {
                z: trace.y.row_range(own.clone()),
                noise: self.noise(trace.saved, own, width),
            };
            self.prior.backward(
                parameters,
                codes,
                factors,
                MatrixMut::new(dz, rows, width),
                partial_sums.as_deref_mut(),
                workspace,
            );
        }
    }
}
