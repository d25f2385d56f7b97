//! How good reconstructions are.

use latentia_tensor::{Matrix, MatrixRef, Rows, loss};
use serde::Serialize;

use crate::{Autoencoder, ModelError, ssim};

/// Measures of a model on a set of examples, all in the model's scale.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Metrics {
    /// Number of examples.
    pub examples: usize,
    /// The training loss, in the likelihood's unit.
    pub loss: f64,
    /// Squared error, mean over all elements.
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
        let likelihood = model.likelihood();
        let picture = ssim::grey_shape(model.shape());
        let (mut total_loss, mut squares, mut cross, mut floor, mut similarity) =
            (0.0, 0.0, 0.0, 0.0, 0.0);
        let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
        let (mut lowest_output, mut highest_output) = (f32::INFINITY, f32::NEG_INFINITY);
        let mut scratch = Matrix::default();
        let mut reconstruction = Matrix::default();
        model.for_each_output(examples, |_, inputs, outputs| {
            if scratch.rows() < inputs.rows() {
                scratch = Matrix::zeros(inputs.rows(), inputs.cols());
            }
            let n = inputs.rows();
            total_loss += likelihood.loss(outputs, inputs, rows, scratch.top_mut(n));
            if likelihood.is_binary() {
                cross += loss::binary_cross_entropy(outputs, inputs, 0.0, scratch.top_mut(n));
            }
            reconstruction = outputs.to_matrix();
            likelihood.reconstruct(reconstruction.view_mut());
            squares += loss::squared_error(reconstruction.view(), inputs, 0.0, scratch.top_mut(n));
            for (&t, &p) in inputs.span().iter().zip(reconstruction.as_slice()) {
                (low, high) = (low.min(t), high.max(t));
                (lowest_output, highest_output) = (lowest_output.min(p), highest_output.max(p));
            }
            if low >= 0.0 && high <= 1.0 {
                floor += entropy(inputs);
                if !likelihood.is_binary() {
                    cross += clipped_cross_entropy(reconstruction.view(), inputs);
                }
                if let Some(picture) = picture {
                    let pairs = inputs.iter_rows().zip(reconstruction.view().iter_rows());
                    similarity += pairs.map(|(a, b)| ssim::ssim(a, b, picture)).sum::<f64>();
                }
            }
        })?;
        let elements = (rows * model.width()) as f64;
        let mse = squares / elements;
        let unit_range = low >= 0.0 && high <= 1.0;
        let probabilities = unit_range && lowest_output >= 0.0 && highest_output <= 1.0;
        Ok(Self {
            examples: rows,
            loss: total_loss,
            mse,
            squared_error_per_example: squares / rows as f64,
            bce: probabilities.then_some(cross / elements),
            bce_floor: probabilities.then_some(floor / elements),
            psnr_db: unit_range.then_some(-10.0 * mse.log10()),
            ssim: picture
                .filter(|_| unit_range)
                .map(|_| similarity / rows as f64),
        })
    }
}

fn entropy(targets: MatrixRef<'_>) -> f64 {
    let nats = |p: f64| if p > 0.0 { -p * p.ln() } else { 0.0 };
    let both = |t: f64| nats(t) + nats(1.0 - t);
    targets.span().iter().map(|&t| both(t.into())).sum()
}

fn clipped_cross_entropy(predictions: MatrixRef<'_>, targets: MatrixRef<'_>) -> f64 {
    let nats = |p: f64, t: f64| {
        let p = p.clamp(CLIP, 1.0 - CLIP);
        -(t * p.ln() + (1.0 - t) * (1.0 - p).ln())
    };
    let pairs = predictions.span().iter().zip(targets.span());
    pairs.map(|(&p, &t)| nats(p.into(), t.into())).sum()
}
