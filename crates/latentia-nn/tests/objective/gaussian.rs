//! Gaussian codes: their divergence from the prior, and samples that are weighted by importance.

use std::sync::Arc;

use latentia_nn::latents::GaussianLatent;
use latentia_nn::layers::Dense;
use latentia_nn::penalties::KlDivergence;
use latentia_nn::{
    Activation, Chain, Importance, Initializer, Layer, LikelihoodSpec, Mode, Moments, Objective,
    Optimizer, Position, Step, StepOptions, Tape,
};
use latentia_tensor::{Matrix, Noise};

use crate::case::{
    Case, Moved, PLAIN, SHAPES, Seen, check, gaussian, kl_of_dimensions, log_variance, loss, mean,
    partially, sampled,
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

/// Of groups of samples the mean of `-ln (1/k) Σ p(x | z) p(z) / q(z | x)` over a group, in a mix with that of groups of one; mean over
/// examples.
fn importance_bound(seen: &Seen, groups: usize, mix: f64) -> f64 {
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
    let log_weights: Vec<f64> = (0..seen.codes.len()).map(log_weight).collect();
    let bound = |weights: &[f64]| -mean(weights.iter().map(|w| w.exp())).ln();
    let of_groups = mean(log_weights.chunks(samples / groups).map(bound));
    mix * of_groups - (1.0 - mix) * mean(log_weights.iter().copied())
}

#[test]
fn importance_weighted_samples() {
    for (rows, inputs, width) in SHAPES {
        for (samples, groups, mix) in [
            (1, 1, 1.0),
            (2, 1, 1.0),
            (5, 1, 1.0),
            (70, 1, 1.0),
            // As many groups as samples are the ELBO of so many samples, and so is nothing of the bound.
            (4, 4, 1.0),
            (4, 1, 0.0),
            (6, 2, 1.0),
            (6, 3, 0.25),
        ] {
            let importance = Importance {
                groups,
                mix,
                ..Importance::default()
            };
            let case = Case {
                importance: Some(importance),
                ..gaussian(width, samples, Vec::new())
            };
            check(case, rows, inputs, sampled, |seen| {
                importance_bound(seen, groups, f64::from(mix))
            });
        }
    }
}

/// Holds weights whose groups are for the encoder alone to their bounds, of a Gaussian code of `width` elements.
fn check_partially((rows, inputs, width): (usize, usize, usize), samples: usize, groups: usize) {
    let case = Case {
        importance: Some(partially(groups)),
        ..gaussian(width, samples, Vec::new())
    };
    check(case, rows, inputs, sampled, |seen| match seen.moved {
        Moved::Encoder => importance_bound(seen, groups, 1.0),
        _ => importance_bound(seen, 1, 1.0),
    });
}

#[test]
fn partial_weights_are_those_of_all_samples_for_the_decoder_and_of_groups_for_the_encoder() {
    for shape in SHAPES {
        // One group is Burda's bound for both, one sample the ELBO.
        for (samples, groups) in [(1, 1), (5, 1), (6, 2), (6, 6), (70, 5)] {
            check_partially(shape, samples, groups);
        }
    }
}

#[test]
fn samples_that_come_in_rounds_have_the_gradients_of_their_bounds() {
    // 3752 rows of 70 elements fit into a block.
    check_partially((2, 9, 70), 4000, 8);
}

/// Gradients of the encoder's weights and biases and of the decoder's, of one example many times, by the samples of `seed`.
fn gradients(importance: Importance, seed: u64) -> [Vec<f32>; 2] {
    gradients_of(importance, seed, [0.9, -0.4, 1.3])
}

/// As [`gradients`], of the example `x`.
fn gradients_of(importance: Importance, seed: u64, x: [f32; 3]) -> [Vec<f32>; 2] {
    let (inputs, width, samples, rows) = (3, 2, 8, 500);
    let dense = |inputs, outputs| -> Box<dyn Layer> {
        Box::new(Dense::new(
            inputs,
            outputs,
            Activation::Linear,
            Initializer::Glorot,
        ))
    };
    let layers = vec![
        dense(inputs, 2 * width),
        Box::new(GaussianLatent::new(width, samples)),
        dense(width, inputs),
    ];
    let mut chain = Chain::new(layers, 1).expect("layers that fit");
    let x = Matrix::from_vec(rows, inputs, x.repeat(rows));
    let options = StepOptions {
        objective: Objective {
            latent: 1,
            importance: Some(importance),
            ..Objective::from(LikelihoodSpec::Gaussian)
        },
        optimizer: Optimizer::default(),
        clip_norm: None,
        seed,
        frozen: Vec::new(),
    };
    let mut step = Step::new(&chain, rows, options);
    let indices: Vec<u32> = (0..rows as u32).collect();
    let ran = step.run(&mut chain, &x, &indices, 0.0.into());
    ran.expect("in memory");
    let of = |moments: &[Moments]| {
        let all = moments.iter().map(|own| own.gradient.as_slice());
        all.flatten().copied().collect()
    };
    let (encoder, decoder) = step.moments().split_at(2);
    [of(encoder), of(decoder)]
}

#[test]
fn an_encoder_learns_by_groups_alike_whatever_the_decoder_learns_by() {
    // Groups of like weight, and those that are nothing beside others.
    for (x, negligible) in [([0.9, -0.4, 1.3], false), ([300.0, -50.0, 120.0], true)] {
        for doubly_reparameterised in [false, true] {
            let of_groups = Importance {
                groups: 4,
                doubly_reparameterised,
                ..Importance::default()
            };
            let partial = Importance {
                partially: true,
                ..of_groups
            };
            let [expected, of_decoder] = gradients_of(of_groups, 1, x);
            let [obtained, by_all] = gradients_of(partial, 1, x);
            let largest = expected.iter().fold(0.0f32, |most, g| most.max(g.abs()));
            for (obtained, expected) in obtained.iter().zip(&expected) {
                let apart = (obtained - expected).abs();
                assert!(apart < 1e-5 * largest, "{negligible} {obtained} {expected}");
            }
            let whole = Importance {
                groups: 1,
                ..of_groups
            };
            assert_ne!(of_decoder, by_all);
            let [_, expected] = gradients_of(whole, 1, x);
            let largest = expected.iter().fold(0.0f32, |most, g| most.max(g.abs()));
            for (obtained, expected) in by_all.iter().zip(&expected) {
                let apart = (obtained - expected).abs();
                assert!(apart < 1e-5 * largest, "{negligible} {obtained} {expected}");
            }
        }
    }
}

#[test]
fn the_doubly_reparameterised_gradient_has_the_mean_of_the_other_and_less_variance() {
    const SEEDS: u64 = 40;
    for groups in [1, 2] {
        let draw = |doubly_reparameterised| -> Vec<Vec<f32>> {
            let importance = Importance {
                groups,
                doubly_reparameterised,
                ..Importance::default()
            };
            (0..SEEDS)
                .map(|seed| {
                    let [encoder, decoder] = gradients(importance, seed);
                    // The decoder has the gradient of the bound, by the same samples.
                    let same = Importance {
                        doubly_reparameterised: !doubly_reparameterised,
                        ..importance
                    };
                    assert!(seed > 0 || gradients(same, seed)[1] == decoder);
                    encoder
                })
                .collect()
        };
        let moments = |draws: &[Vec<f32>], at: usize| {
            let own = draws.iter().map(|draw| f64::from(draw[at]));
            let center = mean(own.clone());
            let variance = mean(own.map(|x| (x - center).powi(2)));
            (center, variance)
        };
        let [plain, doubly] = [false, true].map(draw);
        let mut variances = [0.0; 2];
        for at in 0..plain[0].len() {
            let [(a, of_a), (b, of_b)] = [&plain, &doubly].map(|draws| moments(draws, at));
            let error = ((of_a + of_b) / SEEDS as f64).sqrt();
            assert!((a - b).abs() < 4.5 * error, "{at}: {a} {b} {error}");
            variances[0] += of_a;
            variances[1] += of_b;
        }
        assert!(variances[1] < variances[0], "{variances:?}");
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
