//! KL divergence of a von Mises-Fisher posterior from the uniform distribution on the sphere.

use super::drawn::Drawn;
use crate::penalty::{CodeGradients, Codes, Penalty, PenaltyContext, warm_up_progress};

/// `β KL(vMF(μ, κ) ‖ U)`, in nats, mean over examples: of [`VonMisesFisherLatent`](super::VonMisesFisherLatent), with the uniform
/// distribution on the sphere as prior. It depends on `κ` alone (Davidson et al. 2018, appendix B).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SphericalKl {
    /// `β`.
    pub weight: f32,
    /// Epochs over which `β` rises from 0 to its value, in a straight line (Bowman et al. 2016).
    pub warm_up: u32,
}

impl Penalty for SphericalKl {
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
        _workspace: &mut Vec<f32>,
    ) -> f64 {
        let (rows, width) = (codes.inputs.rows(), codes.codes.cols());
        let samples = codes.codes.rows() / rows.max(1);
        let progress = warm_up_progress(context.epochs, self.warm_up);
        let weight = progress * f64::from(self.weight) * context.share / rows.max(1) as f64;
        // All samples of a row have the posterior of the row.
        let drawn = |row: usize| Drawn::of(codes.saved.row(row * samples), width);
        if let Some(mut gradients) = gradients {
            for row in 0..rows {
                gradients.inputs.row_mut(row)[width] +=
                    (weight * f64::from(drawn(row).kl_by_s)) as f32;
            }
        }
        weight * (0..rows).map(|row| f64::from(drawn(row).kl)).sum::<f64>()
    }
}
