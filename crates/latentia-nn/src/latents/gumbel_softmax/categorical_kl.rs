//! How far the probabilities of categories are from equal ones.

use latentia_tensor::math::double::{exp, ln};

use crate::penalty::{CodeGradients, Codes, Penalty, PenaltyContext};

/// `w Σ KL(softmax(a) ‖ 1/K)`, mean over examples, summed over the variables of a code with logits `a` of `K` categories each:
/// `KL = ln K + Σ q ln q` nats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CategoricalKl {
    /// `w`, in the loss's unit.
    pub weight: f32,
    /// `K`
    pub categories: usize,
}

impl Penalty for CategoricalKl {
    fn name(&self) -> &'static str {
        "categorical-kl"
    }

    fn needs_input_gradient(&self) -> bool {
        true
    }

    /// `∂KL/∂a = q (ln q - Σ q ln q)`
    fn apply(
        &self,
        codes: Codes<'_>,
        context: PenaltyContext,
        mut gradients: Option<CodeGradients<'_>>,
        _workspace: &mut Vec<f32>,
    ) -> f64 {
        let n = self.categories;
        let weight = f64::from(self.weight) * context.share / codes.inputs.rows() as f64;
        let mut sum = 0.0;
        for (row, logits) in codes.inputs.iter_rows().enumerate() {
            for (variable, a) in logits.chunks(n).enumerate() {
                let max = a
                    .iter()
                    .fold(f32::NEG_INFINITY, |a, &b| if b <= a { a } else { b });
                let shifted = a.iter().map(|a| f64::from(a - max));
                let total: f64 = shifted.clone().map(exp).sum();
                let log_total = ln(total);
                // Σ q ln q
                let negative_entropy: f64 = shifted
                    .clone()
                    .map(|a| exp(a) / total * (a - log_total))
                    .sum();
                sum += ln(n as f64) + negative_entropy;
                let Some(gradients) = &mut gradients else {
                    continue;
                };
                let by_logits = &mut gradients.inputs.row_mut(row)[variable * n..][..n];
                for (da, a) in by_logits.iter_mut().zip(shifted) {
                    let gradient = exp(a) / total * (a - log_total - negative_entropy);
                    *da += (weight * gradient) as f32;
                }
            }
        }
        weight * sum
    }
}
