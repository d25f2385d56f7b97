//! Gaussian codes: their divergence from the prior, and samples that are weighted by importance.

use std::sync::Arc;

use latentia_nn::latents::GaussianLatent;
use latentia_nn::penalties::KlDivergence;
use latentia_nn::{Chain, Mode, Position, Tape};
use latentia_tensor::{Matrix, Noise};

use crate::case::{
    Case, PLAIN, SHAPES, Seen, check, gaussian, kl_of_dimensions, log_variance, loss, mean, sampled,
};

#[test]
fn divergence_of_a_gaussian_code() {
    for (rows, inputs, width) in SHAPES {
        for weight in [0.0, 1.0, 4.0] {
            let term = KlDivergence { weight, ..PLAIN };
            check(
                gaussian(width, 1, vec![Arc::new(term)]),
                rows,
                inputs,
                sampled,
                |seen| loss(seen) + f64::from(weight) * kl_of_dimensions(seen).iter().sum::<f64>(),
            );
        }
    }
}

#[test]
fn free_bits_and_capacity() {
    for (rows, inputs, width) in SHAPES {
        // Between the divergences of different dimensions, so that some count and some do not.
        let free_bits = 0.1;
        let term = KlDivergence { free_bits, ..PLAIN };
        check(
            gaussian(width, 1, vec![Arc::new(term)]),
            rows,
            inputs,
            sampled,
            |seen| {
                let held = kl_of_dimensions(seen).into_iter();
                loss(seen) + held.map(|kl| kl.max(f64::from(free_bits))).sum::<f64>()
            },
        );
        for capacity in [0.01, 1000.0] {
            let term = KlDivergence {
                weight: 2.0,
                capacity: Some(capacity),
                ..PLAIN
            };
            check(
                gaussian(width, 1, vec![Arc::new(term)]),
                rows,
                inputs,
                sampled,
                |seen| {
                    let excess = kl_of_dimensions(seen).iter().sum::<f64>() - f64::from(capacity);
                    loss(seen) + 2.0 * excess.abs()
                },
            );
        }
    }
}

/// `-ln (1/k) Σ p(x | z) p(z) / q(z | x)`, mean over examples.
fn importance_bound(seen: &Seen) -> f64 {
    let samples = seen.codes.len() / seen.encoded.len();
    let n = seen.codes[0].len();
    let log_weight = |r: usize| {
        let (z, encoded) = (&seen.codes[r], &seen.encoded[r / samples]);
        let prior: f64 = z.iter().map(|z| -0.5 * z * z).sum();
        let posterior: f64 = (0..n)
            .map(|j| {
                let ln = log_variance(encoded[n + j]);
                -0.5 * (z[j] - encoded[j]).powi(2) / ln.exp() - 0.5 * ln
            })
            .sum();
        prior - posterior - seen.losses[r]
    };
    let bound = |x: usize| {
        let weights = (x * samples..(x + 1) * samples).map(log_weight);
        -(weights.map(f64::exp).sum::<f64>() / samples as f64).ln()
    };
    mean((0..seen.encoded.len()).map(bound))
}

#[test]
fn importance_weighted_samples() {
    for (rows, inputs, width) in SHAPES {
        for samples in [1, 2, 5, 70] {
            let case = Case {
                importance_weighted: true,
                ..gaussian(width, samples, Vec::new())
            };
            check(case, rows, inputs, sampled, importance_bound);
        }
    }
}

#[test]
fn the_analytic_divergence_is_what_sampling_finds() {
    let (mu, s) = (0.7f64, -0.8f64);
    let mut kl = [0.0];
    GaussianLatent::kl(&[mu as f32, s as f32], &mut kl);
    let ln = log_variance(s);
    let mut epsilon = vec![0.0; 400_000];
    Noise::new(1, 1).normal(0, &mut epsilon);
    // E[ln q(z) - ln p(z)] = E[-½ ln σ² - ½ ε² + ½ z²]
    let term = |epsilon: f64| {
        -0.5 * ln - 0.5 * epsilon * epsilon + 0.5 * (mu + (0.5 * ln).exp() * epsilon).powi(2)
    };
    let sampled = mean(epsilon.iter().map(|&e| term(e.into())));
    assert!(
        (f64::from(kl[0]) - sampled).abs() < 0.005,
        "{} {sampled}",
        kl[0]
    );
}

#[test]
fn a_code_in_use_is_its_mean_and_extreme_log_variances_stay_finite() {
    let chain = Chain::new(vec![Box::new(GaussianLatent::new(2, 3))], 1).expect("layers that fit");
    let x = Matrix::from_vec(1, 4, vec![0.3, -0.4, 1e30, -1e30]);
    let run = |mode| {
        let mut tape = Tape::forward_only(&chain, 0..1, mode, 1);
        tape.read(&x, &[0]).expect("in memory");
        tape.forward(&chain, Position::default());
        tape.output().to_matrix()
    };
    assert_eq!(run(Mode::Eval).as_slice(), [0.3, -0.4]);
    let samples = run(Mode::Sample);
    assert_eq!(samples.rows(), 3);
    assert!(samples.as_slice().iter().all(|z| z.is_finite()));
    let mut kl = [0.0; 2];
    GaussianLatent::kl(x.row(0), &mut kl);
    assert!(kl.iter().all(|kl| kl.is_finite()));
}
