//! Initial values of parameters.

use latentia_tensor::{Matrix, Noise};
use serde::{Deserialize, Serialize};

/// How a weight from `inputs` to `outputs` elements is drawn before training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Initializer {
    /// Uniform in `±√(6 / (inputs + outputs))` (Glorot and Bengio 2010), as Keras begins
    #[default]
    Glorot,
    /// Uniform in `±√(6 / inputs)` (He et al. 2015), for deep chains of ReLU
    He,
    /// Zero, for biases
    Zeros,
    /// One, for the scales of normalisations
    Ones,
}

impl Initializer {
    /// Fills `weight` from `noise`, with fans `[inputs, outputs]`.
    pub fn fill(self, weight: &mut Matrix, fans: [usize; 2], noise: Noise) {
        let [inputs, outputs] = fans.map(|fan| fan as f32);
        let limit = match self {
            Self::Glorot => (6.0 / (inputs + outputs)).sqrt(),
            Self::He => (6.0 / inputs).sqrt(),
            Self::Zeros => return weight.as_mut_slice().fill(0.0),
            Self::Ones => return weight.as_mut_slice().fill(1.0),
        };
        noise.uniform(0, weight.as_mut_slice());
        for w in weight.as_mut_slice() {
            *w = limit * (2.0 * *w - 1.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_fill_their_range_evenly() {
        for (initializer, limit) in [(Initializer::Glorot, 0.1), (Initializer::He, 0.141_421_35)] {
            let mut weight = Matrix::zeros(300, 300);
            initializer.fill(&mut weight, [300; 2], Noise::new(1, 0));
            let n = weight.as_slice().len() as f32;
            let largest = weight.as_slice().iter().fold(0.0f32, |a, w| a.max(w.abs()));
            assert!(largest <= limit && largest > 0.999 * limit);
            let variance = weight.as_slice().iter().map(|w| w * w).sum::<f32>() / n;
            assert!((variance / (limit * limit / 3.0) - 1.0).abs() < 0.02);
        }
    }
}
