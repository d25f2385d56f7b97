//! Codes that are sparse, integers, or vectors of a codebook.

use std::sync::Arc;

use latentia_nn::latents::{
    CategoricalKl, Commitment, FiniteScalarQuantisedLatent, GumbelSoftmax,
    LookupFreeQuantisedLatent, Rate, RoundedLatent, SignEntropy, TopKLatent, VectorQuantisedLatent,
};
use latentia_nn::layers::Dense;
use latentia_nn::{
    Activation, Chain, Initializer, Latent, Layer, LikelihoodSpec, Mode, Optimizer, Penalty,
    Position, Step, StepOptions, Tape,
};
use latentia_tensor::Matrix;
use latentia_testing::numbers;

use crate::case::{Case, Row, SEED, SHAPES, check, loss, mean};

#[test]
fn top_k() {
    for (rows, inputs, width) in SHAPES {
        let code: Box<dyn Layer> = Box::new(TopKLatent::new(width, 1 + width / 3, 0));
        // Which stay is held fixed.
        let kept = |encoded: &[f64], _: (&[f64], &[f64]), saved: &[f64]| -> Row {
            encoded
                .iter()
                .zip(saved)
                .map(|(x, kept)| x * kept)
                .collect()
        };
        check(
            Case::new(width, Some(code), Vec::new()),
            rows,
            inputs,
            kept,
            loss,
        );
    }
}

#[test]
fn vector_quantisation_passes_gradients_straight_through() {
    for (rows, inputs, vectors) in SHAPES {
        let width = 2 * vectors;
        let code: Box<dyn Layer> = Box::new(VectorQuantisedLatent::new(width, 5, 2, 0.9));
        let terms: Vec<Arc<dyn Penalty>> = vec![Arc::new(Commitment {
            weight: 0.25,
            codebooks: 1,
        })];
        // The step to the codebook's vector is held fixed: that is what straight-through means. The distance to that vector
        // is seen through what was saved.
        let case = Case::new(width, Some(code), terms);
        let straight = |encoded: &[f64], (x, e): (&[f64], &[f64]), _: &[f64]| -> Row {
            let held = x.iter().zip(e).map(|(x, e)| e - x);
            let codes = encoded.iter().zip(held).map(|(x, held)| x + held);
            // Behind the code, what the commitment compares.
            codes.collect()
        };
        let quantised = std::cell::RefCell::new(Vec::<Row>::new());
        check(case, rows, inputs, straight, |seen| {
            // The first call is the one at the present parameters, where the code is the codebook's vector itself.
            let mut quantised = quantised.borrow_mut();
            if quantised.is_empty() {
                quantised.extend(seen.codes.iter().cloned());
            }
            let distance = |(x, e): (&Row, &Row)| -> f64 {
                x.iter().zip(e).map(|(x, e)| (x - e).powi(2)).sum()
            };
            let pairs = seen.encoded.iter().zip(&*quantised);
            loss(seen) + 0.25 * mean(pairs.map(distance).collect::<Row>().into_iter())
        });
    }
}

#[test]
fn every_codebook_of_a_residual_code_commits_the_encoder() {
    for (rows, inputs, vectors) in SHAPES {
        let (width, codebooks) = (2 * vectors, 3);
        let code = VectorQuantisedLatent::new(width, 5, 2, 0.9).with_codebooks(codebooks);
        let commitment = Commitment {
            weight: 0.25,
            codebooks,
        };
        let case = Case::new(width, Some(Box::new(code)), vec![Arc::new(commitment)]);
        // What the first codebooks stand for, and all of them, held fixed.
        let sums = std::cell::RefCell::new(Vec::<Vec<Row>>::new());
        let straight = |encoded: &[f64], (x, z): (&[f64], &[f64]), saved: &[f64]| -> Row {
            let mut sums = sums.borrow_mut();
            if sums.len() < rows {
                let before = saved[2 * codebooks * vectors..].chunks(width);
                sums.push(before.chain([z]).map(<[f64]>::to_vec).collect());
            }
            let held = x.iter().zip(z).map(|(x, z)| z - x);
            encoded.iter().zip(held).map(|(x, held)| x + held).collect()
        };
        check(case, rows, inputs, straight, |seen| {
            let sums = sums.borrow();
            let pairs = seen.encoded.iter().zip(&*sums);
            let distances = pairs.map(|(x, sums)| {
                assert_eq!(sums.len(), codebooks);
                let all = sums.iter().flat_map(|z| x.iter().zip(z));
                all.map(|(x, z)| (x - z).powi(2)).sum::<f64>()
            });
            loss(seen) + 0.25 * mean(distances.collect::<Row>().into_iter())
        });
    }
}

