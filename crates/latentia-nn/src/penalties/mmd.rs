//! Distance between the codes of a batch and as many draws from the prior.

use std::sync::Arc;

use latentia_tensor::{MatrixRef, vectorized};
use serde::{Deserialize, Serialize};

use super::weighted::WeightedPenalty;
use crate::latent::Latent;
use crate::penalty::{CodeGradients, Codes, Penalty, PenaltyContext};

/// `λ MMD²`: the squared maximum mean discrepancy between the codes `z` of a batch of `n` and `n` draws `p ~ N(0, 1)`, by its
/// unbiased estimate
///
/// `Σ_{i≠j} (k(zᵢ, zⱼ) + k(pᵢ, pⱼ)) / n(n - 1) - 2 Σ k(zᵢ, pⱼ) / n²`
///
/// with the inverse multiquadratic kernels `k(a, b) = Σ C / (C + ‖a - b‖²)`, `C = 2 d s` for a code of `d` elements and the
/// scales `s` 0.1, 0.2, 0.5, 1, 2, 5, 10: the Wasserstein autoencoder of Tolstikhin et al. 2018, and with a Gaussian code the
/// InfoVAE of Zhao et al. 2019. A batch of one example has no estimate and adds nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(inline))]
#[serde(transparent)]
pub struct Mmd {
    /// `λ`, in the loss's unit.
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    pub weight: f32,
}

const SCALES: [f32; 7] = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];

/// The kernel as a function of the squared distance, and its derivative.
fn kernel(square: f32, width: usize) -> (f32, f32) {
    let (mut value, mut derivative) = (0.0, 0.0);
    for scale in SCALES {
        let constant = 2.0 * width as f32 * scale;
        let share = constant / (constant + square);
        value += share;
        derivative -= share / (constant + square);
    }
    (value, derivative)
}

/// `‖a - b‖²`.
fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    vectorized(
        #[inline(always)]
        || {
            // Several sums, so that the order of the additions can be done in wide registers.
            let mut lanes = [0.0f32; 16];
            let (a, a_rest) = a.as_chunks::<16>();
            let (b, b_rest) = b.as_chunks::<16>();
            for (a, b) in a.iter().zip(b) {
                for i in 0..16 {
                    lanes[i] += (a[i] - b[i]) * (a[i] - b[i]);
                }
            }
            let mut sum = 0.0;
            for (a, b) in a_rest.iter().zip(b_rest) {
                sum += (a - b) * (a - b);
            }
            for lane in lanes {
                sum += lane;
            }
            sum
        },
    )
}

/// Adds `factor` times `a - b` to `to`.
fn add_difference(to: &mut [f32], factor: f32, a: &[f32], b: &[f32]) {
    vectorized(
        #[inline(always)]
        || {
            for ((to, a), b) in to.iter_mut().zip(a).zip(b) {
                *to += factor * (a - b);
            }
        },
    );
}

impl Penalty for Mmd {
    fn name(&self) -> &'static str {
        "mmd"
    }

    fn compares_codes(&self) -> bool {
        true
    }

    fn holds_to_prior(&self) -> bool {
        true
    }

    fn needs_batch(&self) -> bool {
        true
    }

    fn apply(
        &self,
        codes: Codes<'_>,
        context: PenaltyContext,
        mut gradients: Option<CodeGradients<'_>>,
        workspace: &mut Vec<f32>,
    ) -> f64 {
        let (z, n, width) = (codes.codes, codes.codes.rows(), codes.codes.cols());
        if n < 2 {
            return 0.0;
        }
        workspace.resize(n * width, 0.0);
        for (row, prior) in (context.first_row..).zip(workspace.chunks_mut(width)) {
            context.noise.normal(row, prior);
        }
        let prior = MatrixRef::new(workspace, n, width);
        let weight = f64::from(self.weight) * context.share;
        let (within, across) = (1.0 / (n * (n - 1)) as f64, -2.0 / (n * n) as f64);
        let mut sum = 0.0;
        for i in 0..n {
            for j in 0..n {
                let (value, derivative) = kernel(squared_distance(z.row(i), prior.row(j)), width);
                sum += across * f64::from(value);
                if let Some(gradients) = &mut gradients {
                    let factor = (2.0 * weight * across * f64::from(derivative)) as f32;
                    add_difference(gradients.codes.row_mut(i), factor, z.row(i), prior.row(j));
                }
            }
            // Each pair once, for both orders.
            for j in 0..i {
                let (value, derivative) = kernel(squared_distance(z.row(i), z.row(j)), width);
                sum += 2.0 * within * f64::from(value);
                if let Some(gradients) = &mut gradients {
                    let factor = (4.0 * weight * within * f64::from(derivative)) as f32;
                    add_difference(gradients.codes.row_mut(i), factor, z.row(i), z.row(j));
                    add_difference(gradients.codes.row_mut(j), factor, z.row(j), z.row(i));
                }
                let (value, _) = kernel(squared_distance(prior.row(i), prior.row(j)), width);
                sum += 2.0 * within * f64::from(value);
            }
        }
        weight * sum
    }
}

impl WeightedPenalty for Mmd {
    fn weight(&self) -> f32 {
        self.weight
    }

    fn fits(&self, latent: &dyn Latent) -> bool {
        !latent.is_restricted()
    }

    fn needed_latents(&self) -> &'static str {
        "`deterministic` or `gaussian`"
    }

    fn shared(&self) -> Arc<dyn Penalty> {
        Arc::new(*self)
    }
}
