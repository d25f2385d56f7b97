//! The importance-weighted bound (Burda et al. 2016).
//!
//! With `k` samples `z` of `q(z | x)` for each example, `w = p(x | z) p(z) / q(z | x)`, the bound on the log likelihood is
//! `ln (1/k) Σ w`. It rises with `k`; with one sample it is one sample of the evidence lower bound. Its gradient is that of
//! the `ln w`, each weighted by `w / Σ w`.

use latentia_tensor::update;

use crate::latents::GaussianSamples;
use crate::log_variance::multiply_by_log_variance_gradient;
use crate::penalty::{CodeGradients, Codes};

/// `ln (1/k) Σ w` of log-weights `ln w` that come one by one, without overflow.
#[derive(Clone, Copy, Debug)]
pub struct ImportanceBound {
    max: f64,
    /// `Σ w / e^max`
    sum: f64,
    samples: usize,
}

impl Default for ImportanceBound {
    fn default() -> Self {
        Self {
            max: f64::NEG_INFINITY,
            sum: 0.0,
            samples: 0,
        }
    }
}

impl ImportanceBound {
    /// Of all log-weights of one example.
    fn of(log_weights: &[f64]) -> Self {
        let mut bound = Self::default();
        for &log_weight in log_weights {
            // Written so that a NaN stays.
            bound.max = if log_weight <= bound.max {
                bound.max
            } else {
                log_weight
            };
        }
        for &log_weight in log_weights {
            bound.sum += (log_weight - bound.max).exp();
        }
        bound.samples = log_weights.len();
        bound
    }

    /// Adds a log-weight.
    pub fn add(&mut self, log_weight: f64) {
        if log_weight > self.max {
            self.sum = self.sum * (self.max - log_weight).exp() + 1.0;
            self.max = log_weight;
        } else {
            self.sum += (log_weight - self.max).exp();
        }
        self.samples += 1;
    }

    /// The bound, in nats.
    pub fn nats(self) -> f64 {
        self.max + (self.sum / self.samples as f64).ln()
    }

    /// `w / Σ w` of one of the weights.
    fn share(self, log_weight: f64) -> f64 {
        (log_weight - self.max).exp() / self.sum
    }
}

/// Turns the loss `-ln p(x | z)` of each sample into its share `w / Σ w`, and returns the sum over the examples of the
/// negative bound, in nats.
///
/// `codes` are those of a [`crate::latents::GaussianLatent`]; `losses` `[rows · k]`.
pub(super) fn weight_samples(codes: Codes<'_>, losses: &mut [f64]) -> f64 {
    let samples = losses.len() / codes.inputs.rows().max(1);
    let mut sum = 0.0;
    for (row, losses) in losses.chunks_mut(samples.max(1)).enumerate() {
        for (sample, loss) in losses.iter_mut().enumerate() {
            let at = row * samples + sample;
            let z = codes.codes.row(at);
            let samples = GaussianSamples::of(codes.saved.row(at), z.len());
            *loss = samples.log_ratio(z) - *loss;
        }
        let bound = ImportanceBound::of(losses);
        for log_weight in losses {
            *log_weight = bound.share(*log_weight);
        }
        sum -= bound.nats();
    }
    sum
}

/// Adds the gradients of the weighted `ln q(z | x) - ln p(z)` by the codes, or by `ln p(z)` of a learned prior, and by `ln σ²`, of a
/// mean over `batch` examples.
pub(super) fn add_gradients(
    codes: Codes<'_>,
    shares: &[f64],
    batch: usize,
    gradients: &mut CodeGradients<'_>,
) {
    let width = codes.codes.cols();
    let is_learned = !gradients.log_prior.is_empty();
    for (row, &share) in shares[..codes.codes.rows()].iter().enumerate() {
        let share = (share / batch as f64) as f32;
        if is_learned {
            gradients.log_prior[row] = -share;
            continue;
        }
        update(
            gradients.codes.row_mut(row),
            codes.codes.row(row),
            |d, z| d + share * z,
        );
    }
    // The shares of an example's samples sum to one, and ln σ is the same for all. Nothing else reaches the parameters.
    for row in 0..codes.inputs.rows() {
        let ds = &mut gradients.inputs.row_mut(row)[width..];
        ds.fill(-0.5 / batch as f32);
        multiply_by_log_variance_gradient(ds, &codes.inputs.row(row)[width..]);
    }
}
