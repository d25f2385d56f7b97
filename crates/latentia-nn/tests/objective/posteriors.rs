//! Posteriors that a flow makes of a Gaussian, in an objective: codes, determinants and gradients against textbooks in f64.

use std::f64::consts::E;
use std::sync::Arc;

use latentia_nn::latents::GaussianLatent;
use latentia_nn::penalties::SampledKl;
use latentia_nn::posteriors::{Iaf, Planar, Radial};
use latentia_nn::priors::{Flow, Hierarchical, Mixture};
use latentia_nn::{Importance, Layer, Penalty, Posterior, Prior};

use crate::case::{
    Case, Moved, Row, Seen, check_code, log_variance, loss, mean, partially, sampled,
};
use crate::densities::{
    flow_density, hierarchical_density, log_normal, log_sum_exp, mixture_density,
};

/// Examples, their elements and those of a code: less than a tape, several tapes.
const SHAPES: [(usize, usize, usize); 3] = [(2, 3, 1), (7, 5, 2), (70, 9, 11)];

/// `f(z; h)` and `ln |det ∂f/∂z|`, by the parameters of the code's layer.
pub(crate) type Reference = dyn Fn(&[f64], &[f64], &[Row]) -> (Row, f64);

/// A flow, and what it computes.
pub(crate) type Flowed = (Arc<dyn Posterior>, Arc<Reference>);

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn softplus(x: f64) -> f64 {
    (1.0 + x.exp()).ln()
}

fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

/// `s` and `m` of every element in step `step`; those of an element depend on those before it in the order of the step.
fn masked_network(own: Iaf, step: usize, z: &[f64], h: &[f64], parameters: &[Row]) -> [Row; 2] {
    let (n, units, context) = (z.len(), own.units, own.context);
    let place = |j: usize| if step % 2 == 1 { n - 1 - j } else { j };
    let degree = |k: usize| k * n / units;
    let of_step = |index: usize, size: usize| &parameters[index][step * size..][..size];
    let (hidden, by_context) = (of_step(0, n * units), of_step(1, context * units));
    let (bias, output) = (of_step(2, units), of_step(3, units * 2 * n));
    let output_bias = of_step(4, 2 * n);
    let unit = |k: usize| {
        let seen = (0..n).filter(|&j| place(j) < degree(k));
        let of_code: f64 = seen.map(|j| z[j] * hidden[j * units + k]).sum();
        let of_context = (0..context).map(|j| h[j] * by_context[j * units + k]);
        let x = of_code + of_context.sum::<f64>() + bias[k];
        if x < 0.0 { x.exp() - 1.0 } else { x }
    };
    let all: Row = (0..units).map(unit).collect();
    let output = |half: usize| {
        let element = |j: usize| {
            let seen = (0..units).filter(|&k| degree(k) <= place(j));
            let at = half * n + j;
            seen.map(|k| all[k] * output[k * 2 * n + at]).sum::<f64>() + output_bias[at]
        };
        (0..n).map(element).collect::<Row>()
    };
    let s = output(0).into_iter().map(|r| sigmoid(r + 2.0)).collect();
    [s, output(1)]
}

fn iaf(own: Iaf, z: &[f64], h: &[f64], parameters: &[Row]) -> (Row, f64) {
    let (mut z, mut sum) = (z.to_vec(), 0.0);
    for step in 0..own.steps {
        let [s, m] = masked_network(own, step, &z, h, parameters);
        for (j, z) in z.iter_mut().enumerate() {
            *z = s[j] * *z + (1.0 - s[j]) * m[j];
            sum += s[j].ln();
        }
    }
    (z, sum)
}

/// `f⁻¹(z; h)`, element by element.
pub(crate) fn inverse_iaf(own: Iaf, z: &[f64], h: &[f64], parameters: &[Row]) -> Row {
    let (n, mut z) = (z.len(), z.to_vec());
    for step in (0..own.steps).rev() {
        let mut before = vec![0.0; n];
        let mut order: Vec<usize> = (0..n).collect();
        if step % 2 == 1 {
            order.reverse();
        }
        for j in order {
            let [s, m] = masked_network(own, step, &before, h, parameters);
            before[j] = (z[j] - (1.0 - s[j]) * m[j]) / s[j];
        }
        z = before;
    }
    z
}

