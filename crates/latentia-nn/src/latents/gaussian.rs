//! Gaussian code.

use std::ops::Range;

use latentia_tensor::math::{exp, tanh};
use latentia_tensor::{MatrixMut, MatrixRef, update, vectorized};

use crate::layer::{Layer, Mode, Parameter, Pass, Trace};

/// Bound of the log-variance: `σ²` stays within `e^±30`, so that neither it nor its square overflows.
const BOUND: f32 = 30.0;

/// A diagonal Gaussian code (Kingma and Welling 2014): from means and log-variances, `z = μ + σ ε` with `ε ~ N(0, 1)`, and
/// `z = μ` in use.
///
/// The input of `2 n` numbers holds `μ` and then `s`; the log-variance is `ln σ² = 30 tanh(s / 30)`, which is `s` to three
/// digits where `|s| < 2` and never overflows.
///
/// Its divergence from the prior is a term of the objective: see [`crate::penalties::Divergence`]. With several samples of each
/// row, the samples are weighed by importance instead: see [`crate::Objective`].
#[derive(Clone, Debug)]
pub struct Gaussian {
    width: usize,
    samples: usize,
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

impl Gaussian {
    /// A code of `width` numbers, `samples` of them for each row but in use.
    pub fn new(width: usize, samples: usize) -> Self {
        Self { width, samples }
    }

    /// Divergence from the prior of each dimension, `½ (μ² + σ² - 1 - ln σ²)`, in nats.
    ///
    /// Shapes: `x` `[2 n]`, a row of the layer's input; `kl` `[n]`.
    pub fn divergence(x: &[f32], kl: &mut [f32]) {
        Self::divergence_of(x, 0..kl.len(), kl);
    }

    /// As [`Self::divergence`], of some dimensions.
    pub(crate) fn divergence_of(x: &[f32], dimensions: Range<usize>, kl: &mut [f32]) {
        let (mu, s) = x.split_at(x.len() / 2);
        divergences(&mu[dimensions.clone()], &s[dimensions], kl);
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
        match self.samples {
            1 => "gaussian".into(),
            samples => format!("gaussian, {samples} samples"),
        }
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

    fn copies(&self, mode: Mode) -> usize {
        match mode {
            Mode::Train | Mode::Sample => self.samples,
            Mode::Use => 1,
        }
    }

    fn forward(
        &self,
        _parameters: &[Parameter],
        pass: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        mut saved: MatrixMut<'_>,
        _scratch: &mut [f32],
    ) {
        let copies = self.copies(pass.mode);
        let rows = y.iter_rows_mut().zip(saved.iter_rows_mut());
        for (at, (y, saved)) in rows.enumerate() {
            let x = x.row(at / copies);
            let (epsilon, sigma) = saved.split_at_mut(self.width);
            match pass.mode {
                Mode::Use => epsilon.fill(0.0),
                Mode::Train | Mode::Sample => {
                    pass.noise.normal(pass.first_row + at as u32, epsilon);
                }
            }
            Self::deviation(x, sigma);
            for (((y, mu), epsilon), sigma) in y.iter_mut().zip(x).zip(epsilon).zip(sigma) {
                *y = mu + *sigma * *epsilon;
            }
        }
    }

    fn backward(
        &self,
        _parameters: &[Parameter],
        trace: Trace<'_>,
        mut dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
        _scratch: &mut [f32],
        _sums: &mut [f32],
    ) {
        let Some(mut dx) = dx else { return };
        let copies = dy.rows() / dx.rows().max(1);
        for (row, dx) in dx.iter_rows_mut().enumerate() {
            let (dmu, ds) = dx.split_at_mut(self.width);
            dmu.fill(0.0);
            ds.fill(0.0);
            for at in row * copies..(row + 1) * copies {
                let (epsilon, sigma) = trace.saved.row(at).split_at(self.width);
                let numbers = dy.row_mut(at).iter().zip(epsilon).zip(sigma);
                for ((dmu, ds), ((dz, epsilon), sigma)) in dmu.iter_mut().zip(&mut *ds).zip(numbers)
                {
                    *dmu += dz;
                    *ds += 0.5 * dz * epsilon * sigma;
                }
            }
            multiply_by_log_variance_slope(ds, &trace.x.row(row)[self.width..]);
        }
    }
}

/// Adds to a row of slopes by `μ` and `s` those of the divergence in dimensions `dimensions`, times `factors`.
pub(crate) fn add_divergence_slopes(
    x: &[f32],
    factors: &[f32],
    dimensions: Range<usize>,
    dx: &mut [f32],
) {
    let (mu, s) = x.split_at(x.len() / 2);
    let (dmu, ds) = dx.split_at_mut(mu.len());
    let numbers = mu[dimensions.clone()].iter().zip(&s[dimensions.clone()]);
    let slopes = dmu[dimensions.clone()].iter_mut().zip(&mut ds[dimensions]);
    let all = slopes.zip(numbers).zip(factors);
    vectorized(
        #[inline(always)]
        || {
            for (((dmu, ds), (&mu, &s)), &factor) in all {
                let t = tanh(s / BOUND);
                *dmu += factor * mu;
                *ds += 0.5 * factor * (exp(BOUND * t) - 1.0) * (1.0 - t * t);
            }
        },
    );
}

/// `ds *= d ln σ² / ds`, from slopes by `ln σ²` to those by `s`.
pub(crate) fn multiply_by_log_variance_slope(ds: &mut [f32], s: &[f32]) {
    update(
        ds,
        s,
        #[inline(always)]
        |ds, s| {
            let t = tanh(s / BOUND);
            ds * (1.0 - t * t)
        },
    );
}
