//! How much of a code is in use.

use latentia_nn::{CodeValues, Tape};
use latentia_tensor::Rows;
use serde::Serialize;

use crate::autoencoder::inference::{Run, total};
use crate::{Autoencoder, ModelError};

/// How much of a code that has no distribution is in use over a set of examples.
///
/// ```
/// use latentia_models::{LatentUsage, ModelSpec};
/// use latentia_tensor::Matrix;
///
/// let spec: ModelSpec = toml::from_str(r#"
///     likelihood = "mse"
///     code = { kind = "vector-quantised", codebook = 16, dimension = 2 }
///     encoder = [{ layer = "dense", units = 4 }]
///     decoder = [{ layer = "dense" }]
/// "#)?;
/// let model = spec.build(&[3], 42)?;
/// // A code of two vectors for each of two examples.
/// let examples = Matrix::from_vec(2, 3, vec![1.0, -1.0, 0.5, -2.0, 1.0, 3.0]);
/// let usage = LatentUsage::measure(&model, &examples)?.expect("no distribution");
/// assert!(usage.codebook_used.is_some_and(|used| (1..=4).contains(&used)));
/// assert!(usage.codebook_perplexity.is_some_and(|perplexity| perplexity < 4.1));
/// assert_eq!(usage.dead_units, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LatentUsage {
    /// Units of the code that are the same for every example: dead units. Not counted for a vector-quantised code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dead_units: Option<usize>,
    /// `exp(-Σ pₖ ln pₖ)` of the shares `pₖ` in which the vectors of a codebook, or of all codebooks together, are used: their
    /// number where all are used alike, 1 where one stands for everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codebook_perplexity: Option<f64>,
    /// Vectors of the codebook, or of all codebooks together, that are used at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codebook_used: Option<usize>,
    /// The same of each codebook, in their order, where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub codebooks: Vec<CodebookUsage>,
}

/// How much of one codebook is in use over a set of examples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CodebookUsage {
    /// `exp(-Σ pₖ ln pₖ)` of the shares `pₖ` in which its vectors are used.
    pub perplexity: f64,
    /// Vectors that are used at all.
    pub used: usize,
}

impl CodebookUsage {
    /// From how often each vector was used.
    fn of(counts: &[f64]) -> Self {
        let all: f64 = counts.iter().sum();
        let used = counts.iter().filter(|&&count| count > 0.0);
        let entropy: f64 = used.clone().map(|n| -n / all * (n / all).ln()).sum();
        Self {
            perplexity: entropy.exp(),
            used: used.count(),
        }
    }
}

impl LatentUsage {
    /// Measures the code of `model` on `examples`, in bounded memory. `None` when codes have a distribution: see
    /// [`crate::ElboReport`].
    ///
    /// # Errors
    /// When there are no examples, or they do not fit the model or cannot be read.
    pub fn measure(model: &Autoencoder, examples: &dyn Rows) -> Result<Option<Self>, ModelError> {
        if examples.rows() == 0 {
            return Err(ModelError::NoExamples { purpose: "measure" });
        }
        let latent = model.latent();
        if latent.distribution().is_some() {
            return Ok(None);
        }
        let usage = match latent.values() {
            CodeValues::Codebook {
                vectors, codebooks, ..
            } => Self::of_codebooks(model, examples, vectors, codebooks),
            CodeValues::Real
            | CodeValues::Sparse
            | CodeValues::Integers
            | CodeValues::Directions => Self::of_units(model, examples),
        };
        usage.map(Some)
    }

    fn of_codebooks(
        model: &Autoencoder,
        examples: &dyn Rows,
        vectors: usize,
        codebooks: usize,
    ) -> Result<Self, ModelError> {
        let layers = 0..model.sections().decoder.start;
        let (latent, last) = (model.latent(), layers.end - 1);
        let start = || (vec![0.0; codebooks * vectors], Vec::new());
        let add = |(counts, indices): &mut (Vec<f64>, Vec<u32>), _: usize, tape: &mut Tape| {
            for saved in tape.trace(last).saved.iter_rows() {
                indices.clear();
                latent.read_indices(saved, indices);
                let first = (0..codebooks).map(|codebook| codebook * vectors).cycle();
                for (&index, first) in indices.iter().zip(first) {
                    counts[first + index as usize] += 1.0;
                }
            }
        };
        let slots = model.fold_outputs(Run::of(layers), examples, start, add)?;
        let counts = total(slots.into_iter().map(|(counts, _)| counts));
        let all = CodebookUsage::of(&counts);
        let each = counts.chunks(vectors).map(CodebookUsage::of);
        Ok(Self {
            dead_units: None,
            codebook_perplexity: Some(all.perplexity),
            codebook_used: Some(all.used),
            codebooks: match codebooks {
                1 => Vec::new(),
                _ => each.collect(),
            },
        })
    }

    fn of_units(model: &Autoencoder, examples: &dyn Rows) -> Result<Self, ModelError> {
        let (layers, width) = (0..model.sections().decoder.start, model.code_width());
        let start = || vec![(f32::INFINITY, f32::NEG_INFINITY); width];
        let add = |ranges: &mut Vec<(f32, f32)>, _: usize, tape: &mut Tape| {
            for row in tape.output().iter_rows() {
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
        Ok(Self {
            dead_units: Some((0..width).filter(dead).count()),
            codebook_perplexity: None,
            codebook_used: None,
            codebooks: Vec::new(),
        })
    }
}
