//! How much the dimensions of a Gaussian code depend on each other.

use std::f32::consts::PI;
use std::sync::Arc;

use latentia_tensor::{math::exp, vectorized};
use serde::{Deserialize, Serialize};

use super::weighted::WeightedPenalty;
use crate::latent::Latent;
use crate::latents::gaussian::GaussianLatent;
use crate::log_variance::multiply_by_log_variance_gradient;
use crate::penalty::{CodeGradients, Codes, Penalty, PenaltyContext};

/// `λ TC`, the total correlation `KL(q(z) ‖ Π q(zⱼ))` of the aggregate posterior, in nats, by the minibatch estimate of Chen
/// et al. 2018: with a code `zᵢ` drawn for each of the `n` examples of a batch,
///
/// `TC = (1/n) Σᵢ [ln (1/n) Σₘ q(zᵢ | xₘ) - Σⱼ ln (1/n) Σₘ q(zᵢⱼ | xₘ)]`
///
/// Their weights for the size of the data set change it by a constant alone. Beside the divergence it makes the β-TCVAE with
/// `β = 1 + λ`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(inline))]
#[serde(transparent)]
pub struct TotalCorrelation {
    /// `λ`.
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    pub weight: f32,
}

impl Penalty for TotalCorrelation {
    fn name(&self) -> &'static str {
        "total-correlation"
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
        mut gradients: Option<CodeGradients<'_>>,
        workspace: &mut Vec<f32>,
    ) -> f64 {
        let (n, width) = (codes.codes.rows(), codes.codes.cols());
        let size = n * width;
        workspace.resize(5 * size + n + 2 * width, 0.0);
        let (sigma, rest) = workspace.split_at_mut(size);
        let (log_density, rest) = rest.split_at_mut(size);
        let (shares, rest) = rest.split_at_mut(size);
        let (dmu, rest) = rest.split_at_mut(size);
        let (dln, rest) = rest.split_at_mut(size);
        let (joint, columns) = rest.split_at_mut(n);
        dmu.fill(0.0);
        dln.fill(0.0);
        for (sigma, x) in sigma.chunks_mut(width).zip(codes.inputs.iter_rows()) {
            GaussianLatent::deviation(x, sigma);
        }
        let weight = f64::from(self.weight) * context.share / n as f64;
        let mut sum = 0.0;
        for i in 0..n {
            let z = codes.codes.row(i);
            for (m, joint) in joint.iter_mut().enumerate() {
                let row = m * width..(m + 1) * width;
                let mu = &codes.inputs.row(m)[..width];
                *joint = log_densities(z, mu, &sigma[row.clone()], &mut log_density[row]);
            }
            let log_joint = log_mean(joint);
            let log_marginals = log_column_means(log_density, shares, columns, width);
            sum += log_joint - log_marginals;
            let Some(gradients) = &mut gradients else {
                continue;
            };
            let dz = gradients.codes.row_mut(i);
            for (m, &joint) in joint.iter().enumerate() {
                let row = m * width..(m + 1) * width;
                add_gradients(
                    weight as f32,
                    (z, &codes.inputs.row(m)[..width], &sigma[row.clone()]),
                    (joint, &shares[row.clone()]),
                    (&mut dz[..], &mut dmu[row.clone()], &mut dln[row]),
                );
            }
        }
        if let Some(gradients) = &mut gradients {
            for m in 0..n {
                let row = m * width..(m + 1) * width;
                multiply_by_log_variance_gradient(
                    &mut dln[row.clone()],
                    &codes.inputs.row(m)[width..],
                );
                let both = dmu[row.clone()].iter().chain(&dln[row]);
                for (dx, gradient) in gradients.inputs.row_mut(m).iter_mut().zip(both) {
                    *dx += gradient;
                }
            }
        }
        weight * sum
    }
}

/// `ln q(zⱼ | x)` in each dimension, and their sum back.
fn log_densities(z: &[f32], mu: &[f32], sigma: &[f32], out: &mut [f32]) -> f32 {
    let constant = 0.5 * (2.0 * PI).ln();
    let mut sum = 0.0;
    for (((out, z), mu), sigma) in out.iter_mut().zip(z).zip(mu).zip(sigma) {
        let distance = (z - mu) / sigma;
        *out = -0.5 * distance * distance - sigma.ln() - constant;
        sum += *out;
    }
    sum
}

/// `ln` of the mean of `eˣ`; each `x` becomes its share of the sum.
fn log_mean(x: &mut [f32]) -> f64 {
    let max = x.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
    let mut sum = 0.0;
    for x in &mut *x {
        *x = (*x - max).exp();
        sum += f64::from(*x);
    }
    for x in &mut *x {
        *x = (f64::from(*x) / sum) as f32;
    }
    f64::from(max) + (sum / x.len() as f64).ln()
}

/// Sum over the columns of `ln` of the column's mean of `eˣ`; `shares` receives each element's share of its column's sum.
fn log_column_means(x: &[f32], shares: &mut [f32], columns: &mut [f32], width: usize) -> f64 {
    let (max, sums) = columns.split_at_mut(width);
    max.fill(f32::NEG_INFINITY);
    sums.fill(0.0);
    vectorized(
        #[inline(always)]
        || {
            for row in x.chunks_exact(width) {
                for (max, &x) in max.iter_mut().zip(row) {
                    *max = if x > *max { x } else { *max };
                }
            }
            for (row, shares) in x.chunks_exact(width).zip(shares.chunks_exact_mut(width)) {
                for j in 0..width {
                    shares[j] = exp(row[j] - max[j]);
                    sums[j] += shares[j];
                }
            }
            for shares in shares.chunks_exact_mut(width) {
                for (share, sum) in shares.iter_mut().zip(&*sums) {
                    *share /= sum;
                }
            }
        },
    );
    let rows = (x.len() / width) as f64;
    let columns = max.iter().zip(sums);
    columns
        .map(|(&max, &mut sum)| f64::from(max) + (f64::from(sum) / rows).ln())
        .sum()
}

/// Adds the gradients by one pair's `z`, `μ` and `ln σ²`, all of one example each.
fn add_gradients(
    weight: f32,
    (z, mu, sigma): (&[f32], &[f32], &[f32]),
    (joint, shares): (f32, &[f32]),
    (dz, dmu, dln): (&mut [f32], &mut [f32], &mut [f32]),
) {
    vectorized(
        #[inline(always)]
        || {
            for j in 0..z.len() {
                let factor = weight * (joint - shares[j]);
                let distance = (z[j] - mu[j]) / sigma[j];
                dz[j] -= factor * distance / sigma[j];
                dmu[j] += factor * distance / sigma[j];
                dln[j] += 0.5 * factor * (distance * distance - 1.0);
            }
        },
    );
}

impl WeightedPenalty for TotalCorrelation {
    fn weight(&self) -> f32 {
        self.weight
    }

    fn fits(&self, latent: &dyn Latent) -> bool {
        latent.is_gaussian()
    }

    fn needed_latents(&self) -> &'static str {
        "`gaussian`"
    }

    fn shared(&self) -> Arc<dyn Penalty> {
        Arc::new(*self)
    }
}
