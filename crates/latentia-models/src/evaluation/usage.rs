//! How much of a code is in use.

use latentia_nn::{Block, VectorQuantiser};
use latentia_tensor::Rows;
use serde::Serialize;

use crate::autoencoder::inference::{Run, total};
use crate::{Autoencoder, Code, ModelError};

/// How much of a code that has no distribution is in use over a set of examples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Usage {
    /// Numbers of the code that are the same for every example: dead units. Not counted for a vector-quantised code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dead_units: Option<usize>,
    /// `exp(-Σ pₖ ln pₖ)` of the shares `pₖ` in which the vectors of a codebook are used: their number where all are used
    /// alike, 1 where one stands for everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codebook_perplexity: Option<f64>,
    /// Vectors of the codebook that are used at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codebook_used: Option<usize>,
}

impl Usage {
    /// Measures the code of `model` on `examples`, in bounded memory. `None` when codes have a distribution: see
    /// [`crate::Variational`].
    ///
    /// # Errors
    /// When there are no examples, or they do not fit the model or cannot be read.
    pub fn measure(model: &Autoencoder, examples: &dyn Rows) -> Result<Option<Self>, ModelError> {
        if examples.rows() == 0 {
            return Err(ModelError::NoExamples { purpose: "measure" });
        }
        let layers = 0..model.sections().decoder.start;
        let code = layers.end - 1;
        match model.spec().code {
            Code::Gaussian { .. } => Ok(None),
            Code::VectorQuantised {
                codebook,
                dimension,
                ..
            } => {
                let vectors = model.code_width() / dimension;
                let add = |counts: &mut Vec<f64>, _: usize, block: &mut Block| {
                    for saved in block.trace(code).saved.iter_rows() {
                        for &choice in VectorQuantiser::choices(saved, vectors) {
                            counts[choice as usize] += 1.0;
                        }
                    }
                };
                let start = || vec![0.0; codebook];
                let counts = total(model.fold_outputs(Run::of(layers), examples, start, add)?);
                let all: f64 = counts.iter().sum();
                let used = counts.iter().filter(|&&count| count > 0.0);
                let entropy: f64 = used.clone().map(|n| -n / all * (n / all).ln()).sum();
                Ok(Some(Self {
                    dead_units: None,
                    codebook_perplexity: Some(entropy.exp()),
                    codebook_used: Some(used.count()),
                }))
            }
            Code::Deterministic | Code::Rounded { .. } | Code::TopK { .. } => {
                let width = model.code_width();
                let start = || vec![(f32::INFINITY, f32::NEG_INFINITY); width];
                let add = |ranges: &mut Vec<(f32, f32)>, _: usize, block: &mut Block| {
                    for row in block.output().iter_rows() {
                        for ((low, high), &y) in ranges.iter_mut().zip(row) {
                            (*low, *high) = (low.min(y), high.max(y));
                        }
                    }
                };
                let slots = model.fold_outputs(Run::of(layers), examples, start, add)?;
                let dead = |&unit: &usize| {
                    let low = slots.iter().map(|ranges| ranges[unit].0);
                    let high = slots.iter().map(|ranges| ranges[unit].1);
                    low.fold(f32::INFINITY, f32::min) == high.fold(f32::NEG_INFINITY, f32::max)
                };
                let dead_units = (0..width).filter(dead).count();
                Ok(Some(Self {
                    dead_units: Some(dead_units),
                    codebook_perplexity: None,
                    codebook_used: None,
                }))
            }
        }
    }
}
