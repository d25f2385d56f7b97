//! How badly a model explains the examples that it learned from: what a score is held against.

use latentia_tensor::{Rows, Subset};

use crate::{Autoencoder, Dtype, ModelError, StoredTensor};

/// Scores that are kept: those at 0, 1, …, 100 hundredths.
const COUNT: usize = 101;

/// The most examples that are scored.
const MOST_SCORED: usize = 10_000;

/// What the tensor is called in a model file.
const NAME: &str = "scores.quantiles";

/// Quantiles of the [scores](Autoencoder::score) of training examples.
///
/// ```
/// use latentia_models::{ModelSpec, ScoreQuantiles, TrainingSpec};
/// use latentia_tensor::Matrix;
///
/// let spec: ModelSpec = toml::from_str(r#"
///     likelihood = "columns"
///     preprocessing = "standardise"
///     encoder = [{ layer = "dense", units = 1 }]
///     decoder = [{ layer = "dense" }]
/// "#)?;
/// let mut model = spec.build(&[2], 42)?;
/// let pairs = (0..100).flat_map(|i| [i as f32, (i % 10) as f32]).collect();
/// let examples = Matrix::from_vec(100, 2, pairs);
/// model.fit(&examples, &TrainingSpec { epochs: 5, ..TrainingSpec::default() }, 42)?;
///
/// let quantiles = ScoreQuantiles::fit(&model, &examples)?;
/// let odd = model.score(&Matrix::from_vec(1, 2, vec![1e3, -1e3]))?;
/// assert!(quantiles.is_beyond(odd[0]) && quantiles.share_below(odd[0]) == 1.0);
///
/// let median = quantiles.share_below(model.score(&examples)?.iter().sum::<f64>() / 100.0);
/// assert!(median > 0.1 && median < 0.9);
/// assert_eq!(ScoreQuantiles::of(&quantiles.tensors()), Some(quantiles));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreQuantiles {
    /// Ascending, the smallest score first and the largest last.
    quantiles: Vec<f32>,
}

impl ScoreQuantiles {
    /// Those of `examples` under `model`, or of 10,000 evenly spaced ones where there are more.
    ///
    /// # Errors
    /// When there are no examples, they do not fit the model or cannot be read.
    pub fn fit(model: &Autoencoder, examples: &dyn Rows) -> Result<Self, ModelError> {
        let rows = examples.rows();
        let scored = rows.min(MOST_SCORED);
        if scored == 0 {
            return Err(ModelError::NoExamples { purpose: "score" });
        }
        let spaced = (0..scored).map(|i| (i as u64 * rows as u64 / scored as u64) as u32);
        let mut scores = model.score(&Subset::new(examples, spaced.collect()))?;
        scores.sort_unstable_by(f64::total_cmp);
        let at = |i: usize| scores[(i * (scored - 1) + (COUNT - 1) / 2) / (COUNT - 1)] as f32;
        Ok(Self {
            quantiles: (0..COUNT).map(at).collect(),
        })
    }

    /// The share of the training examples whose score is lower than `score`, from 0 to 1; linear between quantiles, and 1 from the
    /// largest on.
    pub fn share_below(&self, score: f64) -> f64 {
        let score = score as f32;
        let below = self.quantiles.partition_point(|&quantile| quantile < score);
        let steps = (COUNT - 1) as f64;
        match below.checked_sub(1).map(|i| (i, self.quantiles.get(i + 1))) {
            None => 0.0,
            Some((_, None)) => 1.0,
            Some((i, Some(&next))) => {
                let (last, next) = (f64::from(self.quantiles[i]), f64::from(next));
                (i as f64 + (f64::from(score) - last) / (next - last)) / steps
            }
        }
    }

    /// Whether no training example has so high a score.
    pub fn is_beyond(&self, score: f64) -> bool {
        self.quantiles
            .iter()
            .all(|&quantile| quantile < score as f32)
    }

    /// What a model file keeps beside the weights: `scores.quantiles`, 101 of them.
    pub fn tensors(&self) -> Vec<StoredTensor> {
        let bytes = self.quantiles.iter().flat_map(|x| x.to_le_bytes());
        vec![StoredTensor {
            name: NAME.into(),
            dtype: Dtype::F32,
            shape: vec![self.quantiles.len()],
            bytes: bytes.collect(),
        }]
    }

    /// Those among these tensors; none where there are none, or what has their name is no ascending quantiles.
    pub fn of(tensors: &[StoredTensor]) -> Option<Self> {
        let tensor = tensors.iter().find(|tensor| tensor.name == NAME)?;
        let (elements, rest) = tensor.bytes.as_chunks();
        let quantiles: Vec<f32> = elements.iter().map(|x| f32::from_le_bytes(*x)).collect();
        let fits = tensor.dtype == Dtype::F32
            && rest.is_empty()
            && quantiles.len() == COUNT
            && quantiles.is_sorted()
            && quantiles.iter().all(|quantile| quantile.is_finite());
        fits.then_some(Self { quantiles })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_linear_between_quantiles_and_whole_beyond_them() {
        // Quantiles 0, 1, …, 50, 50, 50, …, 100: half of the examples have the same score.
        let quantiles = (0..COUNT).map(|i| {
            if (50..75).contains(&i) {
                50.0
            } else {
                i as f32
            }
        });
        let quantiles = ScoreQuantiles {
            quantiles: quantiles.collect(),
        };
        let cases = [
            (-3.0, 0.0),
            (0.0, 0.0),
            (12.5, 0.125),
            (50.0, 0.5),
            (62.5, 0.745),
            (100.0, 1.0),
            (1e30, 1.0),
        ];
        for (score, expected) in cases {
            let share = quantiles.share_below(score);
            assert!((share - expected).abs() < 1e-9, "{score}: {share}");
            assert_eq!(quantiles.is_beyond(score), score > 100.0, "{score}");
        }
        let mut tensors = quantiles.tensors();
        assert_eq!(ScoreQuantiles::of(&tensors), Some(quantiles));
        tensors[0].bytes[..4].copy_from_slice(&f32::NAN.to_le_bytes());
        assert_eq!(ScoreQuantiles::of(&tensors), None);
        tensors[0].bytes.truncate(7);
        assert_eq!(ScoreQuantiles::of(&tensors), None);
    }
}
