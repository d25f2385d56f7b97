//! Densities of priors by the textbook, in f64.

use std::f64::consts::PI;

use latentia_nn::priors::Flow;
use latentia_testing::reference;

use crate::case::{Row, log_variance};

pub fn log_normal(z: f64, mean: f64, ln_variance: f64) -> f64 {
    -0.5 * ((z - mean).powi(2) / ln_variance.exp() + ln_variance + (2.0 * PI).ln())
}

pub fn log_sum_exp(x: impl Iterator<Item = f64> + Clone) -> f64 {
    let max = x.clone().fold(f64::NEG_INFINITY, f64::max);
    max + x.map(|x| (x - max).exp()).sum::<f64>().ln()
}

pub fn mixture_density(z: &[f64], _: &[f64], parameters: &[Row]) -> f64 {
    let [means, log_variances, logits] = parameters else {
        panic!("{} parameters", parameters.len());
    };
    let n = z.len();
    let component = |k: usize| {
        let at = |j: usize| {
            log_normal(
                z[j],
                means[k * n + j],
                log_variance(log_variances[k * n + j]),
            )
        };
        logits[k] + (0..n).map(at).sum::<f64>()
    };
    log_sum_exp((0..logits.len()).map(component)) - log_sum_exp(logits.iter().copied())
}

/// The mean of posteriors, each `μ` and then `s`.
pub fn vamp_density(z: &[f64], _: &[f64], parameters: &[Row]) -> f64 {
    let n = z.len();
    let posteriors = parameters[0].chunks(2 * n);
    let count = posteriors.len() as f64;
    let one = |q: &[f64]| -> f64 {
        let at = |j: usize| log_normal(z[j], q[j], log_variance(q[n + j]));
        (0..n).map(at).sum()
    };
    log_sum_exp(posteriors.map(one)) - count.ln()
}

/// `f(z)` of a flow, and `Σ s`.
pub fn flow(prior: Flow, z: &[f64], parameters: &[Row]) -> (Row, f64) {
    let (n, hidden) = (z.len(), prior.hidden);
    let (seen, moved) = (n / 2, n.div_ceil(2));
    let (mut code, mut log_determinant) = (z.to_vec(), 0.0);
    for at in 0..prior.couplings {
        let own = |index: usize, size: usize| &parameters[index][at * size..][..size];
        let weight = (own(0, seen * hidden), own(2, hidden * 2 * moved));
        let bias = (own(1, hidden), own(3, 2 * moved));
        let unit = |h: usize| {
            let terms = (0..seen).map(|j| code[j] * weight.0[j * hidden + h]);
            (terms.sum::<f64>() + bias.0[h]).tanh()
        };
        let units: Row = (0..hidden).map(unit).collect();
        let output = |o: usize| {
            let terms = (0..hidden).map(|h| units[h] * weight.1[h * 2 * moved + o]);
            terms.sum::<f64>() + bias.1[o]
        };
        let outputs: Row = (0..2 * moved).map(output).collect();
        for j in 0..moved {
            let s = 2.0 * (outputs[j] / 2.0).tanh();
            code[seen + j] = code[seen + j] * s.exp() + outputs[moved + j];
            log_determinant += s;
        }
        code.rotate_left(seen);
    }
    (code, log_determinant)
}

pub fn flow_density(prior: Flow, z: &[f64], parameters: &[Row]) -> f64 {
    let (u, log_determinant) = flow(prior, z, parameters);
    log_determinant + u.iter().map(|u| log_normal(*u, 0.0, 0.0)).sum::<f64>()
}

/// `ln |det|` of a matrix of `n` rows, by elimination.
pub fn log_determinant(mut rows: Vec<Row>) -> f64 {
    let n = rows.len();
    let mut sum = 0.0;
    for pivot in 0..n {
        let largest =
            (pivot..n).max_by(|a, b| rows[*a][pivot].abs().total_cmp(&rows[*b][pivot].abs()));
        rows.swap(pivot, largest.expect("a row"));
        let own = rows[pivot].clone();
        sum += own[pivot].abs().ln();
        for row in &mut rows[pivot + 1..] {
            let factor = row[pivot] / own[pivot];
            row.iter_mut()
                .zip(&own)
                .for_each(|(x, own)| *x -= factor * own);
        }
    }
    sum
}

/// What a network of two hidden layers with tanh makes of `x`.
fn network(parameters: &[Row], x: &[f64]) -> Row {
    let mut y = x.to_vec();
    for (number, layer) in parameters.chunks(2).enumerate() {
        let dense = reference::Dense {
            weight: layer[0].clone(),
            bias: layer[1].clone(),
            activation: if number < 2 { f64::tanh } else { |y| y },
        };
        y = dense.forward(&y);
    }
    y
}

/// `ln p(z | h) + ln p(h) - ln q(h | z)` at `h` of `q(h | z)` by noise.
pub fn hierarchical_density(z: &[f64], noise: &[f64], parameters: &[Row]) -> f64 {
    let (encoder, decoder) = parameters.split_at(6);
    let (n, m) = (z.len(), noise.len());
    let q = network(encoder, z);
    let ln_variance = |j: usize| log_variance(q[m + j]);
    let h: Row = (0..m)
        .map(|j| q[j] + (0.5 * ln_variance(j)).exp() * noise[j])
        .collect();
    let p = network(decoder, &h);
    let above: f64 = (0..m)
        .map(|j| log_normal(h[j], 0.0, 0.0) - log_normal(h[j], q[j], ln_variance(j)))
        .sum();
    let below = (0..n).map(|j| log_normal(z[j], p[j], log_variance(p[n + j])));
    above + below.sum::<f64>()
}
