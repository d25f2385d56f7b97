//! How far the covariance of a Gaussian code's dimensions is from that of the prior.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::weighted::WeightedPenalty;
use crate::invalid_spec::{InvalidSpec, require};
use crate::latent::Latent;
use crate::latents::gaussian::GaussianLatent;
use crate::layers::LayerSpec;
use crate::log_variance::multiply_by_log_variance_gradient;
use crate::penalty::{CodeGradients, Codes, Penalty, PenaltyContext};

/// `λ Σ_{i≠j} Cᵢⱼ² + δ Σᵢ (Cᵢᵢ - 1)²`: the disentangled inferred prior of Kumar, Sattigeri and Balakrishnan 2018, which moves the covariance
/// `C` of the aggregate posterior towards that of the prior, the identity. Over the `n` examples of a batch, with means `μ` around
/// their mean and variances `σ²`,
///
/// `C = (1/n) Σ (μ - μ̄)(μ - μ̄)ᵀ`, of the DIP-VAE-I, and of the DIP-VAE-II `C + diag((1/n) Σ σ²)`
///
/// The authors take `δ = 10 λ` for the first, `δ = λ` for the second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Covariance {
    /// The weight `λ` of the covariances, in the loss's unit. Example: `weight = 10.0`
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    pub weight: f32,
    /// The weight `δ` of the variances' distances from 1. Example: `diagonal = 100.0`
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    pub diagonal: f32,
    /// Whose covariance it is. Example: `of = "codes"`
    #[serde(default)]
    pub of: CovarianceOf,
}

/// Whose covariance is moved towards that of the prior.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum CovarianceOf {
    /// That of the posteriors' means: DIP-VAE-I.
    #[default]
    Means,
    /// That of the codes, drawn from the posteriors: DIP-VAE-II.
    Codes,
}

impl Penalty for Covariance {
    fn name(&self) -> &'static str {
        "covariance"
    }

    fn compares_codes(&self) -> bool {
        true
    }

    fn needs_batch(&self) -> bool {
        true
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
        let (rows, width) = (codes.inputs.rows(), codes.codes.cols());
        workspace.resize(width * width + 4 * width, 0.0);
        let (covariance, rest) = workspace.split_at_mut(width * width);
        let (mean, rest) = rest.split_at_mut(width);
        let (centred, rest) = rest.split_at_mut(width);
        let (sigma, gradient) = rest.split_at_mut(width);
        self.estimate(codes, covariance, mean, centred, sigma);

        let share = context.share;
        let (weight, diagonal) = (f64::from(self.weight), f64::from(self.diagonal));
        let mut sum = 0.0;
        // Each element becomes the gradient by itself.
        for i in 0..width {
            for j in 0..width {
                let own = &mut covariance[i * width + j];
                let (weight, distance) = match i == j {
                    true => (diagonal, f64::from(*own) - 1.0),
                    false => (weight, f64::from(*own)),
                };
                sum += weight * distance * distance;
                *own = (2.0 * share * weight * distance / rows as f64) as f32;
            }
        }
        let Some(mut gradients) = gradients else {
            return share * sum;
        };
        for row in 0..rows {
            let x = codes.inputs.row(row);
            for ((centred, x), mean) in centred.iter_mut().zip(x).zip(&*mean) {
                *centred = x - mean;
            }
            let dx = gradients.inputs.row_mut(row);
            // The covariance is symmetric, and each mean is in a row and in a column of it.
            for (dx, own) in dx.iter_mut().zip(covariance.chunks(width)) {
                let by_mean: f32 = own.iter().zip(&*centred).map(|(own, x)| own * x).sum();
                *dx += 2.0 * by_mean;
            }
            if self.of == CovarianceOf::Codes {
                GaussianLatent::deviation(x, sigma);
                for (i, (gradient, sigma)) in gradient.iter_mut().zip(&*sigma).enumerate() {
                    *gradient = covariance[i * width + i] * sigma * sigma;
                }
                multiply_by_log_variance_gradient(gradient, &x[width..]);
                let dx = dx[width..].iter_mut();
                dx.zip(&*gradient).for_each(|(dx, own)| *dx += own);
            }
        }
        share * sum
    }
}

impl Covariance {
    /// Estimates the covariance of a batch, `[width, width]`, and the mean of its means; the others are for one row.
    fn estimate(
        &self,
        codes: Codes<'_>,
        covariance: &mut [f32],
        mean: &mut [f32],
        centred: &mut [f32],
        sigma: &mut [f32],
    ) {
        let width = mean.len();
        let share = 1.0 / codes.inputs.rows() as f32;
        mean.fill(0.0);
        covariance.fill(0.0);
        for x in codes.inputs.iter_rows() {
            mean.iter_mut()
                .zip(x)
                .for_each(|(mean, x)| *mean += share * x);
        }
        for x in codes.inputs.iter_rows() {
            for ((centred, x), mean) in centred.iter_mut().zip(x).zip(&*mean) {
                *centred = x - mean;
            }
            for (own, a) in covariance.chunks_mut(width).zip(&*centred) {
                let products = own.iter_mut().zip(&*centred);
                products.for_each(|(own, b)| *own += share * a * b);
            }
            if self.of == CovarianceOf::Codes {
                GaussianLatent::deviation(x, sigma);
                for (i, sigma) in sigma.iter().enumerate() {
                    covariance[i * width + i] += share * sigma * sigma;
                }
            }
        }
    }
}

impl WeightedPenalty for Covariance {
    fn weight(&self) -> f32 {
        self.weight
    }

    fn fits(&self, latent: &dyn Latent) -> bool {
        latent.is_gaussian()
    }

    fn needed_latents(&self) -> &'static str {
        "`gaussian`"
    }

    fn check(&self, _encoder: &[LayerSpec], _decoder: &[LayerSpec]) -> Result<(), InvalidSpec> {
        let seen = || format!("has covariance with diagonal {}", self.diagonal);
        let holds = self.diagonal.is_finite() && self.diagonal >= 0.0;
        require(holds, seen, "it must be finite and at least 0")
    }

    fn shared(&self) -> Arc<dyn Penalty> {
        Arc::new(*self)
    }
}
