//! The promises of codes and of the penalties on them: their value and their gradients are those of a textbook in f64, with the
//! noise held fixed.

use std::f64::consts::PI;
use std::sync::Arc;

use latentia_nn::latents::{
    Commitment, GaussianLatent, Rate, RoundedLatent, TopKLatent, VectorQuantisedLatent,
};
use latentia_nn::layers::{Condition, Dense};
use latentia_nn::penalties::{
    Contractive, KlDivergence, KlSparsity, L1, Mmd, Perturb, TotalCorrelation,
};
use latentia_nn::{
    Activation, Chain, Codes, Initializer, Layer, LikelihoodSpec, Mode, Objective, Optimizer,
    Penalty, PenaltyContext, Position, Step, StepOptions, Tape,
};
use latentia_tensor::{Matrix, MatrixMut, Noise, Rows};
use latentia_testing::{assert_close, numbers, reference};

const SEED: u64 = 5;

type Row = Vec<f64>;

/// A chain of a dense encoder, a code and a dense decoder, and what it is trained for.
struct Case {
    before: Option<Box<dyn Layer>>,
    /// Outputs of the encoder.
    width: usize,
    activation: (Activation, fn(f64) -> f64),
    code: Option<Box<dyn Layer>>,
    penalties: Vec<Arc<dyn Penalty>>,
    importance_weighted: bool,
}

impl Case {
    fn new(width: usize, code: Option<Box<dyn Layer>>, penalties: Vec<Arc<dyn Penalty>>) -> Self {
        Self {
            before: None,
            width,
            activation: (Activation::Tanh, f64::tanh),
            code,
            penalties,
            importance_weighted: false,
        }
    }
}

/// A batch as the reference sees it.
struct Seen {
    /// What the encoder gave, a row for each of its inputs.
    encoded: Vec<Row>,
    codes: Vec<Row>,
    /// `-ln p(x | z)` of each code, under a Gaussian of unit scale.
    losses: Row,
}

fn wide(x: &[f32]) -> Row {
    x.iter().map(|&x| x.into()).collect()
}

fn mean(x: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = x.len() as f64;
    x.sum::<f64>() / n
}

