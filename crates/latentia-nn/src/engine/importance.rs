//! Importance-weighted samples of a Gaussian code (Burda et al. 2016).
//!
//! With `k` samples `z` of `q(z | x)` for each example, `w = p(x | z) p(z) / q(z | x)`, the bound on the log likelihood is
//! `ln (1/k) Σ w`. It rises with `k`; with one sample it is one sample of the evidence lower bound. Its gradient is that of
//! the `ln w`, each weighed by `w / Σ w`.

use latentia_tensor::update;

use crate::engine::objective::Slopes;
use crate::latents::gaussian::multiply_by_log_variance_slope;
use crate::layer::Trace;

/// Turns the loss `-ln p(x | z)` of each sample into its weight `w / Σ w`, and gives back the sum over the examples of
/// `-ln (1/k) Σ w`, in nats.
///
/// `codes` is what a [`crate::Gaussian`] left behind; `losses` `[rows · k]`.
pub(crate) fn weigh(codes: Trace<'_>, losses: &mut [f64]) -> f64 {
    let samples = losses.len() / codes.x.rows().max(1);
    let mut bound = 0.0;
    for (row, losses) in losses.chunks_mut(samples.max(1)).enumerate() {
        let mut greatest = f64::NEG_INFINITY;
        for (sample, loss) in losses.iter_mut().enumerate() {
            let at = row * samples + sample;
            *loss = log_ratio(codes.y.row(at), codes.saved.row(at)) - *loss;
            // Written so that a NaN stays.
            greatest = if *loss <= greatest { greatest } else { *loss };
        }
        let mut sum = 0.0;
        for loss in &mut *losses {
            *loss = (*loss - greatest).exp();
            sum += *loss;
        }
        for weight in &mut *losses {
            *weight /= sum;
        }
        bound -= greatest + (sum / samples as f64).ln();
    }
    bound
}

/// `ln p(z) - ln q(z | x) = ½ Σ (ε² - z²) + Σ ln σ`, from a code and from `ε` and `σ` behind it; the constants cancel.
fn log_ratio(z: &[f32], saved: &[f32]) -> f64 {
    let (epsilon, sigma) = saved.split_at(z.len());
    let mut ratio = 0.0;
    for ((&z, &epsilon), &sigma) in z.iter().zip(epsilon).zip(sigma) {
        let (z, epsilon, sigma) = (f64::from(z), f64::from(epsilon), f64::from(sigma));
        ratio += 0.5 * (epsilon * epsilon - z * z) + sigma.ln();
    }
    ratio
}

/// Adds the slopes of the weighed `ln q(z | x) - ln p(z)` by the codes and by `ln σ²`, of a mean over `batch` examples.
pub(crate) fn add_slopes(codes: Trace<'_>, weights: &[f64], batch: usize, slopes: &mut Slopes<'_>) {
    let width = codes.y.cols();
    for (row, &weight) in weights[..codes.y.rows()].iter().enumerate() {
        let weight = (weight / batch as f64) as f32;
        update(slopes.dy.row_mut(row), codes.y.row(row), |d, z| {
            d + weight * z
        });
    }
    // The weights of an example's samples sum to one, and ln σ is the same for all. Nothing else reaches the moments.
    for row in 0..codes.x.rows() {
        let ds = &mut slopes.dx.row_mut(row)[width..];
        ds.fill(-0.5 / batch as f32);
        multiply_by_log_variance_slope(ds, &codes.x.row(row)[width..]);
    }
}
