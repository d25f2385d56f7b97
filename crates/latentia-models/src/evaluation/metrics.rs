//! How good reconstructions are.

use latentia_nn::{BLOCK_ROWS, Likelihood};
use latentia_tensor::{Matrix, MatrixRef, Rows, loss};
use serde::Serialize;

use super::ssim::{self, Similarity};
use crate::autoencoder::value_range::ValueRange;
use crate::{Autoencoder, ModelError, psnr};

/// Measures of a model on a set of examples, all in the model's scale.
///
/// ```
/// use latentia_models::{Metrics, ModelSpec};
/// use latentia_tensor::Matrix;
///
/// let spec: ModelSpec = toml::from_str(r#"
///     likelihood = "bce"
///     encoder = [{ layer = "dense", units = 8, activation = "relu" }]
///     decoder = [{ layer = "dense" }]
/// "#)?;
/// let model = spec.build(&[16, 16], 42)?;
/// let stripes = (0..20 * 256).map(|at| f32::from(at / 256 % 16 == at % 16)).collect();
/// let metrics = Metrics::measure(&model, &Matrix::from_vec(20, 256, stripes))?;
///
/// // Grey pictures in [0, 1] have all measures. The likelihood's loss is here the cross-entropy.
/// assert_eq!(metrics.examples, 20);
/// assert!(metrics.psnr_db.is_some() && metrics.ssim.is_some());
/// assert!(metrics.bce.is_some_and(|bce| (bce - metrics.loss).abs() < 1e-4));
/// assert_eq!(metrics.bce_floor, Some(0.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Metrics {
    /// Number of examples.
    pub examples: usize,
    /// The likelihood's loss, in its unit, at the mean of each code and without terms on the code.
    pub loss: f64,
    /// Squared error, mean over all elements; of a table, whose categories have an element for each level, over those that are
    /// known.
    pub mse: f64,
    /// Squared error summed over an example, mean over examples.
    pub squared_error_per_example: f64,
    /// Binary cross-entropy in nats, mean over all elements; where examples and reconstructions lie in `[0, 1]`.
    pub bce: Option<f64>,
    /// The least `bce` that any reconstruction reaches: the entropy of the examples' own values.
    pub bce_floor: Option<f64>,
    /// Peak signal-to-noise ratio `-10 log₁₀ mse` in decibels; where examples lie in `[0, 1]`.
    pub psnr_db: Option<f64>,
    /// Mean structural similarity; where examples are grey pictures in `[0, 1]` of at least 11 x 11 pixels.
    pub ssim: Option<f64>,
}

/// Keras clips probabilities to this distance from 0 and 1 before it takes their logarithm.
const CLIP: f64 = 1e-7;

impl Metrics {
    /// Measures `model` on `examples`, in bounded memory.
    ///
    /// # Errors
    /// When there are no examples, or they do not fit the model or cannot be read.
    pub fn measure(model: &Autoencoder, examples: &dyn Rows) -> Result<Self, ModelError> {
        let rows = examples.rows();
        if rows == 0 {
            return Err(ModelError::NoExamples { purpose: "measure" });
        }
        let slots = model.fold_outputs(
            model.whole(),
            examples,
            || MetricSums::new(model, rows),
            |sums, _, block| sums.add(block.targets(), block.output()),
        )?;
        let sum = |of: fn(&MetricSums<'_>) -> f64| slots.iter().map(of).sum::<f64>();
        let all = |of: fn(&MetricSums<'_>) -> ValueRange| {
            slots
                .iter()
                .map(of)
                .fold(ValueRange::new(), ValueRange::join)
        };
        let squares = sum(|s| s.squares);
        let elements = sum(|s| s.elements as f64);
        let mse = squares / elements;
        let is_table = model.likelihood().columns().is_some();
        let unit_range = !is_table && all(|s| s.inputs).is_unit();
        let probabilities = unit_range && all(|s| s.outputs).is_unit();
        Ok(Self {
            examples: rows,
            loss: sum(|s| s.loss),
            mse,
            squared_error_per_example: squares / rows as f64,
            bce: probabilities.then(|| sum(|s| s.cross) / elements),
            bce_floor: probabilities.then(|| sum(|s| s.floor) / elements),
            psnr_db: unit_range.then(|| psnr(mse, 1.0)),
            ssim: ssim::grey_shape(model.shape())
                .filter(|_| unit_range)
                .map(|_| sum(|s| s.similarity) / rows as f64),
        })
    }
}

/// What is summed over blocks of examples, with buffers for one block.
struct MetricSums<'a> {
    likelihood: &'a dyn Likelihood,
    /// Examples in all.
    examples: usize,
    loss: f64,
    squares: f64,
    elements: usize,
    cross: f64,
    floor: f64,
    similarity: f64,
    inputs: ValueRange,
    outputs: ValueRange,
    reconstruction: Matrix,
    /// Targets and expectations of a table's columns, with an element for each level.
    encoded: Option<[Matrix; 2]>,
    pictures: Option<Similarity>,
}

