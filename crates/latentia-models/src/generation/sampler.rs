//! What new codes are drawn from.

use latentia_tensor::Matrix;

use super::mixture::Mixture;

/// What was fitted to the codes of examples after training, to draw new ones from: a sampler for any model whose codes are real.
pub trait CodeSampler {
    /// `count` codes: `[count, cols]`. Code `i` is the same for every `count`.
    fn sample(&self, count: usize, seed: u64) -> Matrix;
}

impl CodeSampler for Mixture {
    fn sample(&self, count: usize, seed: u64) -> Matrix {
        Self::sample(self, count, seed)
    }
}