/// Compares the value and the gradients of `case` on `rows` examples with those of `objective`, a function of what the batch
/// looks like, where `code` makes the code of output row `r` from the encoder's output, its values before anything moved
/// (input and output of the code's layer) and what the layer saved.
fn check(
    case: Case,
    rows: usize,
    inputs: usize,
    code: impl Fn(&[f64], (&[f64], &[f64]), &[f64]) -> Row,
    objective: impl Fn(&Seen) -> f64,
) {
    let dense = |inputs, outputs, activation| -> Box<dyn Layer> {
        Box::new(Dense::new(inputs, outputs, activation, Initializer::Glorot))
    };
    let mut layers: Vec<Box<dyn Layer>> = case.before.into_iter().collect();
    let encoder = layers.len();
    layers.push(dense(inputs, case.width, case.activation.0));
    layers.extend(case.code);
    let code_layer = layers.len() - 1;
    let width = layers[code_layer].outputs();
    layers.push(dense(width, inputs, Activation::Linear));
    let mut chain = Chain::new(layers, 1).expect("layers that fit");
    for (i, parameter) in (1..).zip(chain.parameters_mut()) {
        let noise = numbers(i, parameter.value.as_slice().len());
        for (w, noise) in parameter.value.as_mut_slice().iter_mut().zip(noise) {
            *w += 0.3 * noise;
        }
    }
    let x = Matrix::from_vec(rows, inputs, numbers(9, rows * inputs));

    // What the first step will meet.
    let mut tape = Tape::forward_only(&chain, 0..chain.layers().len(), Mode::Train, rows);
    let indices: Vec<u32> = (0..rows as u32).collect();
    tape.read(&x, &indices).expect("in memory");
    let position = Position {
        seed: SEED,
        ..Position::default()
    };
    tape.forward(&chain, position);
    let all = |matrix: latentia_tensor::MatrixRef<'_>| -> Vec<Row> {
        matrix.iter_rows().map(wide).collect()
    };
    let encoder_inputs = all(tape.trace(encoder).x);
    let trace = tape.trace(code_layer);
    let (before, after, saved) = match code_layer == encoder {
        true => (all(trace.y), all(trace.y), vec![Row::new(); trace.y.rows()]),
        false => (all(trace.x), all(trace.y), all(trace.saved)),
    };

    let parameters: Vec<Row> = chain
        .parameters()
        .iter()
        .map(|p| wide(p.value.as_slice()))
        .collect();
    let last = parameters.len() - 2;
    let value = |which: usize, numbers: &[f64]| -> f64 {
        let parameter = |i: usize| match i == which {
            true => numbers.to_vec(),
            false => parameters[i].clone(),
        };
        let layer = |i: usize, activation| reference::Dense {
            weight: parameter(i),
            bias: parameter(i + 1),
            activation,
        };
        let (encoder, decoder) = (layer(0, case.activation.1), layer(last, |z| z));
        let encoded: Vec<Row> = encoder_inputs.iter().map(|x| encoder.forward(x)).collect();
        let samples = after.len() / encoded.len();
        let codes: Vec<Row> = (0..after.len())
            .map(|r| {
                let held = (&before[r / samples][..], &after[r][..]);
                code(&encoded[r / samples], held, &saved[r])
            })
            .collect();
        let copies = codes.len() / rows;
        let loss = |(r, z): (usize, &Row)| {
            let target = wide(x.row(r / copies));
            let output = decoder.forward(z);
            let squares = output.iter().zip(&target).map(|(o, t)| (o - t).powi(2));
            0.5 * squares.sum::<f64>() + 0.5 * inputs as f64 * (2.0 * PI).ln()
        };
        let losses = codes.iter().enumerate().map(loss).collect();
        objective(&Seen {
            encoded,
            codes,
            losses,
        })
    };

    let options = StepOptions {
        objective: Objective {
            likelihood: LikelihoodSpec::Gaussian.into(),
            latent: code_layer,
            penalties: case.penalties,
            importance_weighted: case.importance_weighted,
        },
        optimizer: Optimizer::default(),
        clip_norm: None,
        seed: SEED,
        frozen: Vec::new(),
    };
    let mut step = Step::new(&chain, rows, options);
    let obtained = step
        .run(&mut chain, &x, &indices, 0.0.into())
        .expect("in memory");
    let expected = value(usize::MAX, &[]);
    assert!(
        (obtained - expected).abs() < 1e-5 * expected.abs(),
        "{obtained} {expected}"
    );
    for (which, moments) in step.moments().iter().enumerate() {
        if !chain.parameters()[which].is_learned() {
            continue;
        }
        let gradient = moments.gradient.as_slice();
        let places: Vec<usize> = (0..gradient.len())
            .step_by(gradient.len().div_ceil(12))
            .collect();
        let obtained: Vec<f32> = places.iter().map(|&i| gradient[i]).collect();
        let gradient_at =
            |&i: &usize| reference::derivative(|n| value(which, n), &parameters[which], i);
        let expected: Vec<f64> = places.iter().map(gradient_at).collect();
        assert_close(&obtained, &expected, 3e-5);
    }
}

/// Sizes of less than a tape, of several, of many dimensions.
const SHAPES: [(usize, usize, usize); 4] = [(2, 3, 1), (7, 5, 2), (65, 17, 3), (130, 9, 70)];

fn log_variance(s: f64) -> f64 {
    30.0 * (s / 30.0).tanh()
}

/// `μ + σ ε` with the `ε` that the layer had saved.
fn sampled(encoded: &[f64], _held: (&[f64], &[f64]), saved: &[f64]) -> Row {
    let n = encoded.len() / 2;
    (0..n)
        .map(|j| encoded[j] + (0.5 * log_variance(encoded[n + j])).exp() * saved[j])
        .collect()
}

fn identity(encoded: &[f64], _held: (&[f64], &[f64]), _saved: &[f64]) -> Row {
    encoded.to_vec()
}

/// KL of each dimension, mean over the batch.
fn kl_of_dimensions(seen: &Seen) -> Row {
    let n = seen.encoded[0].len() / 2;
    let one = |x: &Row, j: usize| {
        let ln = log_variance(x[n + j]);
        0.5 * (x[j] * x[j] + ln.exp() - 1.0 - ln)
    };
    (0..n)
        .map(|j| mean(seen.encoded.iter().map(|x| one(x, j))))
        .collect()
}

