//! Priors that are learned: density and gradients against textbooks in f64, in an objective and alone.

use std::f64::consts::PI;
use std::sync::Arc;

use latentia_nn::latents::GaussianLatent;
use latentia_nn::penalties::SampledKl;
use latentia_nn::priors::{Flow, Hierarchical, Mixture, Vamp};
use latentia_nn::{
    Chain, FIRST_PRIOR_NOISE, Importance, Layer, Noise, PRIOR_ROWS, Penalty, Prior, PriorCodes,
};
use latentia_tensor::{Matrix, MatrixMut};
use latentia_testing::{numbers, reference, wide};

use crate::case::{Case, Moved, Row, Seen, check, log_variance, loss, mean, sampled};

/// Examples, their elements and those of a code: less than a tape, several tapes.
const SHAPES: [(usize, usize, usize); 3] = [(2, 3, 1), (7, 5, 2), (70, 9, 11)];

/// `ln p(z)` of a code, or that of its estimate by noise, by the parameters of a prior.
type LogDensity = dyn Fn(&[f64], &[f64], &[Row]) -> f64;

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
fn vamp_density(z: &[f64], _: &[f64], parameters: &[Row]) -> f64 {
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
        let density =
            move |z: &[f64], _: &[f64], parameters: &[Row]| flow_density(prior, z, parameters);
        priors.push((Arc::new(prior), Box::new(density)));
    }
    for (units, hidden) in [(1, 2), (3, 5)] {
        let prior = Hierarchical { units, hidden };
        priors.push((Arc::new(prior), Box::new(hierarchical_density)));
    }
    priors
}

/// Those whose density is no estimate.
fn exact_priors() -> impl Iterator<Item = Arc<dyn Prior>> {
    let all = priors().into_iter().map(|(prior, _)| prior);
    all.filter(|prior| prior.noise(2) == 0)
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

/// The noise of an estimate, of what was saved for a code of `n` elements.
fn noise(saved: &[f64], n: usize) -> &[f64] {
    &saved[2 * n + 1..]
}

/// `ln q(z | x) - ln p(z)` of code `r`.
fn log_ratio(seen: &Seen, r: usize, density: &LogDensity) -> f64 {
    let samples = seen.codes.len() / seen.encoded.len();
    let (z, encoded) = (&seen.codes[r], &seen.encoded[r / samples]);
    let n = z.len();
    let posterior: f64 = (0..n)
        .map(|j| log_normal(z[j], encoded[j], log_variance(encoded[n + j])))
        .sum();
    posterior - density(z, noise(&seen.saved[r], n), &seen.prior)
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

/// The noise for an estimate of the density of row `row`.
fn noise_of(prior: &dyn Prior, row: u32, width: usize) -> Vec<f32> {
    let mut noise = vec![0.0; prior.noise(width)];
    Noise::new(4, 3).normal(FIRST_PRIOR_NOISE + row, &mut noise);
    noise
}

/// `ln p(z)` of each row, or that of its estimate.
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
        let noise = rows
            .iter()
            .flat_map(|&row| noise_of(prior, row, z.cols()))
            .collect();
        let noise = Matrix::from_vec(rows.len(), prior.noise(z.cols()), noise);
        let codes = PriorCodes {
            z: part.view(),
            noise: noise.view(),
        };
        prior.log_density(chain.parameters(), codes, &mut own, &mut workspace);
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
                let noise = wide(&noise_of(&*prior, row as u32, width));
                let expected = density(&wide(z.row(row)), &noise, &values);
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
    for prior in exact_priors() {
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
    for prior in exact_priors() {
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
fn an_estimate_of_a_hierarchical_density_is_that_of_its_draws() {
    // In each cell of a grid: the share of the draws, and the mean of p̂(z) over points that are uniform there.
    let (rows, width) = (400_000, 1);
    for (units, hidden) in [(1, 2), (3, 5)] {
        let own = Hierarchical { units, hidden };
        let prior: Arc<dyn Prior> = Arc::new(own);
        let mut chain = parameters(&prior, width, 1.0);
        // Weights of importance have a variance where q(h | z) is no narrower than p(h).
        for parameter in &mut chain.parameters_mut()[4..6] {
            let values = parameter.value.as_mut_slice();
            values.iter_mut().for_each(|w| *w *= 0.3);
            if parameter.name == "encoder-bias-3" {
                values[units..].fill(1.0);
            }
        }
        let cell = |z: f32| ((z + 4.0) / 0.5).floor();
        let mut drawn = [0.0; 16];
        for z in draw(&own, &chain, rows, width).into_vec() {
            if (0.0..16.0).contains(&cell(z)) {
                drawn[cell(z) as usize] += 1.0 / rows as f64;
            }
        }
        let z: Vec<f32> = (0..rows)
            .map(|row| 8.0 * (row as f32 + 0.5) / rows as f32 - 4.0)
            .collect();
        let z = Matrix::from_vec(rows, width, z);
        let mut estimated = [0.0; 16];
        for (row, ln_p) in log_density(&*prior, &chain, &z).into_iter().enumerate() {
            estimated[cell(z.row(row)[0]) as usize] += 8.0 / rows as f64 * f64::from(ln_p).exp();
        }
        for (drawn, estimated) in drawn.iter().zip(estimated) {
            assert!(
                (drawn - estimated).abs() < 0.005,
                "{own:?}: {drawn} {estimated}"
            );
        }
    }
}

#[test]
fn a_second_code_that_says_nothing_leaves_one_gaussian() {
    // Without weights p(z | h) is the standard normal, and q(h | z) the prior of h: the estimate is exact.
    let prior: Arc<dyn Prior> = Arc::new(Hierarchical {
        units: 3,
        hidden: 4,
    });
    let mut chain = parameters(&prior, 5, 0.0);
    for parameter in chain.parameters_mut() {
        parameter.value.as_mut_slice().fill(0.0);
    }
    let z = Matrix::from_vec(70, 5, numbers(5, 350));
    for (row, obtained) in log_density(&*prior, &chain, &z).into_iter().enumerate() {
        let normal = z.row(row).iter().map(|z| log_normal((*z).into(), 0.0, 0.0));
        assert!((f64::from(obtained) - normal.sum::<f64>()).abs() < 1e-5);
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
