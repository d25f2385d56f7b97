//! How far the encoder's output is from its codebook vectors.

use latentia_tensor::vectorized;

use crate::penalty::{CodeGradients, Codes, Penalty, PenaltyContext};

/// `β ‖x - z‖²`, from the encoder's output `x` to the codebook's vectors `z`, which are held fixed, mean over examples (van
/// den Oord et al. 2017). Of several codebooks `β Σₛ ‖x - zₛ‖²`, where `zₛ` is the sum of the vectors of the first `s` (Lee et al.
/// 2022, arXiv 2203.01941).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Commitment {
    /// `β`, in the loss's unit.
    pub weight: f32,
    /// Codebooks of the [`VectorQuantisedLatent`](super::VectorQuantisedLatent) that makes the codes.
    pub codebooks: usize,
}

impl Penalty for Commitment {
    fn name(&self) -> &'static str {
        "commitment"
    }

    fn needs_input_gradient(&self) -> bool {
        true
    }

    fn apply(
        &self,
        codes: Codes<'_>,
        context: PenaltyContext,
        gradients: Option<CodeGradients<'_>>,
        _workspace: &mut Vec<f32>,
    ) -> f64 {
        let weight = f64::from(self.weight) * context.share / codes.codes.rows() as f64;
        let (x, z) = (codes.inputs, codes.codes);
        let sums = (self.codebooks - 1) * z.cols();
        let before = codes
            .saved
            .columns(codes.saved.cols() - sums..codes.saved.cols());
        if let Some(mut gradients) = gradients {
            let factor = (2.0 * weight) as f32;
            pull(gradients.inputs.as_mut_slice(), factor, x.span(), z.span());
            let rows = x.iter_rows().zip(before.iter_rows());
            for (dx, (x, before)) in gradients.inputs.iter_rows_mut().zip(rows) {
                for z in before.chunks(z.cols()) {
                    pull(dx, factor, x, z);
                }
            }
        }
        let mut squares = squared_distance(x.span(), z.span());
        for (x, before) in x.iter_rows().zip(before.iter_rows()) {
            let before = before.chunks(z.cols());
            squares += before.map(|z| squared_distance(x, z)).sum::<f64>();
        }
        weight * squares
    }
}

/// Adds `factor (x - z)` to `dx`.
fn pull(dx: &mut [f32], factor: f32, x: &[f32], z: &[f32]) {
    vectorized(
        #[inline(always)]
        || {
            for ((dx, x), z) in dx.iter_mut().zip(x).zip(z) {
                *dx += factor * (x - z);
            }
        },
    );
}

fn squared_distance(x: &[f32], z: &[f32]) -> f64 {
    x.iter().zip(z).map(|(x, z)| f64::from(x - z).powi(2)).sum()
}