fn loss(seen: &Seen) -> f64 {
    mean(seen.losses.iter().copied())
}

fn gaussian(width: usize, samples: usize, penalties: Vec<Arc<dyn Penalty>>) -> Case {
    let code: Box<dyn Layer> = Box::new(GaussianLatent::new(width, samples));
    Case::new(2 * width, Some(code), penalties)
}

const PLAIN: KlDivergence = KlDivergence {
    weight: 1.0,
    warm_up: 0,
    free_bits: 0.0,
    capacity: None,
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
fn total_correlation() {
    let density = |z: f64, mu: f64, s: f64| {
        let ln = log_variance(s);
        (-0.5 * (z - mu).powi(2) / ln.exp() - 0.5 * ln - 0.5 * (2.0 * PI).ln()).exp()
    };
    for (rows, inputs, width) in SHAPES {
        let terms: Vec<Arc<dyn Penalty>> =
            vec![Arc::new(PLAIN), Arc::new(TotalCorrelation { weight: 5.0 })];
        check(gaussian(width, 1, terms), rows, inputs, sampled, |seen| {
            let n = width;
            let one = |z: &Row| {
                let of = |x: &Row, j: usize| density(z[j], x[j], x[n + j]);
                let all = |x: &Row| (0..n).map(|j| of(x, j)).product::<f64>();
                let joint = mean(seen.encoded.iter().map(all)).ln();
                let marginals = (0..n).map(|j| mean(seen.encoded.iter().map(|x| of(x, j))).ln());
                joint - marginals.sum::<f64>()
            };
            let correlation = mean(seen.codes.iter().map(one));
            loss(seen) + kl_of_dimensions(seen).iter().sum::<f64>() + 5.0 * correlation
        });
    }
}

#[test]
fn maximum_mean_discrepancy() {
    for (rows, inputs, width) in SHAPES {
        // The term's noise lies behind that of the three layers.
        let mut prior = Matrix::zeros(rows, width);
        for (row, draw) in (0..).zip(prior.view_mut().iter_rows_mut()) {
            Noise::new(SEED, (1 << 16) + 3).normal(row, draw);
        }
        let prior: Vec<Row> = prior.view().iter_rows().map(wide).collect();
        let kernel = |a: &Row, b: &Row| -> f64 {
            let square: f64 = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum();
            let scales = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];
            let constants = scales.map(|scale| 2.0 * width as f64 * scale);
            constants.iter().map(|c| c / (c + square)).sum()
        };
        let terms: Vec<Arc<dyn Penalty>> = vec![Arc::new(Mmd { weight: 3.0 })];
        check(gaussian(width, 1, terms), rows, inputs, sampled, |seen| {
            let n = rows as f64;
            let mut sum = 0.0;
            for i in 0..rows {
                for j in 0..rows {
                    if i != j {
                        let (z, p) = (&seen.codes, &prior);
                        let both = kernel(&z[i], &z[j]) + kernel(&p[i], &p[j]);
                        sum += both / (n * (n - 1.0));
                    }
                    sum -= 2.0 * kernel(&seen.codes[i], &prior[j]) / (n * n);
                }
            }
            loss(seen) + 3.0 * sum
        });
    }
}

#[test]
fn l1_and_kl_sparsity() {
    for (rows, inputs, width) in SHAPES {
        let terms: Vec<Arc<dyn Penalty>> = vec![Arc::new(L1 { weight: 0.7 })];
        check(
            Case::new(width, None, terms),
            rows,
            inputs,
            identity,
            |seen| {
                let sizes = seen.codes.iter().map(|y| y.iter().map(|y| y.abs()).sum());
                loss(seen) + 0.7 * mean(sizes)
            },
        );

        let sparsity = KlSparsity {
            weight: 2.0,
            target: 0.1,
        };
        let case = Case {
            activation: (Activation::Sigmoid, reference::sigmoid),
            ..Case::new(width, None, vec![Arc::new(sparsity)])
        };
        check(case, rows, inputs, identity, |seen| {
            let rho = f64::from(0.1f32);
            let divergence = |j: usize| {
                let on = mean(seen.codes.iter().map(|y| y[j]));
                rho * (rho / on).ln() + (1.0 - rho) * ((1.0 - rho) / (1.0 - on)).ln()
            };
            loss(seen) + 2.0 * (0..width).map(divergence).sum::<f64>()
        });
    }
}

