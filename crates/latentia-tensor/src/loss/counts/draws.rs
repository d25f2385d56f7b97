//! Means and draws of counts.

use rand::RngExt;
use rand_distr::StandardNormal;

use super::{CountDistribution, LIBRARY, library, log_sum_exp};
use crate::math::double::exp;
use crate::{MatrixMut, MatrixRef, Noise};

/// The largest library that is drawn; beyond it, counts are no integers that f32 has.
const MOST: f64 = 1e9;

/// Expected counts in a library of the size that the statistics have in the middle, `eᵐ`.
///
/// Shapes: `outputs` `[rows, outputs(n)]`, `means` `[rows, n]`.
pub fn means<D: CountDistribution>(outputs: MatrixRef<'_>, mut means: MatrixMut<'_>) {
    for (means, outputs) in means.iter_rows_mut().zip(outputs.iter_rows()) {
        let [middle, _] = statistics(outputs);
        row_means::<D>(outputs, exp(middle), means);
    }
}

/// Expected counts in the libraries of `examples`, `[rows, n]`; shapes as for [`means`].
pub fn means_of<D: CountDistribution>(
    outputs: MatrixRef<'_>,
    examples: MatrixRef<'_>,
    mut means: MatrixMut<'_>,
) {
    let rows = outputs.iter_rows().zip(examples.iter_rows());
    for (means, (outputs, example)) in means.iter_rows_mut().zip(rows) {
        row_means::<D>(outputs, library(example), means);
    }
}

fn row_means<D: CountDistribution>(outputs: &[f32], library: f64, means: &mut [f32]) {
    each_mean::<D>(outputs, library, means, |mean, parameters| {
        D::mean(mean, parameters)
    });
}

/// One draw of each element, of a library whose size is drawn from a log-normal distribution with the statistics.
///
/// Shapes: `outputs` `[outputs(n)]`, `out` `[n]`. The noise is that of row `row`.
pub fn draw<D: CountDistribution>(outputs: &[f32], noise: Noise, row: u32, out: &mut [f32]) {
    let mut rng = noise.row(row);
    let [middle, deviation] = statistics(outputs);
    let normal: f64 = rng.sample(StandardNormal);
    let library = exp(deviation.mul_add(normal, middle)).min(MOST);
    each_mean::<D>(outputs, library, out, |mean, parameters| {
        D::draw(mean, parameters, &mut rng)
    });
}

/// What `make` makes of the mean and the parameters of each element.
fn each_mean<D: CountDistribution>(
    outputs: &[f32],
    library: f64,
    out: &mut [f32],
    mut make: impl FnMut(f64, [f32; 2]) -> f64,
) {
    let n = out.len();
    let log_sum = log_sum_exp(&outputs[..n]);
    for (element, out) in out.iter_mut().enumerate() {
        let mean = library * exp(f64::from(outputs[element]) - log_sum);
        let parameter = |at| match at <= D::PARAMETERS {
            true => outputs[at * n + element],
            false => 0.0,
        };
        *out = make(mean, [parameter(1), parameter(2)]) as f32;
    }
}

/// Mean and standard deviation of the logarithm of the library size.
fn statistics(outputs: &[f32]) -> [f64; LIBRARY] {
    let first = outputs.len() - LIBRARY;
    [outputs[first].into(), outputs[first + 1].into()]
}
