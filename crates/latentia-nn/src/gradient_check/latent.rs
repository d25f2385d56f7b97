//! The gradients of a latent.

use super::options::{GradientCheck, StraightThrough};
use super::report::{GradientMismatch, GradientReport};
use crate::latent::{CodeValues, Latent};
use crate::likelihoods::LikelihoodSpec;

/// Samples for each example of a code that has a distribution.
const SAMPLES: usize = 3;

impl GradientCheck {
    /// Compares the gradients of the layers of `latent` for an encoder's output of `inputs` elements, where it has a distribution
    /// with one sample for each example and with several; and those of its own penalty beside a likelihood in nats per example.
    ///
    /// By the [values](Latent::values) of its codes, integers pass gradients straight through in evaluation, and vectors of a
    /// codebook always: what is more than [`Self::straight_through`] holds.
    ///
    /// # Errors
    /// When a gradient differs by more than the tolerance, or cannot be judged.
    pub fn latent(
        &self,
        latent: &dyn Latent,
        inputs: usize,
    ) -> Result<GradientReport, GradientMismatch> {
        let straight_through = match (latent.values(), self.straight_through) {
            (CodeValues::Codebook { .. }, _) => StraightThrough::Always,
            (CodeValues::Integers, StraightThrough::Never) => StraightThrough::InEvaluation,
            (_, own) => own,
        };
        let check = Self {
            straight_through,
            ..*self
        };
        let mut report = GradientReport::default();
        for samples in [1, SAMPLES] {
            if samples == 1 || latent.distribution().is_some() {
                let own = check.layers(latent.layers(inputs, samples))?;
                report.gradients.extend(own.gradients);
            }
        }
        let Some(layer) = latent.layers(inputs, 1).pop() else {
            return Ok(report);
        };
        let likelihood = LikelihoodSpec::Gaussian;
        if let Some(penalty) = latent.penalty(layer.outputs(), &*likelihood) {
            let own = check.penalty(penalty, layer)?;
            report.gradients.extend(own.gradients);
        }
        Ok(report)
    }
}
