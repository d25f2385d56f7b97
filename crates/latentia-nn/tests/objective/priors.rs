//! Priors that are learned: density and gradients against textbooks in f64, in an objective and alone.

use std::sync::Arc;

use latentia_nn::latents::GaussianLatent;
use latentia_nn::penalties::SampledKl;
use latentia_nn::priors::{Flow, Hierarchical, Mixture, Vamp};
use latentia_nn::{
    Chain, FIRST_PRIOR_NOISE, Importance, Layer, Noise, PRIOR_ROWS, Penalty, Prior, PriorCodes,
};
use latentia_tensor::{Matrix, MatrixMut};
use latentia_testing::{numbers, wide};

use crate::case::{Case, Moved, Row, Seen, check, log_variance, loss, mean, partially, sampled};
use crate::densities::{
    flow, flow_density, hierarchical_density, log_determinant, log_normal, log_sum_exp,
    mixture_density, vamp_density,
};

/// Examples, their elements and those of a code: less than a tape, several tapes.
const SHAPES: [(usize, usize, usize); 3] = [(2, 3, 1), (7, 5, 2), (70, 9, 11)];

/// `ln p(z)` of a code, or that of its estimate by noise, by the parameters of a prior.
type LogDensity = dyn Fn(&[f64], &[f64], &[Row]) -> f64;

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
        let case = Case {
            importance: Some(partially(groups)),
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
pub fn parameters(prior: &Arc<dyn Prior>, width: usize, by: f32) -> Chain {
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
pub fn log_density(prior: &dyn Prior, chain: &Chain, z: &Matrix) -> Vec<f32> {
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
pub fn draw(prior: &dyn Prior, chain: &Chain, rows: usize, width: usize) -> Matrix {
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