#[test]
fn finite_scalar_quantisation_passes_gradients_through_the_bound_alone() {
    for (rows, inputs, vectors) in SHAPES {
        let levels = [8, 5, 2];
        let code: Box<dyn Layer> = Box::new(FiniteScalarQuantisedLatent::new(3 * vectors, &levels));
        // The step from the bounded value to its level is held fixed.
        let bound = |x: &f64, levels: usize| {
            let half = (levels - 1) as f64 * 0.999 / 2.0;
            let offset = 0.5 * (1 - levels % 2) as f64;
            ((x + (offset / half).tan()).tanh() * half - offset) / (levels / 2) as f64
        };
        let straight = |encoded: &[f64], (x, z): (&[f64], &[f64]), _: &[f64]| -> Row {
            let of_levels = levels.into_iter().cycle();
            let elements = encoded.iter().zip(x.iter().zip(z)).zip(of_levels);
            let held = elements.map(|((now, (x, z)), l)| bound(now, l) + (z - bound(x, l)));
            held.collect()
        };
        let case = Case::new(3 * vectors, Some(code), Vec::new());
        check(case, rows, inputs, straight, loss);
    }
}

#[test]
fn a_relaxed_categorical_code_and_its_divergence_from_equal_probabilities() {
    for (rows, inputs, variables) in SHAPES {
        let (categories, temperature) = (3, 0.8);
        let spec = GumbelSoftmax {
            categories,
            temperature,
            warm_up: 0,
            kl: 0.0,
        };
        let code = spec.layers(categories * variables, 1).remove(0);
        let penalty = CategoricalKl {
            weight: 0.7,
            categories,
        };
        let softmax = |a: &[f64]| -> Row {
            let total: f64 = a.iter().map(|a| a.exp()).sum();
            a.iter().map(|a| a.exp() / total).collect()
        };
        // The noise is held: the logarithm of a sample is that of its logits and the noise, over the temperature.
        let relaxed = |encoded: &[f64], (x, z): (&[f64], &[f64]), _: &[f64]| -> Row {
            let moved = encoded.iter().zip(x.iter().zip(z));
            let scores = moved.map(|(a, (x, z))| z.ln() + (a - x) / f64::from(temperature));
            let scores: Row = scores.collect();
            scores.chunks(categories).flat_map(softmax).collect()
        };
        let case = Case::new(categories * variables, Some(code), vec![Arc::new(penalty)]);
        check(case, rows, inputs, relaxed, |seen| {
            let divergence = |a: &[f64]| -> f64 {
                let q = softmax(a);
                q.iter().map(|q| q * (q * categories as f64).ln()).sum()
            };
            let of_row = |a: &Row| a.chunks(categories).map(divergence).sum();
            loss(seen) + 0.7 * mean(seen.encoded.iter().map(of_row))
        });
    }
}

