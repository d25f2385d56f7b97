//! Distributions of counts, such as those of the molecules of each gene in a cell, over the size of their library.
//!
//! The library size `l = Σ x` of a row is observed, as in scVI (Lopez et al. 2018, `use_observed_lib_size`), and the mean of an element is its
//! share of it:
//!
//! ```text
//! μ = l softmax(o)
//! ```
//!
//! with the first `n` outputs `o` of the row. Behind them lie the distribution's other parameters, `n` of each, and, last, the
//! [`LIBRARY`] statistics: mean and standard deviation of `ln l` over the training examples, which stand for the library of a row that is
//! not at hand. They have no gradient. A row without counts has a library of 0: the distribution is certain of it, the loss is 0.

mod draws;
mod negative_binomial;
mod poisson;
#[cfg(test)]
mod tests;
mod zero_inflated;

use std::fmt::Debug;

use rand::Rng;

pub use draws::{draw, means, means_of};
pub use negative_binomial::NegativeBinomial;
pub use poisson::Poisson;
pub use zero_inflated::ZeroInflated;

use crate::dispatch::vectorized;
use crate::math::double::{exp, ln};
use crate::{MatrixMut, MatrixRef};

/// Outputs of a row for the statistics of the library size.
pub const LIBRARY: usize = 2;

/// The largest count: f32 has every integer up to it.
pub const LARGEST: f32 = 16_777_216.0;

/// Elements that are computed at once.
const LANES: usize = 32;

/// A distribution of one count with the mean `μ` that the library gives it, and at most two more parameters.
pub trait CountDistribution: Debug + Clone + Copy + Send + Sync + 'static {
    /// Outputs for each element beside the one that its mean follows from.
    const PARAMETERS: usize;

    /// `-ln P(count)` in nats, and its derivatives with respect to `ln μ` and to the parameters.
    fn loss(ln_mean: f64, count: f64, parameters: [f32; 2]) -> (f64, [f64; 3]);

    /// The expected count where the library gives `mean`.
    fn mean(mean: f64, parameters: [f32; 2]) -> f64;

    /// A count drawn from the distribution.
    fn draw(mean: f64, parameters: [f32; 2], rng: &mut impl Rng) -> f64;
}

/// Outputs in a row for `n` elements under `D`.
pub fn outputs<D: CountDistribution>(n: usize) -> usize {
    n.saturating_mul(1 + D::PARAMETERS).saturating_add(LIBRARY)
}

/// `Σ -ln P(x)` of each row under `D`, in nats, computed in f64.
///
/// Shapes: `predictions` and `gradient` `[rows, outputs(n)]`, `targets` `[rows, n]`, whole numbers from 0.
pub fn loss<D: CountDistribution>(
    predictions: MatrixRef<'_>,
    targets: MatrixRef<'_>,
    scale: f32,
    losses: &mut [f64],
    mut gradient: Option<MatrixMut<'_>>,
) {
    vectorized(
        #[inline(always)]
        || {
            for (row, loss) in losses.iter_mut().enumerate() {
                let gradient = gradient.as_mut().map(|gradient| gradient.row_mut(row));
                let (outputs, targets) = (predictions.row(row), targets.row(row));
                let wanted = Wanted {
                    scale,
                    gradient,
                    elements: None,
                };
                *loss = row_loss::<D>(outputs, targets, wanted);
            }
        },
    );
}

/// What each element adds to [`loss`]: `[rows, n]`, for the same shapes.
pub fn element_losses<D: CountDistribution>(
    predictions: MatrixRef<'_>,
    targets: MatrixRef<'_>,
    mut out: MatrixMut<'_>,
) {
    vectorized(
        #[inline(always)]
        || {
            for row in 0..out.rows() {
                let wanted = Wanted {
                    scale: 0.0,
                    gradient: None,
                    elements: Some(out.row_mut(row)),
                };
                row_loss::<D>(predictions.row(row), targets.row(row), wanted);
            }
        },
    );
}