fn planar(z: &[f64], h: &[f64]) -> (Row, f64) {
    let (n, mut z, mut sum) = (z.len(), z.to_vec(), 0.0);
    for h in h.chunks(2 * n + 1) {
        let (u, w) = (&h[..n], &h[n..2 * n]);
        let along = dot(u, w);
        let m = (1.0 + (E - 1.0) * along.exp()).ln() - 1.0;
        let moved: Row = (0..n)
            .map(|j| u[j] + (m - along) * w[j] / dot(w, w))
            .collect();
        let tanh = (dot(w, &z) + h[2 * n]).tanh();
        sum += (1.0 + dot(w, &moved) * (1.0 - tanh * tanh)).abs().ln();
        z.iter_mut().zip(&moved).for_each(|(z, u)| *z += u * tanh);
    }
    (z, sum)
}

fn radial(z: &[f64], h: &[f64]) -> (Row, f64) {
    let (n, mut z, mut sum) = (z.len(), z.to_vec(), 0.0);
    for h in h.chunks(n + 2) {
        let (alpha, beta) = (softplus(h[n]), softplus(h[n + 1]) - softplus(h[n]));
        let from: Row = z.iter().zip(h).map(|(z, point)| z - point).collect();
        let sum_of = alpha + dot(&from, &from).sqrt();
        z.iter_mut()
            .zip(&from)
            .for_each(|(z, from)| *z += beta * from / sum_of);
        sum += (n - 1) as f64 * (1.0 + beta / sum_of).ln();
        sum += (1.0 + alpha * beta / (sum_of * sum_of)).ln();
    }
    (z, sum)
}

/// Masked flows of several sizes: fewer units than elements, more, several steps.
pub(crate) const IAFS: [Iaf; 3] = [
    Iaf {
        steps: 1,
        units: 3,
        context: 2,
    },
    Iaf {
        steps: 2,
        units: 25,
        context: 1,
    },
    Iaf {
        steps: 3,
        units: 33,
        context: 3,
    },
];

/// Flows of several sizes, and what they compute.
pub(crate) fn posteriors() -> Vec<Flowed> {
    let mut all: Vec<Flowed> = Vec::new();
    for own in IAFS {
        let reference = move |z: &[f64], h: &[f64], all: &[Row]| iaf(own, z, h, all);
        all.push((Arc::new(own), Arc::new(reference)));
    }
    for steps in [1, 3] {
        let own: Arc<dyn Posterior> = Arc::new(Planar { steps });
        all.push((
            own,
            Arc::new(|z: &[f64], h: &[f64], _: &[Row]| planar(z, h)),
        ));
        let own: Arc<dyn Posterior> = Arc::new(Radial { steps });
        all.push((
            own,
            Arc::new(|z: &[f64], h: &[f64], _: &[Row]| radial(z, h)),
        ));
    }
    all
}

/// `ln p(z)`, or that of its estimate by noise, which is what was saved behind it, by the last parameters of the code's layer.
type LogDensity = dyn Fn(&[f64], &[f64], &[Row]) -> f64;

/// A prior, where it is not the standard normal, and its density.
type OfPrior = (Option<Arc<dyn Prior>>, Box<LogDensity>);

fn priors() -> Vec<OfPrior> {
    let flow = Flow {
        couplings: 2,
        hidden: 3,
    };
    let standard = |z: &[f64], _: &[f64], _: &[Row]| -> f64 {
        z.iter().map(|z| log_normal(*z, 0.0, 0.0)).sum()
    };
    let mixture =
        |z: &[f64], _: &[f64], all: &[Row]| mixture_density(z, &[], &all[all.len() - 3..]);
    let by_flow =
        move |z: &[f64], _: &[f64], all: &[Row]| flow_density(flow, z, &all[all.len() - 4..]);
    let (units, hidden) = (2, 3);
    let two_codes = move |z: &[f64], saved: &[f64], all: &[Row]| {
        hierarchical_density(z, &saved[..units], &all[all.len() - 12..])
    };
    vec![
        (None, Box::new(standard)),
        (Some(Arc::new(Mixture { components: 3 })), Box::new(mixture)),
        (Some(Arc::new(flow)), Box::new(by_flow)),
        (
            Some(Arc::new(Hierarchical { units, hidden })),
            Box::new(two_codes),
        ),
    ]
}