#[test]
fn commitment_and_entropy_of_a_lookup_free_code() {
    for (rows, inputs, vectors) in SHAPES {
        let dimension = 3;
        let code: Box<dyn Layer> = Box::new(LookupFreeQuantisedLatent::new(
            dimension * vectors,
            dimension,
        ));
        let penalty = SignEntropy {
            commitment: 0.25,
            weight: 0.7,
            temperature: 1.5,
            dimension,
        };
        // The signs are held fixed.
        let signs = std::cell::RefCell::new(Vec::<Row>::new());
        let straight = |encoded: &[f64], (x, z): (&[f64], &[f64]), _: &[f64]| -> Row {
            let mut signs = signs.borrow_mut();
            if signs.len() < rows {
                signs.push(z.to_vec());
            }
            let held = x.iter().zip(z).map(|(x, z)| z - x);
            encoded.iter().zip(held).map(|(x, held)| x + held).collect()
        };
        let case = Case::new(dimension * vectors, Some(code), vec![Arc::new(penalty)]);
        check(case, rows, inputs, straight, |seen| {
            // A softmax of the distances to -1 and 1.
            let probability = |x: &f64| {
                let [minus, plus] = [-1.0, 1.0].map(|c: f64| (-(x - c).powi(2) / 1.5).exp());
                plus / (minus + plus)
            };
            let entropy = |p: f64| -p * p.ln() - (1.0 - p) * (1.0 - p).ln();
            let (signs, n) = (signs.borrow(), seen.encoded.len() as f64);
            let mut value = 0.0;
            for (x, z) in seen.encoded.iter().zip(&*signs) {
                let squares = x.iter().zip(z).map(|(x, z)| (x - z).powi(2));
                value += 0.25 * squares.sum::<f64>() / n;
                value += 0.7 * x.iter().map(|x| entropy(probability(x))).sum::<f64>() / n;
            }
            for bit in 0..dimension {
                let of_bit = |x: &Row| -> f64 {
                    x.iter().skip(bit).step_by(dimension).map(probability).sum()
                };
                let share = seen.encoded.iter().map(of_bit).sum::<f64>() / n / vectors as f64;
                value -= 0.7 * vectors as f64 * entropy(share);
            }
            loss(seen) + value
        });
    }
}

#[test]
fn the_rate_of_a_rounded_code() {
    for (rows, inputs, width) in SHAPES {
        let code: Box<dyn Layer> = Box::new(RoundedLatent::new(width, 0.9));
        let case = Case::new(width, Some(code), vec![Arc::new(Rate { weight: 0.7 })]);
        // The noise is held fixed, and so is the prior, which every row saved.
        let prior = std::cell::RefCell::new(Row::new());
        let noisy = |encoded: &[f64], (x, y): (&[f64], &[f64]), saved: &[f64]| -> Row {
            *prior.borrow_mut() = saved.to_vec();
            let noise = y.iter().zip(x).map(|(y, x)| y - x);
            encoded
                .iter()
                .zip(noise)
                .map(|(x, noise)| x + noise)
                .collect()
        };
        check(case, rows, inputs, noisy, |seen| {
            let prior = prior.borrow();
            let (means, scales) = prior.split_at(width);
            let cost = |((y, mean), scale): ((&f64, &f64), &f64)| -> f64 {
                let sigmoid = |x: f64| 1.0 / (1.0 + (-(x - mean) / scale).exp());
                -(sigmoid(y + 0.5) - sigmoid(y - 0.5)).ln()
            };
            let rate = |y: &Row| -> f64 { y.iter().zip(means).zip(scales).map(cost).sum() };
            loss(seen) + 0.7 * mean(seen.codes.iter().map(rate))
        });
    }
}

/// Trains on batches of 100 examples.
fn train(chain: &mut Chain, x: &Matrix, epochs: usize) {
    let options = StepOptions {
        objective: LikelihoodSpec::Mse.into(),
        optimizer: Optimizer::default(),
        clip_norm: None,
        seed: SEED,
        frozen: Vec::new(),
    };
    let mut step = Step::new(chain, 100, options);
    let order: Vec<u32> = (0..x.rows() as u32).collect();
    for _ in 0..epochs {
        for batch in order.chunks(100) {
            step.run(chain, x, batch, 0.0.into()).expect("in memory");
        }
    }
}

