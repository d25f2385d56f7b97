//! How much the decoder's output moves when the code does.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::perturb::{Perturb, check_each_row, squared_jacobian};
use super::weighted::WeightedPenalty;
use crate::invalid_spec::InvalidSpec;
use crate::latent::Latent;
use crate::layer::Layer;
use crate::layers::LayerSpec;
use crate::penalty::{CodeGradients, Codes, Penalty, PenaltyContext};

/// `λ ‖J‖²`, the squared Frobenius norm of the Jacobian of the decoder's outputs by the code, mean over examples: the regularised
/// autoencoder RAE-GP (Ghosh et al. 2020). Outputs are what the likelihood is given: of `bernoulli` and `bce` logits.
///
/// It is estimated without bias up to the curvature within a step, for any decoder that is a function of each code by itself,
/// without dropout and batch normalisation: `E ‖D(z + τε) - D(z)‖² / τ²` with `ε ~ N(0, 1)` and `τ = 0.01`, one draw for each example
/// and step. A [`Perturb`] layer behind the code makes the pairs; both are held to the example.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(inline))]
#[serde(transparent)]
pub struct GradientPenalty {
    /// `λ`, in the loss's unit.
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    pub weight: f32,
}

impl Penalty for GradientPenalty {
    fn name(&self) -> &'static str {
        "gradient-penalty"
    }

    fn is_of_outputs(&self) -> bool {
        true
    }

    fn apply(
        &self,
        outputs: Codes<'_>,
        context: PenaltyContext,
        gradients: Option<CodeGradients<'_>>,
        _workspace: &mut Vec<f32>,
    ) -> f64 {
        squared_jacobian(self.weight, outputs, context, gradients)
    }
}

impl WeightedPenalty for GradientPenalty {
    fn weight(&self) -> f32 {
        self.weight
    }

    fn fits(&self, latent: &dyn Latent) -> bool {
        latent.passes_encoder_output()
    }

    fn needed_latents(&self) -> &'static str {
        "`deterministic` or `top-k`"
    }

    fn check(&self, _encoder: &[LayerSpec], decoder: &[LayerSpec]) -> Result<(), InvalidSpec> {
        check_each_row("gradient-penalty", ["a decoder", "the output"], decoder)
    }

    fn code_layer(&self, width: usize) -> Option<Box<dyn Layer>> {
        Some(Box::new(Perturb::new(width)))
    }

    fn shared(&self) -> Arc<dyn Penalty> {
        Arc::new(*self)
    }
}
