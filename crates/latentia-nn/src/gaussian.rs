//! Gaussian code.

use latentia_tensor::math::{exp, tanh};
use latentia_tensor::{MatrixMut, MatrixRef, vectorized};

use crate::layer::{Layer, Mode, Parameter, Pass, Terms, Trace};

/// Bound of the log-variance: `σ²` stays within `e^±30`, so that neither it nor its square overflows.
const BOUND: f32 = 30.0;

/// A diagonal Gaussian code (Kingma and Welling 2014): from means and log-variances, `z = μ + σ ε` with `ε ~ N(0, 1)`, and
/// `z = μ` in use.
///
/// The input of `2 n` numbers holds `μ` and then `s`; the log-variance is `ln σ² = 30 tanh(s / 30)`, which is `s` to three
/// digits where `|s| < 2` and never overflows.
///
/// Its own term of the objective is the divergence from the prior, in nats, mean over examples, times the weight in force:
/// `KL(N(μ, σ²) ‖ N(0, 1)) = ½ Σ (μ² + σ² - 1 - ln σ²)`.
#[derive(Clone, Debug)]
pub struct Gaussian {
    width: usize,
}

/// The log-variance that stands for `s`.
#[inline(always)]
fn log_variance(s: f32) -> f32 {
    BOUND * tanh(s / BOUND)
}

/// Divergence from the prior in each dimension.
fn divergences(mu: &[f32], s: &[f32], kl: &mut [f32]) {
    vectorized(
        #[inline(always)]
        || {
            for ((kl, &mu), &s) in kl.iter_mut().zip(mu).zip(s) {
                let ln = log_variance(s);
                // e^ln - 1 - ln is never negative; rounding may make it so near 0.
                let excess = exp(ln) - 1.0 - ln;
                *kl = 0.5 * (mu * mu + if excess < 0.0 { 0.0 } else { excess });
            }
        },
    );
}

/// Divergence from the prior of one row `[2 n]` of the layer's input, without memory for each dimension.
fn total_divergence(x: &[f32]) -> f64 {
    let (mu, s) = x.split_at(x.len() / 2);
    let mut total = 0.0;
    for (mu, s) in mu.chunks(64).zip(s.chunks(64)) {
        let mut kl = [0.0f32; 64];
        divergences(mu, s, &mut kl);
        total += kl.iter().map(|&kl| f64::from(kl)).sum::<f64>();
    }
    total
}

impl Gaussian {
    /// A code of `width` numbers.
    pub fn new(width: usize) -> Self {
        Self { width }
    }

    /// Divergence from the prior of each dimension, `½ (μ² + σ² - 1 - ln σ²)`, in nats.
    ///
    /// Shapes: `x` `[2 n]`, a row of the layer's input; `kl` `[n]`.
    pub fn divergence(x: &[f32], kl: &mut [f32]) {
        let (mu, s) = x.split_at(kl.len());
        divergences(mu, s, kl);
    }

    /// Standard deviations: `[n]` from the second half of a row of the layer's input.
    pub fn deviation(x: &[f32], sigma: &mut [f32]) {
        let s = &x[sigma.len()..];
        vectorized(
            #[inline(always)]
            || {
                for (sigma, &s) in sigma.iter_mut().zip(s) {
                    *sigma = exp(0.5 * log_variance(s));
                }
            },
        );
    }
}

impl Layer for Gaussian {
    fn name(&self) -> String {
        "gaussian".into()
    }

    fn inputs(&self) -> usize {
        2 * self.width
    }

    fn outputs(&self) -> usize {
        self.width
    }

    /// `ε`, then `σ`.
    fn saved(&self) -> usize {
        2 * self.width
    }

    fn forward(
        &self,
        _parameters: &[Parameter],
        pass: Pass,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        mut saved: MatrixMut<'_>,
    ) {
        let rows = y
            .iter_rows_mut()
            .zip(saved.iter_rows_mut())
            .zip(x.iter_rows());
        for (row, ((y, saved), x)) in (pass.first_row..).zip(rows) {
            let (epsilon, sigma) = saved.split_at_mut(self.width);
            match pass.mode {
                Mode::Use => epsilon.fill(0.0),
                Mode::Train | Mode::Sample => pass.noise.normal(row, epsilon),
            }
            Self::deviation(x, sigma);
            for (((y, mu), epsilon), sigma) in y.iter_mut().zip(x).zip(epsilon).zip(sigma) {
                *y = mu + *sigma * *epsilon;
            }
        }
    }

    fn penalty(&self, trace: Trace<'_>, terms: Terms) -> f64 {
        let sum: f64 = trace.x.iter_rows().map(total_divergence).sum();
        f64::from(terms.kl_weight) * sum / terms.batch as f64
    }

    fn backward(
        &self,
        _parameters: &[Parameter],
        terms: Terms,
        trace: Trace<'_>,
        mut dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
    ) {
        let Some(mut dx) = dx else { return };
        let weight = terms.kl_weight / terms.batch as f32;
        let rows = dx.iter_rows_mut().zip(dy.iter_rows_mut());
        for ((dx, dy), (x, saved)) in rows.zip(trace.x.iter_rows().zip(trace.saved.iter_rows())) {
            let (dmu, ds) = dx.split_at_mut(self.width);
            let (mu, s) = x.split_at(self.width);
            let (epsilon, sigma) = saved.split_at(self.width);
            let numbers = mu.iter().zip(s).zip(epsilon).zip(sigma);
            let slopes = dmu.iter_mut().zip(ds).zip(&*dy).zip(numbers);
            vectorized(
                #[inline(always)]
                || {
                    for (((dmu, ds), &dz), (((&mu, &s), &epsilon), &sigma)) in slopes {
                        let t = tanh(s / BOUND);
                        let excess = weight * (sigma * sigma - 1.0);
                        *dmu = dz + weight * mu;
                        *ds = 0.5 * (dz * epsilon * sigma + excess) * (1.0 - t * t);
                    }
                },
            );
        }
    }
}