impl<'a> MetricSums<'a> {
    fn new(model: &'a Autoencoder, examples: usize) -> Self {
        Self {
            likelihood: model.likelihood(),
            examples,
            loss: 0.0,
            squares: 0.0,
            elements: 0,
            cross: 0.0,
            floor: 0.0,
            similarity: 0.0,
            inputs: ValueRange::new(),
            outputs: ValueRange::new(),
            reconstruction: Matrix::zeros(BLOCK_ROWS.min(examples), model.width()),
            encoded: model.likelihood().columns().map(|columns| {
                let width = columns.encoded_width(model.width());
                [(); 2].map(|()| Matrix::zeros(BLOCK_ROWS.min(examples), width))
            }),
            pictures: ssim::grey_shape(model.shape()).map(Similarity::new),
        }
    }

    /// Adds a block: `inputs` in the model's scale, `outputs` before the likelihood.
    fn add(&mut self, inputs: MatrixRef<'_>, outputs: MatrixRef<'_>) {
        let (rows, likelihood) = (inputs.rows(), self.likelihood);
        let mut losses = [0.0; BLOCK_ROWS];
        let losses = &mut losses[..rows];
        likelihood.losses(outputs, inputs, losses);
        self.loss += losses.iter().sum::<f64>() / self.examples as f64;
        if let (Some(columns), Some([targets, expected])) =
            (likelihood.columns(), &mut self.encoded)
        {
            columns.one_hot(inputs, targets.top_mut(rows));
            columns.expected(outputs, expected.top_mut(rows));
            let (targets, expected) = (targets.top(rows), expected.top(rows));
            for (target, expected) in targets.span().iter().zip(expected.span()) {
                if !target.is_nan() {
                    self.squares += f64::from(target - expected).powi(2);
                    self.elements += 1;
                }
            }
            return;
        }
        likelihood.mean_of(outputs, inputs, self.reconstruction.top_mut(rows));
        let reconstruction = self.reconstruction.top(rows);
        loss::squared_error(reconstruction, inputs, 0.0, losses, None);
        self.squares += losses.iter().sum::<f64>();
        self.elements += inputs.rows() * inputs.cols();
        self.inputs.add(inputs.span());
        self.outputs.add(reconstruction.span());
        // What follows means nothing for other examples, and is left out for all.
        if !self.inputs.is_unit() {
            return;
        }
        self.floor += entropy(inputs);
        self.cross += if likelihood.is_binary() {
            loss::binary_cross_entropy(outputs, inputs, 0.0, losses, None);
            losses.iter().sum()
        } else {
            clipped_cross_entropy(reconstruction, inputs)
        };
        if let Some(pictures) = &mut self.pictures {
            for (a, b) in inputs.iter_rows().zip(reconstruction.iter_rows()) {
                self.similarity += pictures.mean(a, b);
            }
        }
    }
}

fn entropy(targets: MatrixRef<'_>) -> f64 {
    let nats = |p: f64| if p > 0.0 { -p * p.ln() } else { 0.0 };
    let both = |t: f64| nats(t) + nats(1.0 - t);
    targets.span().iter().map(|&t| both(t.into())).sum()
}

fn clipped_cross_entropy(predictions: MatrixRef<'_>, targets: MatrixRef<'_>) -> f64 {
    // Most pixels are wholly black or white and need one logarithm, not two.
    let nats = |weight: f64, p: f64| if weight > 0.0 { -weight * p.ln() } else { 0.0 };
    let both = |p: f64, t: f64| {
        let p = p.clamp(CLIP, 1.0 - CLIP);
        nats(t, p) + nats(1.0 - t, 1.0 - p)
    };
    let pairs = predictions.span().iter().zip(targets.span());
    pairs.map(|(&p, &t)| both(p.into(), t.into())).sum()
}
