//! Distance between the codes of a batch and as many draws from the prior, along random directions.

use std::sync::Arc;

use latentia_tensor::dot;
use serde::{Deserialize, Serialize};

use super::weighted::WeightedPenalty;
use crate::latent::Latent;
use crate::penalty::{CodeGradients, Codes, Penalty, PenaltyContext};

/// `λ SW²`: the squared sliced 2-Wasserstein distance between the codes `z` of a batch of `n` and `n` draws `p ~ N(0, 1)`, along `L = 50`
/// directions `θ`, uniform on the sphere and drawn anew in each step:
///
/// `SW² = (1/L) Σ_θ (1/n) Σᵢ (⟨θ, z⟩₍ᵢ₎ - ⟨θ, p⟩₍ᵢ₎)²`
///
/// where `₍ᵢ₎` is the `i`-th in ascending order: the sliced Wasserstein autoencoder of Kolouri et al. 2019.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(inline))]
#[serde(transparent)]
pub struct SlicedWasserstein {
    /// `λ`, in the loss's unit.
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    pub weight: f32,
}

/// Directions of a step, as many as pythae takes.
const DIRECTIONS: usize = 50;

impl Penalty for SlicedWasserstein {
    fn name(&self) -> &'static str {
        "sliced-wasserstein"
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
        workspace.resize(n * width + 3 * n + width, 0.0);
        let (prior, rest) = workspace.split_at_mut(n * width);
        let (along_prior, rest) = rest.split_at_mut(n);
        let (along, rest) = rest.split_at_mut(n);
        let (order, direction) = rest.split_at_mut(n);
        for (row, prior) in (context.first_row..).zip(prior.chunks_mut(width)) {
            context.noise.normal(row, prior);
        }
        let weight = f64::from(self.weight) * context.share;
        let mean = 1.0 / (n * DIRECTIONS) as f64;
        let mut sum = 0.0;
        for number in 0..DIRECTIONS as u32 {
            // Behind the rows of any batch.
            context.noise.normal(u32::MAX - number, direction);
            let norm = direction.iter().map(|x| x * x).sum::<f32>().sqrt();
            direction
                .iter_mut()
                .for_each(|x| *x /= norm.max(f32::MIN_POSITIVE));
            for (along, row) in along.iter_mut().zip(z.iter_rows()) {
                *along = dot(row, direction);
            }
            for (along, row) in along_prior.iter_mut().zip(prior.chunks(width)) {
                *along = dot(row, direction);
            }
            along_prior.sort_unstable_by(f32::total_cmp);
            // Numbers of rows, which a float holds exactly as long as a batch has less than 2²⁴ of them.
            (0u32..)
                .zip(&mut *order)
                .for_each(|(row, place)| *place = row as f32);
            order.sort_unstable_by(|a, b| {
                let [at, bt] = [a, b].map(|row| along[*row as usize]);
                at.total_cmp(&bt).then(a.total_cmp(b))
            });
            for (row, prior) in order.iter().zip(&*along_prior) {
                let row = *row as usize;
                let distance = along[row] - prior;
                sum += mean * f64::from(distance) * f64::from(distance);
                if let Some(gradients) = &mut gradients {
                    let factor = (2.0 * weight * mean * f64::from(distance)) as f32;
                    let dz = gradients.codes.row_mut(row).iter_mut();
                    dz.zip(&*direction)
                        .for_each(|(dz, along)| *dz += factor * along);
                }
            }
        }
        weight * sum
    }
}

impl WeightedPenalty for SlicedWasserstein {
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
