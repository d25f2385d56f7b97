//! Priors that are learned: density and gradients against textbooks in f64, in an objective and alone.

use std::f64::consts::PI;
use std::sync::Arc;

use latentia_nn::latents::GaussianLatent;
use latentia_nn::penalties::SampledKl;
use latentia_nn::priors::{Flow, Mixture, Vamp};
use latentia_nn::{Chain, Importance, Layer, Noise, PRIOR_ROWS, Penalty, Prior};
use latentia_tensor::{Matrix, MatrixMut};
use latentia_testing::{numbers, wide};

use crate::case::{Case, Moved, Row, Seen, check, log_variance, loss, mean, sampled};

/// Examples, their elements and those of a code: less than a tape, several tapes.
const SHAPES: [(usize, usize, usize); 3] = [(2, 3, 1), (7, 5, 2), (70, 9, 11)];

/// `ln p(z)` of a code, by the parameters of a prior.
type LogDensity = dyn Fn(&[f64], &[Row]) -> f64;

pub fn log_normal(z: f64, mean: f64, ln_variance: f64) -> f64 {
    -0.5 * ((z - mean).powi(2) / ln_variance.exp() + ln_variance + (2.0 * PI).ln())
}

pub fn log_sum_exp(x: impl Iterator<Item = f64> + Clone) -> f64 {
    let max = x.clone().fold(f64::NEG_INFINITY, f64::max);
    max + x.map(|x| (x - max).exp()).sum::<f64>().ln()
}

