//! KL divergence of a posterior from a prior by samples, where it has no closed form.

use crate::latents::GaussianSamples;
use crate::log_variance::multiply_by_log_variance_gradient;
use crate::penalty::{CodeGradients, Codes, Penalty, PenaltyContext, warm_up_progress};

/// `β (ln q(z | x) - ln p(z))` at the codes `z` that were drawn, in nats, mean over codes: an estimate of `β KL(q(z | x) ‖ p(z))`
/// without bias, for a prior that has no closed form (Tomczak and Welling 2018). Codes are `z = μ + σ ε`, so that the gradient
/// of `ln q(z | x)` is that of `-Σ ln σ` alone. Where a [`crate::Posterior`] carries them on, `-ln |det|` is a part of `ln q(z | x)`, and its
/// gradient comes with that of `ln p(z)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SampledKl {
    /// `β`.
    pub weight: f32,
    /// Epochs over which `β` rises from 0 to its value, in a straight line (Bowman et al. 2016).
    pub warm_up: u32,
}

impl SampledKl {
    /// `β` after `epochs` epochs.
    fn in_force(&self, epochs: f64) -> f64 {
        let progress = warm_up_progress(epochs, self.warm_up);
        progress * f64::from(self.weight)
    }
}

impl Penalty for SampledKl {
    fn name(&self) -> &'static str {
        "kl-divergence"
    }

    fn warm_up(&self) -> u32 {
        self.warm_up
    }

    fn needs_input_gradient(&self) -> bool {
        true
    }

    fn apply(
        &self,
        codes: Codes<'_>,
        context: PenaltyContext,
        gradients: Option<CodeGradients<'_>>,
        workspace: &mut Vec<f32>,
    ) -> f64 {
        let (rows, width) = (codes.codes.rows(), codes.codes.cols());
        let weight = self.in_force(context.epochs) * context.share / rows.max(1) as f64;
        if let Some(mut gradients) = gradients {
            let samples = rows / codes.inputs.rows().max(1);
            let by_log_variance = (-0.5 * weight * samples as f64) as f32;
            for row in 0..codes.inputs.rows() {
                workspace.clear();
                workspace.resize(width, by_log_variance);
                let elements = width..2 * width;
                let s = &codes.inputs.row(row)[elements.clone()];
                multiply_by_log_variance_gradient(workspace, s);
                let ds = &mut gradients.inputs.row_mut(row)[elements];
                for (ds, own) in ds.iter_mut().zip(&*workspace) {
                    *ds += own;
                }
            }
            for gradient in gradients.log_prior {
                *gradient -= weight as f32;
            }
        }
        let rows = codes.codes.iter_rows().zip(codes.saved.iter_rows());
        let sum = rows.map(|(z, saved)| -GaussianSamples::of(saved, width).log_ratio(z));
        weight * sum.sum::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weight_warms_up_in_a_straight_line() {
        let (weight, warm_up) = (4.0, 2);
        let penalty = SampledKl { weight, warm_up };
        let weights = [0.0, 0.5, 2.0, f64::INFINITY].map(|epochs| penalty.in_force(epochs));
        assert_eq!(weights, [0.0, 1.0, 4.0, 4.0]);
    }
}
