//! Densities of samples, of a block at once.

use latentia_nn::{BLOCK_ROWS, FIRST_PRIOR_NOISE, LatentDistribution, Parameter, PriorCodes};
use latentia_tensor::{Matrix, MatrixMut, MatrixRef, Noise};

use crate::Autoencoder;

/// What [`LatentDistribution::draw`] leaves to be done with the samples of many rows: a flow that carries them on, and `ln p(z)` of a prior
/// whose density is taken at samples.
pub(super) struct SampleDensities<'a> {
    distribution: &'a dyn LatentDistribution,
    /// Of the latent's last layer.
    parameters: &'a [Parameter],
    /// Means of the posteriors, `[rows, n]`.
    means: Matrix,
    /// The context of a flow, `[rows, c]`.
    context: Matrix,
    /// What a flow saves.
    saved: Matrix,
    /// For the estimate of a prior's density.
    noise: Matrix,
    workspace: Vec<f32>,
}

impl<'a> SampleDensities<'a> {
    /// For up to `rows` examples.
    pub(super) fn new(
        model: &'a Autoencoder,
        distribution: &'a dyn LatentDistribution,
        rows: usize,
    ) -> Self {
        let width = model.code_width();
        let (flow, prior) = (distribution.posterior_flow(), distribution.sampled_prior());
        let of_flow = flow.map_or(0, |own| own.workspace(width));
        let noise = prior.map_or(0, |own| own.noise(width));
        let of_prior = prior.map_or(0, |own| own.workspace(width));
        Self {
            distribution,
            parameters: model.prior_parameters(),
            means: Matrix::zeros(rows, width),
            context: Matrix::zeros(rows, flow.map_or(0, |own| own.context(width))),
            saved: Matrix::zeros(rows, flow.map_or(0, |own| own.saved(width))),
            noise: Matrix::zeros(rows, noise),
            workspace: vec![0.0; of_flow.max(of_prior)],
        }
    }

    /// The codes of evaluation, `[rows, n]`, for these parameters of posteriors.
    pub(super) fn means(&mut self, posteriors: MatrixRef<'_>) -> MatrixRef<'_> {
        let mut means = std::mem::take(&mut self.means);
        let rows = posteriors.rows();
        let mut own = means.top_mut(rows);
        for (x, means) in posteriors.iter_rows().zip(own.iter_rows_mut()) {
            self.distribution.means(x, means);
        }
        self.carry(posteriors, own, &mut [0.0; BLOCK_ROWS][..rows]);
        self.means = means;
        self.means.top(rows)
    }

    /// Carries codes `z` on, and makes `-ln q(z | x)` of them `ln p(z) - ln q(z | x)`, where that is left to be done, with
    /// the noise of the rows from `first` on where it takes some.
    pub(super) fn complete(
        &mut self,
        posteriors: MatrixRef<'_>,
        (noise, first): (Noise, u32),
        z: MatrixMut<'_>,
        log_ratios: &mut [f64],
    ) {
        let mut z = z;
        self.carry(posteriors, z.reborrow(), log_ratios);
        let Some(prior) = self.distribution.sampled_prior() else {
            return;
        };
        let mut log_prior = [0.0; BLOCK_ROWS];
        let log_prior = &mut log_prior[..log_ratios.len()];
        let mut own = self.noise.top_mut(log_prior.len());
        for (row, own) in (FIRST_PRIOR_NOISE + first..).zip(own.iter_rows_mut()) {
            noise.normal(row, own);
        }
        let codes = PriorCodes {
            z: z.as_ref(),
            noise: own.as_ref(),
        };
        prior.log_density(self.parameters, codes, log_prior, &mut self.workspace);
        for (ratio, ln_p) in log_ratios.iter_mut().zip(log_prior) {
            *ratio += f64::from(*ln_p);
        }
    }

    /// Carries codes on, where a flow does, and adds `ln |det|`.
    fn carry(&mut self, posteriors: MatrixRef<'_>, z: MatrixMut<'_>, log_ratios: &mut [f64]) {
        let Some(flow) = self.distribution.posterior_flow() else {
            return;
        };
        let rows = z.rows();
        let first = 2 * z.cols();
        for (h, x) in (self.context.view_mut().iter_rows_mut()).zip(posteriors.iter_rows()) {
            h.copy_from_slice(&x[first..]);
        }
        let mut log_determinant = [0.0; BLOCK_ROWS];
        let log_determinant = &mut log_determinant[..rows];
        let h = self.context.top(rows);
        let (saved, workspace) = (self.saved.top_mut(rows), &mut self.workspace);
        flow.forward(self.parameters, h, z, log_determinant, saved, workspace);
        for (ratio, ln) in log_ratios.iter_mut().zip(log_determinant) {
            *ratio += f64::from(*ln);
        }
    }
}
