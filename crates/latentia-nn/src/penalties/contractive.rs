//! How much the code moves when the input does.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::perturb::{Perturb, check_each_row, squared_jacobian};
use super::weighted::WeightedPenalty;
use crate::invalid_spec::InvalidSpec;
use crate::latent::Latent;
use crate::layer::Layer;
use crate::layers::LayerSpec;
use crate::penalty::{CodeGradients, Codes, Penalty, PenaltyContext};

/// `λ ‖J‖²`, the squared Frobenius norm of the code's Jacobian by the input, mean over examples (Rifai et al. 2011).
///
/// It is estimated without bias up to the curvature within a step, for any encoder that is a function
/// of each example by itself, without dropout and batch normalisation: `E ‖f(x + τε) - f(x)‖² / τ²` with
/// `ε ~ N(0, 1)` and `τ = 0.01`, one draw for each example and step. A [`Perturb`] layer before the encoder makes the pairs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(inline))]
#[serde(transparent)]
pub struct Contractive {
    /// `λ`, in the loss's unit.
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    pub weight: f32,
}

impl Penalty for Contractive {
    fn name(&self) -> &'static str {
        "contractive"
    }

    fn apply(
        &self,
        codes: Codes<'_>,
        context: PenaltyContext,
        gradients: Option<CodeGradients<'_>>,
        _workspace: &mut Vec<f32>,
    ) -> f64 {
        squared_jacobian(self.weight, codes, context, gradients)
    }
}

impl WeightedPenalty for Contractive {
    fn weight(&self) -> f32 {
        self.weight
    }

    fn fits(&self, latent: &dyn Latent) -> bool {
        latent.passes_encoder_output()
    }

    fn needed_latents(&self) -> &'static str {
        "`deterministic` or `top-k`"
    }

    fn check(&self, encoder: &[LayerSpec], _decoder: &[LayerSpec]) -> Result<(), InvalidSpec> {
        check_each_row("contractive", ["an encoder", "the code"], encoder)
    }

    fn input_layer(&self, width: usize) -> Option<Box<dyn Layer>> {
        Some(Box::new(Perturb::new(width)))
    }

    fn shared(&self) -> Arc<dyn Penalty> {
        Arc::new(*self)
    }
}
