//! Outputs that begin at the mean of the training examples.

use latentia_nn::{Chain, ParameterRole};
use latentia_tensor::transpose;

/// How the last bias of a decoder stands for a mean of each element; see [`crate::OutputBias::DataMean`]. The decoder ends with a
/// dense layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeanBias {
    /// Whether the mean is the sigmoid of the output.
    pub sigmoid: bool,
    /// The feature maps `[channels, height, width]` that the decoder ends with, where their channels are put last behind it.
    pub feature_maps: Option<[usize; 3]>,
}

impl MeanBias {
    /// The bias for means `means` of the training examples, element by element.
    fn values(self, means: &[f64]) -> Vec<f32> {
        let bias = |&mean: &f64| {
            let held = mean.clamp(0.001, 0.999);
            match self.sigmoid {
                true => (held / (1.0 - held)).ln() as f32,
                false => mean as f32,
            }
        };
        let bias: Vec<f32> = means.iter().map(bias).collect();
        match self.feature_maps {
            Some([channels, height, width]) => {
                let mut permuted = vec![0.0; bias.len()];
                transpose(&bias, height * width, channels, &mut permuted);
                permuted
            }
            None => bias,
        }
    }

    /// Sets the last bias of `chain` such that outputs begin at `means`, one for each element of an example.
    pub(crate) fn set(self, chain: &mut Chain, means: &[f64]) {
        let bias = self.values(means);
        let parameters = chain.parameters_mut().iter_mut();
        if let Some(last) = parameters.rev().find(|p| p.role == ParameterRole::Bias) {
            last.value.as_mut_slice()[..bias.len()].copy_from_slice(&bias);
        }
    }
}
