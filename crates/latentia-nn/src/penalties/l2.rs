//! The squared norm of the code.

use std::sync::Arc;

use latentia_tensor::{sum_of_squares, update};
use serde::{Deserialize, Serialize};

use super::weighted::WeightedPenalty;
use crate::latent::Latent;
use crate::penalty::{CodeGradients, Codes, Penalty, PenaltyContext};

/// `λ/2 ‖z‖²`, mean over examples: what keeps the codes of a regularised autoencoder (Ghosh et al. 2020) near the origin, so that a density can
/// be fitted to them; its decoder is regularised by weight decay, or otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(inline))]
#[serde(transparent)]
pub struct L2 {
    /// `λ`, in the loss's unit.
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    pub weight: f32,
}

impl Penalty for L2 {
    fn name(&self) -> &'static str {
        "l2"
    }

    fn apply(
        &self,
        codes: Codes<'_>,
        context: PenaltyContext,
        gradients: Option<CodeGradients<'_>>,
        _workspace: &mut Vec<f32>,
    ) -> f64 {
        let z = codes.codes.span();
        let weight = f64::from(self.weight) * context.share / codes.codes.rows() as f64;
        if let Some(mut gradients) = gradients {
            let factor = weight as f32;
            update(gradients.codes.as_mut_slice(), z, |d, z| d + factor * z);
        }
        let squares = codes.codes.iter_rows().map(sum_of_squares);
        0.5 * weight * squares.sum::<f64>()
    }
}

impl WeightedPenalty for L2 {
    fn weight(&self) -> f32 {
        self.weight
    }

    fn fits(&self, latent: &dyn Latent) -> bool {
        latent.passes_encoder_output()
    }

    fn needed_latents(&self) -> &'static str {
        "`deterministic` or `top-k`"
    }

    fn shared(&self) -> Arc<dyn Penalty> {
        Arc::new(*self)
    }
}