pub(crate) fn layer(
    width: usize,
    samples: usize,
    posterior: &Arc<dyn Posterior>,
    prior: &Option<Arc<dyn Prior>>,
) -> GaussianLatent {
    let code = GaussianLatent::new(width, samples).with_posterior(posterior.clone());
    match prior {
        Some(prior) => code.with_prior(prior.clone()),
        None => code,
    }
}

/// Holds the objective with `posterior` and `prior` to `objective` of what is seen and of `ln q(z | x) - ln p(z)` of each code.
fn check_objective(
    (rows, inputs, width): (usize, usize, usize),
    samples: usize,
    ((posterior, flow), (prior, density)): (&Flowed, &OfPrior),
    (weight, importance): (Option<f32>, Option<Importance>),
    objective: impl Fn(&Seen, Row) -> f64,
) {
    let code: Box<dyn Layer> = Box::new(layer(width, samples, posterior, prior));
    let penalty = |weight| -> Arc<dyn Penalty> { Arc::new(SampledKl { weight, warm_up: 0 }) };
    let case = Case {
        importance,
        ..Case::new(
            code.inputs(),
            Some(code),
            weight.map(penalty).into_iter().collect(),
        )
    };
    let carried = |encoded: &[f64], saved: &[f64], parameters: &[Row]| {
        let z = sampled(&encoded[..2 * width], (&[], &[]), saved);
        let (code, log_determinant) = flow(&z, &encoded[2 * width..], parameters);
        (z, code, log_determinant)
    };
    check_code(
        case,
        rows,
        inputs,
        |encoded, _, saved, parameters| carried(encoded, saved, parameters).1,
        |seen| {
            let ratio = |r: usize| {
                let encoded = &seen.encoded[r / samples];
                let (z, code, log_determinant) = carried(encoded, &seen.saved[r], &seen.prior);
                let gaussian: f64 = (0..width)
                    .map(|j| log_normal(z[j], encoded[j], log_variance(encoded[width + j])))
                    .sum();
                gaussian
                    - log_determinant
                    - density(&code, &seen.saved[r][2 * width + 1..], &seen.prior)
            };
            objective(seen, (0..seen.codes.len()).map(ratio).collect())
        },
    );
}

#[test]
fn the_divergence_of_a_flow_has_the_gradients_of_its_samples() {
    for shape in SHAPES {
        for posterior in &posteriors() {
            for prior in &priors() {
                // With every prior in one shape.
                if prior.0.is_some() && shape != SHAPES[1] {
                    continue;
                }
                for (samples, weight) in [(1, 1.0), (2, 3.0)] {
                    let parts = (posterior, prior);
                    check_objective(
                        shape,
                        samples,
                        parts,
                        (Some(weight), None),
                        |seen, ratios| loss(seen) + f64::from(weight) * mean(ratios.into_iter()),
                    );
                }
            }
        }
    }
}

#[test]
fn importance_weights_have_the_density_of_the_flow() {
    for shape in SHAPES {
        for posterior in &posteriors() {
            // One sample is the ELBO. Blocks of four examples have more than 64 codes by 20 samples.
            for samples in [1, 5, 20] {
                let parts = (posterior, &priors()[0]);
                let trained = (None, Some(Importance::default()));
                check_objective(shape, samples, parts, trained, |seen, ratios| {
                    let log_weight = |r: usize| -ratios[r] - seen.losses[r];
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
fn partial_weights_are_those_of_groups_for_a_flow_and_of_all_samples_for_the_prior_behind_it() {
    let (shape, samples, groups) = (SHAPES[1], 6, 3);
    let importance = partially(groups);
    for posterior in &posteriors() {
        for prior in &priors() {
            let own = posterior.0.parameters(shape.2).len();
            let parts = (posterior, prior);
            check_objective(
                shape,
                samples,
                parts,
                (None, Some(importance)),
                |seen, ratios| {
                    let log_weight = |r: usize| -ratios[r] - seen.losses[r];
                    let group = match seen.moved {
                        Moved::Encoder => samples / groups,
                        Moved::Code(number) if number < own => samples / groups,
                        _ => samples,
                    };
                    let bound = |x: usize| {
                        let weights = (x * group..(x + 1) * group).map(log_weight);
                        (group as f64).ln() - log_sum_exp(weights)
                    };
                    mean((0..seen.codes.len() / group).map(bound))
                },
            );
        }
    }
}
