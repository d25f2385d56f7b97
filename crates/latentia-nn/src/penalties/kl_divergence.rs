//! KL divergence of a Gaussian posterior from its prior.

use latentia_tensor::MatrixRef;

use crate::latents::gaussian::{GaussianLatent, add_kl_gradients};
use crate::penalty::{CodeGradients, Codes, Penalty, PenaltyContext, warm_up_progress};

/// `β KL(N(μ, σ²) ‖ N(0, 1)) = β ½ Σ (μ² + σ² - 1 - ln σ²)`, in nats, mean over examples: with `β = 1` and a likelihood in
/// nats the objective is the negative evidence lower bound (Kingma and Welling 2014), else that of a β-VAE (Higgins et al.
/// 2017).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KlDivergence {
    /// `β`.
    pub weight: f32,
    /// Epochs over which `β` rises from 0 to its value, or the capacity to its own, in a straight line (Bowman et al. 2016).
    pub warm_up: u32,
    /// Nats below which the KL of a dimension, a mean over the batch, is counted as this and not pushed down: free
    /// bits (Kingma et al. 2016).
    pub free_bits: f32,
    /// Nats `C` that the KL is held to, as `β |KL - C|` (Burgess et al. 2018).
    pub capacity: Option<f32>,
}

/// Dimensions that are summed at once, on the stack.
const DIMENSIONS: usize = 64;

impl KlDivergence {
    /// `β` and the capacity after `epochs` epochs.
    fn in_force(&self, epochs: f64) -> (f64, Option<f64>) {
        let progress = warm_up_progress(epochs, self.warm_up);
        let weight = f64::from(self.weight);
        match self.capacity {
            Some(capacity) => (weight, Some(progress * f64::from(capacity))),
            None => (progress * weight, None),
        }
    }
}

impl Penalty for KlDivergence {
    fn name(&self) -> &'static str {
        "kl-divergence"
    }

    fn warm_up(&self) -> u32 {
        self.warm_up
    }

    fn needs_batch(&self) -> bool {
        self.free_bits > 0.0 || self.capacity.is_some()
    }

    fn needs_input_gradient(&self) -> bool {
        true
    }

    fn apply(
        &self,
        codes: Codes<'_>,
        context: PenaltyContext,
        gradients: Option<CodeGradients<'_>>,
        _workspace: &mut Vec<f32>,
    ) -> f64 {
        let parameters = codes.inputs;
        let width = parameters.cols() / 2;
        let free = f64::from(self.free_bits);
        let (weight, capacity) = self.in_force(context.epochs);
        let weight = weight * context.share;

        let firsts = (0..width).step_by(DIMENSIONS);
        let mut kl = 0.0;
        for first in firsts.clone() {
            let means = means(parameters, first);
            let counted = means.iter().take(width - first);
            kl += counted.map(|mean| mean.max(free)).sum::<f64>();
        }
        let excess = kl - capacity.unwrap_or(0.0);
        let sign = if excess < 0.0 { -1.0 } else { 1.0 };

        if let Some(mut gradients) = gradients {
            let full = (sign * weight / parameters.rows() as f64) as f32;
            for first in firsts {
                let mut factors = [full; DIMENSIONS];
                if free > 0.0 {
                    for (factor, mean) in factors.iter_mut().zip(means(parameters, first)) {
                        *factor = if mean < free { 0.0 } else { full };
                    }
                }
                let last = width.min(first + DIMENSIONS);
                for (dx, x) in gradients.inputs.iter_rows_mut().zip(parameters.iter_rows()) {
                    add_kl_gradients(x, &factors, first..last, dx);
                }
            }
        }
        sign * weight * excess
    }
}

/// Mean KL of up to 64 dimensions from dimension `first` on; those beyond the last are 0.
fn means(parameters: MatrixRef<'_>, first: usize) -> [f64; DIMENSIONS] {
    let width = parameters.cols() / 2;
    let last = width.min(first + DIMENSIONS);
    let mut means = [0.0; DIMENSIONS];
    let mut row = [0.0f32; DIMENSIONS];
    for x in parameters.iter_rows() {
        let row = &mut row[..last - first];
        GaussianLatent::kl_of(x, first..last, row);
        for (mean, &kl) in means.iter_mut().zip(&*row) {
            *mean += f64::from(kl);
        }
    }
    for mean in &mut means {
        *mean /= parameters.rows().max(1) as f64;
    }
    means
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weight_or_the_capacity_warms_up_in_a_straight_line() {
        let plain = KlDivergence {
            weight: 4.0,
            warm_up: 2,
            free_bits: 0.0,
            capacity: None,
        };
        let weights = [0.0, 0.5, 1.0, 2.0, 9.0].map(|epochs| plain.in_force(epochs).0);
        assert_eq!(weights, [0.0, 1.0, 2.0, 4.0, 4.0]);
        let held = KlDivergence {
            capacity: Some(25.0),
            ..plain
        };
        assert_eq!(held.in_force(1.0), (4.0, Some(12.5)));
        assert_eq!(held.in_force(f64::INFINITY), (4.0, Some(25.0)));
    }
}
