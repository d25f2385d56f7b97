//! How often the units of a code are on.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::weighted::WeightedPenalty;
use crate::invalid_spec::{InvalidSpec, require};
use crate::latent::Latent;
use crate::layers::{Activation, LayerSpec};
use crate::penalty::{CodeGradients, Codes, Penalty, PenaltyContext};

/// `λ Σ ρ ln(ρ / ρ̂) + (1 - ρ) ln((1 - ρ) / (1 - ρ̂))` over the units, in nats, with the mean `ρ̂` of a unit over the batch and
/// its target `ρ`: the sparse autoencoder of Ng's lecture notes (CS294A, 2011). The code's elements lie in `(0, 1)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct KlSparsity {
    /// The weight `λ`, in the loss's unit. Example: `weight = 0.1`
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    pub weight: f32,
    /// The mean activity `ρ` that units are held to. Example: `target = 0.05`
    #[cfg_attr(feature = "schema", schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1)))]
    pub target: f32,
}

/// Units that are summed at once, on the stack.
const UNITS: usize = 64;

/// A unit that is never or always on would have no finite divergence.
const LEAST: f64 = 1e-6;

impl Penalty for KlSparsity {
    fn name(&self) -> &'static str {
        "kl-sparsity"
    }

    fn needs_batch(&self) -> bool {
        true
    }

    fn apply(
        &self,
        codes: Codes<'_>,
        context: PenaltyContext,
        mut gradients: Option<CodeGradients<'_>>,
        _workspace: &mut Vec<f32>,
    ) -> f64 {
        let (rows, width) = (codes.codes.rows(), codes.codes.cols());
        let target = f64::from(self.target);
        let weight = f64::from(self.weight) * context.share;
        let mut sum = 0.0;
        for first in (0..width).step_by(UNITS) {
            let last = width.min(first + UNITS);
            let mut means = [0.0f64; UNITS];
            for y in codes.codes.iter_rows() {
                for (mean, &y) in means.iter_mut().zip(&y[first..last]) {
                    *mean += f64::from(y) / rows as f64;
                }
            }
            let mut factors = [0.0f32; UNITS];
            for (mean, factor) in means[..last - first].iter().zip(&mut factors) {
                let mean = mean.clamp(LEAST, 1.0 - LEAST);
                let (off, mean_off) = (1.0 - target, 1.0 - mean);
                sum += target * (target / mean).ln() + off * (off / mean_off).ln();
                *factor = (weight / rows as f64 * (off / mean_off - target / mean)) as f32;
            }
            if let Some(gradients) = &mut gradients {
                for dy in gradients.codes.iter_rows_mut() {
                    for (dy, factor) in dy[first..last].iter_mut().zip(factors) {
                        *dy += factor;
                    }
                }
            }
        }
        weight * sum
    }
}

impl WeightedPenalty for KlSparsity {
    fn weight(&self) -> f32 {
        self.weight
    }

    fn fits(&self, latent: &dyn Latent) -> bool {
        latent.distribution().is_none() && !latent.is_restricted()
    }

    fn needed_latents(&self) -> &'static str {
        "`deterministic`"
    }

    fn check(&self, encoder: &[LayerSpec], _decoder: &[LayerSpec]) -> Result<(), InvalidSpec> {
        let target = self.target;
        require(
            target > 0.0 && target < 1.0,
            || format!("has kl-sparsity.target {target}"),
            "it must lie between 0 and 1",
        )?;
        let last = encoder.last();
        require(
            last.is_some_and(|layer| layer.activation() == Activation::Sigmoid),
            || "has kl-sparsity for a code whose elements do not lie in (0, 1)".into(),
            "let the encoder end with a dense layer of activation `sigmoid`",
        )
    }

    fn shared(&self) -> Arc<dyn Penalty> {
        Arc::new(*self)
    }
}
