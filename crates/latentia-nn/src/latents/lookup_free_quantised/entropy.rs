//! How certain signs are, and how evenly they fall.

use latentia_tensor::math::double::{exp, ln};

use crate::penalty::{CodeGradients, Codes, Penalty, PenaltyContext};

/// The least share that a sign is taken to have in a batch.
const LEAST: f64 = 1e-12;

/// `β ‖x - z‖² + w Σ (E[H(q)] - H(E[q]))`, mean over examples, of the elements `x` of the encoder's output and their signs `z`, which are
/// held fixed: commitment and entropy of lookup-free quantisation (Yu et al. 2023, arXiv 2310.05737).
///
/// `q = σ(4 x / τ)` is a softmax of the squared distances to -1 and 1, and `H(p) = -p ln p - (1 - p) ln(1 - p)`. The expectations
/// are over the vectors of all examples of a batch, the sum over the elements of a code. Signs are taken for independent in the
/// second term too (Zhao et al. 2024, arXiv 2406.07548), for over vectors of signs it would take time and memory that are
/// exponential in their dimension; so each sign is made to fall evenly, and nothing keeps signs from depending on each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SignEntropy {
    /// `β`, in the loss's unit.
    pub commitment: f32,
    /// `w`, in the loss's unit.
    pub weight: f32,
    /// `τ`
    pub temperature: f32,
    /// Elements of a vector.
    pub dimension: usize,
}

/// A sign that is 1 with the probability `σ(a)`.
struct Sign {
    probability: f64,
    /// The gradient of the probability by `a`.
    derivative: f64,
    entropy: f64,
}

impl Sign {
    fn of(a: f64) -> Self {
        let e = exp(-a.abs());
        let less = e / (1.0 + e);
        Self {
            probability: if a < 0.0 { less } else { 1.0 - less },
            derivative: less / (1.0 + e),
            entropy: a.abs() * less + ln(1.0 + e),
        }
    }
}

impl Penalty for SignEntropy {
    fn name(&self) -> &'static str {
        "sign-entropy"
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
        _workspace: &mut Vec<f32>,
    ) -> f64 {
        let (rows, width) = (codes.inputs.rows(), codes.inputs.cols());
        let factor = 4.0 / f64::from(self.temperature);
        let share = context.share / rows as f64;
        let (weight, commitment) = (
            share * f64::from(self.weight),
            share * f64::from(self.commitment),
        );
        // Shares of 1 in the batch; a vector has 16 elements at most.
        let mut shares = [0.0; 16];
        let (mut entropies, mut squares) = (0.0, 0.0);
        for (x, z) in codes.inputs.iter_rows().zip(codes.codes.iter_rows()) {
            for (x, z) in x.chunks(self.dimension).zip(z.chunks(self.dimension)) {
                for ((x, z), share) in x.iter().zip(z).zip(&mut shares) {
                    let sign = Sign::of(factor * f64::from(*x));
                    *share += sign.probability;
                    entropies += sign.entropy;
                    squares += f64::from(x - z).powi(2);
                }
            }
        }
        let vectors = (width / self.dimension * rows) as f64;
        // Their logits: the gradient of an entropy by its probability is that, negated.
        let mut logits = [0.0; 16];
        for (share, logit) in shares.iter().zip(&mut logits).take(self.dimension) {
            let share = (share / vectors).clamp(LEAST, 1.0 - LEAST);
            *logit = ln(share) - ln(1.0 - share);
            entropies -= vectors * Sign::of(*logit).entropy;
        }
        if let Some(mut gradients) = gradients {
            let rows = codes.inputs.iter_rows().zip(codes.codes.iter_rows());
            for (dx, (x, z)) in gradients.inputs.iter_rows_mut().zip(rows) {
                let elements = dx.iter_mut().zip(x.iter().zip(z));
                for ((dx, (x, z)), logit) in elements.zip(logits[..self.dimension].iter().cycle()) {
                    let a = factor * f64::from(*x);
                    let by_entropy = factor * Sign::of(a).derivative * (logit - a);
                    let by_distance = 2.0 * f64::from(x - z);
                    *dx += (weight * by_entropy + commitment * by_distance) as f32;
                }
            }
        }
        weight * entropies + commitment * squares
    }
}