pub fn mixture_density(z: &[f64], parameters: &[Row]) -> f64 {
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
fn vamp_density(z: &[f64], parameters: &[Row]) -> f64 {
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
fn flow(prior: Flow, z: &[f64], parameters: &[Row]) -> (Row, f64) {
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

/// Priors of several sizes, and their densities.
fn priors() -> Vec<(Arc<dyn Prior>, Box<LogDensity>)> {
    let mut priors: Vec<(Arc<dyn Prior>, Box<LogDensity>)> = Vec::new();
    for components in [1, 3, 17] {
        priors.push((Arc::new(Mixture { components }), Box::new(mixture_density)));
    }
    // One block of pseudo-inputs, several.
    for components in [1, 3, 70] {
        priors.push((Arc::new(Vamp { components }), Box::new(vamp_density)));
    }
    for (couplings, hidden) in [(1, 3), (4, 5)] {
        let prior = Flow { couplings, hidden };
        let density = move |z: &[f64], parameters: &[Row]| flow_density(prior, z, parameters);
        priors.push((Arc::new(prior), Box::new(density)));
    }
    priors
}

/// A Gaussian code with `prior` behind an encoder.
fn case(width: usize, samples: usize, prior: &Arc<dyn Prior>, weight: Option<f32>) -> Case {
    let code = GaussianLatent::new(width, samples).with_prior(prior.clone());
    let code: Box<dyn Layer> = Box::new(code);
    let penalty = |weight| -> Arc<dyn Penalty> { Arc::new(SampledKl { weight, warm_up: 0 }) };
    Case {
        importance: weight.is_none().then(Importance::default),
        ..Case::new(
            2 * width,
            Some(code),
            weight.map(penalty).into_iter().collect(),
        )
    }
}

/// `ln q(z | x) - ln p(z)` of code `r`.
fn log_ratio(seen: &Seen, r: usize, density: &LogDensity) -> f64 {
    let samples = seen.codes.len() / seen.encoded.len();
    let (z, encoded) = (&seen.codes[r], &seen.encoded[r / samples]);
    let n = z.len();
    let posterior: f64 = (0..n)
        .map(|j| log_normal(z[j], encoded[j], log_variance(encoded[n + j])))
        .sum();
    posterior - density(z, &seen.prior)
}

#[test]
fn the_divergence_from_a_learned_prior_has_the_gradients_of_its_samples() {
    for (rows, inputs, width) in SHAPES {
        for (prior, density) in priors() {
            if prior.check(width).is_err() {
                continue;
            }
            for (samples, weight) in [(1, 1.0), (2, 3.0)] {
                let case = case(width, samples, &prior, Some(weight));
                check(case, rows, inputs, sampled, |seen| {
                    let ratios = (0..seen.codes.len()).map(|r| log_ratio(seen, r, &*density));
                    loss(seen) + f64::from(weight) * mean(ratios)
                });
            }
        }
    }
}

#[test]
fn importance_weights_have_the_learned_prior() {
    for (rows, inputs, width) in SHAPES {
        for (prior, density) in priors() {
            if prior.check(width).is_err() {
                continue;
            }
            // Blocks of four examples have more than 64 codes by 20 samples.
            for samples in [1, 5, 20] {
                let case = case(width, samples, &prior, None);
                check(case, rows, inputs, sampled, |seen| {
                    let log_weight = |r: usize| -log_ratio(seen, r, &*density) - seen.losses[r];
                    let bound = |x: usize| {
                        let weights = (x * samples..(x + 1) * samples).map(log_weight);
                        (samples as f64).ln() - log_sum_exp(weights)
                    };
                    mean((0..seen.encoded.len()).map(bound))
                });
            }
        }
    }
}

#[test]
fn partial_weights_are_those_of_all_samples_for_a_learned_prior() {
    let (rows, inputs, width) = SHAPES[1];
    let (samples, groups) = (6, 3);
    // Pseudo-inputs pass the encoder, which then learns by both bounds.
    for (prior, density) in priors() {
        if prior.has_pseudo_inputs() {
            continue;
        }
        let importance = Importance {
            groups,
            partially: true,
            ..Importance::default()
        };
        let case = Case {
            importance: Some(importance),
            ..case(width, samples, &prior, None)
        };
        check(case, rows, inputs, sampled, |seen| {
            let log_weight = |r: usize| -log_ratio(seen, r, &*density) - seen.losses[r];
            let group = match seen.moved {
                Moved::Encoder => samples / groups,
                _ => samples,
            };
            let bound = |x: usize| {
                let weights = (x * group..(x + 1) * group).map(log_weight);
                (group as f64).ln() - log_sum_exp(weights)
            };
            mean((0..seen.codes.len() / group).map(bound))
        });
    }
}

/// The parameters of `prior` for codes of `width` elements, moved by up to `by` from where they begin.
fn parameters(prior: &Arc<dyn Prior>, width: usize, by: f32) -> Chain {
    let layer = GaussianLatent::new(width, 1).with_prior(prior.clone());
    let mut chain = Chain::new(vec![Box::new(layer)], 3).expect("a layer");
    for (i, parameter) in (1..).zip(chain.parameters_mut()) {
        let noise = numbers(i, parameter.value.as_slice().len());
        for (w, noise) in parameter.value.as_mut_slice().iter_mut().zip(noise) {
            *w += by * noise;
        }
    }
    chain
}

/// `ln p(z)` of each row.
fn log_density(prior: &dyn Prior, chain: &Chain, z: &Matrix) -> Vec<f32> {
    let mut workspace = vec![f32::NAN; prior.workspace(z.cols())];
    let rows: Vec<u32> = (0..z.rows() as u32).collect();
    let mut all = Vec::new();
    for rows in rows.chunks(PRIOR_ROWS) {
        let part: Vec<f32> = rows
            .iter()
            .flat_map(|&row| z.row(row as usize))
            .copied()
            .collect();
        let part = Matrix::from_vec(rows.len(), z.cols(), part);
        let mut own = vec![f32::NAN; rows.len()];
        prior.log_density(chain.parameters(), part.view(), &mut own, &mut workspace);
        all.extend(own);
    }
    all
}

/// `rows` codes drawn from `prior`.
fn draw(prior: &dyn Prior, chain: &Chain, rows: usize, width: usize) -> Matrix {
    let mut z = Matrix::zeros(rows, width);
    prior.draw(chain.parameters(), Noise::new(7, 1), 0, z.view_mut());
    z
}

#[test]
fn a_density_is_that_of_the_formula_whatever_was_in_the_workspace() {
    for (prior, density) in priors() {
        for width in [2, 3, 20] {
            let chain = parameters(&prior, width, 0.5);
            let values: Vec<Row> = chain
                .parameters()
                .iter()
                .map(|p| wide(p.value.as_slice()))
                .collect();
            let z = Matrix::from_vec(
                9,
                width,
                numbers(5, 9 * width).iter().map(|z| 3.0 * z).collect(),
            );
            for (row, obtained) in log_density(&*prior, &chain, &z).into_iter().enumerate() {
                let expected = density(&wide(z.row(row)), &values);
                let error = (f64::from(obtained) - expected).abs();
                assert!(
                    error < 1e-5 * expected.abs().max(1.0),
                    "{prior:?}: {obtained} {expected}"
                );
            }
        }
    }
}

#[test]
fn a_density_sums_to_one() {
    // Importance sampling by a wide Gaussian, in two dimensions.
    let (rows, deviation) = (200_000, 3.0f32);
    let mut z = Matrix::zeros(rows, 2);
    for (row, z) in (0..).zip(z.view_mut().iter_rows_mut()) {
        Noise::new(1, 2).normal(row, z);
        z.iter_mut().for_each(|z| *z *= deviation);
    }
    for (prior, _) in priors() {
        let chain = parameters(&prior, 2, 0.5);
        let densities = log_density(&*prior, &chain, &z);
        let one = |(row, ln_p): (usize, f32)| {
            let ln_variance = 2.0 * f64::from(deviation).ln();
            let own: f64 = z
                .row(row)
                .iter()
                .map(|z| log_normal((*z).into(), 0.0, ln_variance))
                .sum();
            (f64::from(ln_p) - own).exp()
        };
        let total = mean(densities.into_iter().enumerate().map(one));
        assert!((total - 1.0).abs() < 0.02, "{prior:?}: {total}");
    }
}

#[test]
fn draws_have_the_density_that_the_prior_gives_them() {
    // E[ln p(z)] by draws, and by the density alone over the same wide Gaussian.
    let rows = 200_000;
    for (prior, _) in priors() {
        let chain = parameters(&prior, 2, 0.5);
        let drawn = log_density(&*prior, &chain, &draw(&*prior, &chain, rows, 2));
        let entropy = mean(drawn.into_iter().map(f64::from));
        let mut z = Matrix::zeros(rows, 2);
        for (row, z) in (0..).zip(z.view_mut().iter_rows_mut()) {
            Noise::new(3, 2).normal(row, z);
            z.iter_mut().for_each(|z| *z *= 3.0);
        }
        let densities = log_density(&*prior, &chain, &z);
        let weighted = densities.into_iter().enumerate().map(|(row, ln_p)| {
            let own: f64 = z
                .row(row)
                .iter()
                .map(|z| log_normal((*z).into(), 0.0, 2.0 * 3f64.ln()))
                .sum();
            let ln_p = f64::from(ln_p);
            (ln_p - own).exp() * ln_p
        });
        let expected = mean(weighted);
        assert!(
            (entropy - expected).abs() < 0.04,
            "{prior:?}: {entropy} {expected}"
        );
        // A draw is the same alone.
        let (first, mut second) = (draw(&*prior, &chain, 3, 2), [f32::NAN; 2]);
        let row = MatrixMut::new(&mut second, 1, 2);
        prior.draw(chain.parameters(), Noise::new(7, 1), 1, row);
        assert_eq!(first.row(1), second);
    }
}

#[test]
fn one_standard_component_is_the_standard_normal() {
    let prior: Arc<dyn Prior> = Arc::new(Mixture { components: 1 });
    for width in [1, 2, 20] {
        let mut chain = parameters(&prior, width, 0.0);
        chain.parameters_mut()[0].value.as_mut_slice().fill(0.0);
        let z = Matrix::from_vec(
            70,
            width,
            numbers(5, 70 * width).iter().map(|z| 3.0 * z).collect(),
        );
        for (row, obtained) in log_density(&*prior, &chain, &z).into_iter().enumerate() {
            let expected: f64 = z
                .row(row)
                .iter()
                .map(|z| log_normal((*z).into(), 0.0, 0.0))
                .sum();
            assert!((f64::from(obtained) - expected).abs() < 1e-5 * expected.abs());
        }
    }
}

#[test]
fn a_flow_has_the_determinant_of_its_jacobian_and_an_inverse() {
    for width in [2, 3, 8] {
        let own = Flow {
            couplings: 5,
            hidden: 7,
        };
        let prior: Arc<dyn Prior> = Arc::new(own);
        let chain = parameters(&prior, width, 0.5);
        let values: Vec<Row> = chain
            .parameters()
            .iter()
            .map(|p| wide(p.value.as_slice()))
            .collect();
        let z = draw(&*prior, &chain, 70, width);
        let densities = log_density(&*prior, &chain, &z);
        for (row, obtained) in (0..).zip(densities) {
            let code = wide(z.row(row as usize));
            let (u, _) = flow(own, &code, &values);
            // What was drawn is the inverse of these.
            let mut noise = vec![0.0; width];
            Noise::new(7, 1).normal(row, &mut noise);
            for (u, noise) in u.iter().zip(&noise) {
                assert!((u - f64::from(*noise)).abs() < 1e-5, "{u} {noise}");
            }
            let moved = |j: usize, by: f64| {
                let mut code = code.clone();
                code[j] += by;
                flow(own, &code, &values).0
            };
            let column = |j: usize| -> Row {
                let ends = moved(j, 1e-5).into_iter().zip(moved(j, -1e-5));
                ends.map(|(a, b)| (a - b) / 2e-5).collect()
            };
            let normal: f64 = u.iter().map(|u| log_normal(*u, 0.0, 0.0)).sum();
            let expected = normal + log_determinant((0..width).map(column).collect());
            let error = (f64::from(obtained) - expected).abs();
            assert!(
                error < 1e-5 * expected.abs().max(1.0),
                "{obtained} {expected}"
            );
        }
    }
}

#[test]
fn a_flow_begins_as_the_standard_normal() {
    let prior: Arc<dyn Prior> = Arc::new(Flow::default());
    let chain = parameters(&prior, 5, 0.0);
    let z = draw(&*prior, &chain, 9, 5);
    for (row, obtained) in log_density(&*prior, &chain, &z).into_iter().enumerate() {
        let expected: f64 = z
            .row(row)
            .iter()
            .map(|z| log_normal((*z).into(), 0.0, 0.0))
            .sum();
        assert!((f64::from(obtained) - expected).abs() < 1e-5 * expected.abs());
    }
}

#[test]
fn far_codes_and_extreme_variances_have_a_finite_density() {
    let prior: Arc<dyn Prior> = Arc::new(Mixture { components: 3 });
    let mut chain = parameters(&prior, 2, 0.5);
    chain.parameters_mut()[1]
        .value
        .as_mut_slice()
        .copy_from_slice(&[1e30, -1e30, 5.0, -5.0, 0.0, 0.0]);
    let z = Matrix::from_vec(2, 2, vec![100.0, -100.0, 0.0, 0.0]);
    let densities = log_density(&*prior, &chain, &z);
    assert!(
        densities.iter().all(|ln_p| ln_p.is_finite()),
        "{densities:?}"
    );
    let drawn = draw(&*prior, &chain, 100, 2);
    assert!(drawn.as_slice().iter().all(|z| z.is_finite()));
}
