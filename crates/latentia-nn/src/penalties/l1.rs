//! Absolute values of the code.

use std::sync::Arc;

use latentia_tensor::update;
use serde::{Deserialize, Serialize};

use super::weighted::WeightedPenalty;
use crate::latent::Latent;
use crate::penalty::{CodeGradients, Codes, Penalty, PenaltyContext};

/// `λ Σ |y|` over the code's elements, mean over examples, as Keras adds an activity regulariser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(inline))]
#[serde(transparent)]
pub struct L1 {
    /// `λ`, in the loss's unit.
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    pub weight: f32,
}

impl Penalty for L1 {
    fn name(&self) -> &'static str {
        "l1"
    }

    fn apply(
        &self,
        codes: Codes<'_>,
        context: PenaltyContext,
        gradients: Option<CodeGradients<'_>>,
        _workspace: &mut Vec<f32>,
    ) -> f64 {
        let y = codes.codes.span();
        let weight = f64::from(self.weight) * context.share / codes.codes.rows() as f64;
        if let Some(mut gradients) = gradients {
            let factor = weight as f32;
            update(gradients.codes.as_mut_slice(), y, |d, y| {
                let sign = if y > 0.0 { factor } else { -factor };
                if y == 0.0 { d } else { d + sign }
            });
        }
        weight * y.iter().map(|&y| f64::from(y.abs())).sum::<f64>()
    }
}

impl WeightedPenalty for L1 {
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