#[test]
fn contraction() {
    for (rows, inputs, width) in SHAPES {
        let case = Case {
            before: Some(Box::new(Perturb::new(inputs))),
            ..Case::new(width, None, vec![Arc::new(Contractive { weight: 0.5 })])
        };
        check(case, rows, inputs, identity, |seen| {
            let step = f64::from(0.01f32);
            let moved = |pair: &[Row]| -> f64 {
                let numbers = pair[0].iter().zip(&pair[1]);
                numbers.map(|(a, b)| ((b - a) / step).powi(2)).sum()
            };
            loss(seen) + 0.5 * mean(seen.codes.chunks(2).map(moved))
        });
    }
}

#[test]
fn the_contractive_term_is_the_norm_of_the_jacobian() {
    let (inputs, width) = (4, 3);
    let encoder = Dense::new(inputs, width, Activation::Sigmoid, Initializer::Glorot);
    let chain = Chain::new(vec![Box::new(Perturb::new(inputs)), Box::new(encoder)], 1)
        .expect("layers that fit");
    // One example many times, so that the mean is over the random steps.
    let rows = 40_000;
    let one = numbers(3, inputs);
    let x = Matrix::from_vec(rows, inputs, one.repeat(rows));
    let mut tape = Tape::forward_only(&chain, 0..2, Mode::Train, rows);
    let indices: Vec<u32> = (0..rows as u32).collect();
    tape.read(&x, &indices).expect("in memory");
    tape.forward(&chain, Position::default());
    let objective = Objective {
        latent: 1,
        penalties: vec![Arc::new(Contractive { weight: 1.0 })],
        ..Objective::from(LikelihoodSpec::Mse)
    };
    let trace = tape.trace(1);
    let codes = Codes {
        inputs: trace.x,
        codes: trace.y,
        saved: trace.saved,
        labels: &[],
    };
    let with = objective.penalties[0].apply(
        codes,
        PenaltyContext {
            share: 1.0,
            epochs: 0.0,
            noise: Noise::new(1, 1),
            first_row: 0,
        },
        None,
        &mut Vec::new(),
    );
    let weight = wide(chain.parameters()[0].value.as_slice());
    let at = reference::Dense {
        weight: weight.clone(),
        bias: vec![0.0; width],
        activation: reference::sigmoid,
    };
    let y = at.forward(&wide(&one));
    let norm: f64 = (0..inputs * width)
        .map(|i| {
            let y = y[i % width];
            (y * (1.0 - y) * weight[i]).powi(2)
        })
        .sum();
    assert!((with - norm).abs() < 0.02 * norm, "{with} {norm}");
}

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
        let terms: Vec<Arc<dyn Penalty>> = vec![Arc::new(Commitment { weight: 0.25 })];
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

#[test]
fn a_condition_is_appended_to_every_row_of_its_example() {
    struct Classes(Matrix);
    impl Rows for Classes {
        fn rows(&self) -> usize {
            self.0.rows()
        }
        fn cols(&self) -> usize {
            self.0.cols()
        }
        fn label(&self, index: u32) -> Option<u8> {
            Some(index as u8 % 3)
        }
        fn read(&self, indices: &[u32], out: MatrixMut<'_>) -> std::io::Result<()> {
            self.0.read(indices, out)
        }
    }
    let layers: Vec<Box<dyn Layer>> =
        vec![Box::new(Perturb::new(1)), Box::new(Condition::new(1, 3))];
    let chain = Chain::new(layers, 1).expect("layers that fit");
    let x = Classes(Matrix::from_vec(3, 1, vec![5.0, 6.0, 7.0]));
    let mut tape = Tape::forward_only(&chain, 0..2, Mode::Train, 3);
    tape.read(&x, &[2, 0]).expect("in memory");
    tape.forward(&chain, Position::default());
    let rows: Vec<&[f32]> = tape.output().iter_rows().collect();
    assert_eq!(rows.len(), 4);
    for (row, class) in rows.iter().zip([2, 2, 0, 0]) {
        let one: Vec<f32> = (0..3).map(|c| f32::from(c == class)).collect();
        assert_eq!(row[1..], one);
    }
}