/// What is wanted of a row beside its loss.
struct Wanted<'a> {
    scale: f32,
    gradient: Option<&'a mut [f32]>,
    elements: Option<&'a mut [f32]>,
}

/// The loss of one row.
#[inline(always)]
fn row_loss<D: CountDistribution>(outputs: &[f32], targets: &[f32], wanted: Wanted<'_>) -> f64 {
    let n = targets.len();
    let (mut gradient, mut elements) = (wanted.gradient, wanted.elements);
    let library = library(targets);
    if library <= 0.0 {
        if let Some(gradient) = gradient {
            gradient.fill(0.0);
        }
        if let Some(elements) = elements {
            elements.fill(0.0);
        }
        return 0.0;
    }
    let log_sum = log_sum_exp(&outputs[..n]);
    let base = ln(library) - log_sum;
    let (mut total, mut total_derivative) = (0.0, 0.0);
    let mut first = 0;
    while first < n {
        let range = first..n.min(first + LANES);
        let len = range.len();
        let (mut o, mut x, mut parameters) =
            ([0.0f32; LANES], [0.0f32; LANES], [[0.0f32; LANES]; 2]);
        o[..len].copy_from_slice(&outputs[range.clone()]);
        x[..len].copy_from_slice(&targets[range.clone()]);
        for (at, own) in parameters.iter_mut().enumerate().take(D::PARAMETERS) {
            own[..len].copy_from_slice(&outputs[(at + 1) * n..][range.clone()]);
        }
        let mut losses = [0.0f64; LANES];
        let mut derivatives = [[0.0f64; LANES]; 3];
        for lane in 0..LANES {
            let own = [parameters[0][lane], parameters[1][lane]];
            let (loss, [a, b, c]) = D::loss(base + f64::from(o[lane]), x[lane].into(), own);
            losses[lane] = loss;
            derivatives[0][lane] = a;
            derivatives[1][lane] = b;
            derivatives[2][lane] = c;
        }
        for lane in 0..len {
            total += losses[lane];
            total_derivative += derivatives[0][lane];
        }
        if let Some(elements) = &mut elements {
            for (out, &loss) in elements[range.clone()].iter_mut().zip(&losses) {
                *out = loss as f32;
            }
        }
        if let Some(gradient) = &mut gradient {
            for (at, own) in derivatives.iter().enumerate().take(1 + D::PARAMETERS) {
                let out = &mut gradient[at * n..][range.clone()];
                for (out, &derivative) in out.iter_mut().zip(own) {
                    *out = wanted.scale * derivative as f32;
                }
            }
        }
        first = range.end;
    }
    if let Some(gradient) = gradient {
        // ∂ ln μᵢ / ∂ oⱼ = δᵢⱼ - softmax(o)ⱼ
        let derivative = f64::from(wanted.scale) * total_derivative;
        for (out, &o) in gradient[..n].iter_mut().zip(outputs) {
            *out -= (derivative * exp(f64::from(o) - log_sum)) as f32;
        }
        gradient[(1 + D::PARAMETERS) * n..].fill(0.0);
    }
    total
}

/// `Σ x` of a row.
#[inline(always)]
fn library(row: &[f32]) -> f64 {
    row.iter().map(|&x| f64::from(x)).sum()
}

/// `ln Σ exp(o)`
#[inline(always)]
fn log_sum_exp(o: &[f32]) -> f64 {
    let mut most = f32::NEG_INFINITY;
    for &o in o {
        most = if o > most { o } else { most };
    }
    let most = f64::from(most);
    let mut sums = [0.0f64; LANES];
    let (chunks, rest) = o.as_chunks::<LANES>();
    for chunk in chunks {
        for (sum, &o) in sums.iter_mut().zip(chunk) {
            *sum += exp(f64::from(o) - most);
        }
    }
    for (sum, &o) in sums.iter_mut().zip(rest) {
        *sum += exp(f64::from(o) - most);
    }
    most + ln(sums.into_iter().sum())
}