#[test]
fn rounding_is_exact_in_use_and_its_prior_follows_what_it_meets() {
    let x: Vec<f32> = numbers(8, 2000).iter().map(|x| 4.0 * x + 3.0).collect();
    let x = Matrix::from_vec(1000, 2, x);
    let mut chain = Chain::new(
        vec![
            Box::new(RoundedLatent::new(2, 0.9)),
            Box::new(Dense::new(2, 2, Activation::Linear, Initializer::Glorot)),
        ],
        1,
    )
    .expect("layers that fit");
    train(&mut chain, &x, 10);
    let [mean, variance] = [0, 1].map(|at: usize| chain.parameters()[at].value.as_slice());
    // Uniform from -1 to 7.
    assert!(mean.iter().all(|m| (m - 3.0).abs() < 0.3), "{mean:?}");
    assert!(
        variance.iter().all(|v| (v - 16.0 / 3.0).abs() < 0.6),
        "{variance:?}"
    );
    let mut tape = Tape::forward_only(&chain, 0..1, Mode::Eval, 3);
    tape.input_mut(3, &[])
        .as_mut_slice()
        .copy_from_slice(&[0.4, -1.6, 2.5, 7.0, -0.2, 9.5]);
    tape.forward(&chain, Position::default());
    assert_eq!(tape.output().span(), [0.0, -2.0, 3.0, 7.0, 0.0, 10.0]);
}

#[test]
fn a_codebook_follows_what_its_vectors_stand_for_and_revives_the_dead() {
    // Three clusters, of which the codebook's four vectors know nothing.
    let centres = [[10.0f32, 0.0], [-10.0, 5.0], [0.0, -20.0]];
    let noise = numbers(4, 600);
    let points: Vec<f32> = (0..300)
        .flat_map(|i| [0, 1].map(|d| centres[i % 3][d] + 0.1 * noise[2 * i + d]))
        .collect();
    let x = Matrix::from_vec(300, 2, points);
    let layer = VectorQuantisedLatent::new(2, 4, 2, 0.9);
    let mut chain = Chain::new(
        vec![
            Box::new(layer),
            Box::new(Dense::new(2, 2, Activation::Linear, Initializer::Glorot)),
        ],
        1,
    )
    .expect("layers that fit");
    train(&mut chain, &x, 30);
    let codebook = &chain.parameters()[0].value;
    for centre in centres {
        let nearest = codebook
            .view()
            .iter_rows()
            .map(|e| (e[0] - centre[0]).hypot(e[1] - centre[1]))
            .fold(f32::INFINITY, f32::min);
        assert!(nearest < 0.1, "{centre:?}: {nearest}, {codebook:?}");
    }
    let usage = chain.parameters()[1].value.as_slice();
    assert!(usage.iter().all(|&usage| usage > 1.0), "{usage:?}");
}

#[test]
fn the_second_codebook_finds_what_the_first_leaves_over() {
    // Three clusters of three each.
    let centres = [[10.0f32, 0.0], [-10.0, 5.0], [0.0, -20.0]];
    let offsets = [[1.0f32, 0.0], [-1.0, 1.0], [0.0, -2.0]];
    let noise = numbers(4, 1800);
    let point =
        |i: usize, d: usize| centres[i % 3][d] + offsets[i / 3 % 3][d] + 0.01 * noise[2 * i + d];
    let points = (0..900).flat_map(|i| [0, 1].map(|d| point(i, d)));
    let x = Matrix::from_vec(900, 2, points.collect());
    let layer = VectorQuantisedLatent::new(2, 4, 2, 0.9).with_codebooks(2);
    let mut chain = Chain::new(
        vec![
            Box::new(layer),
            Box::new(Dense::new(2, 2, Activation::Linear, Initializer::Glorot)),
        ],
        1,
    )
    .expect("layers that fit");
    train(&mut chain, &x, 30);
    let mut tape = Tape::forward_only(&chain, 0..1, Mode::Eval, 900);
    let mut input = tape.input_mut(900, &[]);
    input.as_mut_slice().copy_from_slice(x.as_slice());
    tape.forward(&chain, Position::default());
    let pairs = tape.output().span().iter().zip(x.as_slice());
    let furthest = pairs.map(|(z, x)| (z - x).abs()).fold(0.0, f32::max);
    assert!(furthest < 0.6, "{furthest}");
}
