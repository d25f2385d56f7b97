//! Penalties on codes of several kinds.

use std::f64::consts::PI;
use std::sync::Arc;

use latentia_nn::layers::Dense;
use latentia_nn::penalties::{
    Contractive, Covariance, CovarianceOf, GradientPenalty, KlSparsity, L1, L2, Mmd, Perturb,
    SlicedWasserstein, TotalCorrelation,
};
use latentia_nn::{
    Activation, Chain, Codes, Initializer, Layer, LikelihoodSpec, Mode, Objective, Penalty,
    PenaltyContext, Position, Tape,
};
use latentia_tensor::{Matrix, Noise};
use latentia_testing::{numbers, reference, wide};

use crate::case::{
    Case, PLAIN, Row, SEED, SHAPES, check, gaussian, identity, kl_of_dimensions, log_variance,
    loss, mean, sampled,
};

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
fn sliced_wasserstein_distance() {
    for (rows, inputs, width) in SHAPES {
        let noise = Noise::new(SEED, (1 << 16) + 3);
        let normal = |row: u32| {
            let mut draw = vec![0.0; width];
            noise.normal(row, &mut draw);
            wide(&draw)
        };
        let prior: Vec<Row> = (0..rows as u32).map(normal).collect();
        let direction = |number: u32| {
            let draw = normal(u32::MAX - number);
            let norm = draw.iter().map(|x| x * x).sum::<f64>().sqrt();
            draw.iter().map(|x| x / norm).collect()
        };
        let directions: Vec<Row> = (0..50).map(direction).collect();
        let along = |rows: &[Row], direction: &Row| {
            let dot = |row: &Row| row.iter().zip(direction).map(|(a, b)| a * b).sum();
            let mut along: Vec<f64> = rows.iter().map(dot).collect();
            along.sort_by(f64::total_cmp);
            along
        };
        let terms: Vec<Arc<dyn Penalty>> = vec![Arc::new(SlicedWasserstein { weight: 3.0 })];
        check(gaussian(width, 1, terms), rows, inputs, sampled, |seen| {
            let distance = directions.iter().map(|direction| {
                let (z, p) = (along(&seen.codes, direction), along(&prior, direction));
                mean(z.iter().zip(&p).map(|(z, p)| (z - p).powi(2)))
            });
            loss(seen) + 3.0 * mean(distance)
        });
    }
}

#[test]
fn distance_of_covariances() {
    for (rows, inputs, width) in SHAPES {
        for of in [CovarianceOf::Means, CovarianceOf::Codes] {
            let penalty = Covariance {
                weight: 2.0,
                diagonal: 3.0,
                of,
            };
            let terms: Vec<Arc<dyn Penalty>> = vec![Arc::new(PLAIN), Arc::new(penalty)];
            check(gaussian(width, 1, terms), rows, inputs, sampled, |seen| {
                let means: Row = (0..width)
                    .map(|i| mean(seen.encoded.iter().map(|x| x[i])))
                    .collect();
                let mut sum = 0.0;
                for i in 0..width {
                    for j in 0..width {
                        let products = seen.encoded.iter();
                        let products = products.map(|x| (x[i] - means[i]) * (x[j] - means[j]));
                        let mut own = mean(products);
                        if i == j && of == CovarianceOf::Codes {
                            let variances = seen.encoded.iter();
                            own += mean(variances.map(|x| log_variance(x[width + i]).exp()));
                        }
                        sum += match i == j {
                            true => 3.0 * (own - 1.0).powi(2),
                            false => 2.0 * own.powi(2),
                        };
                    }
                }
                loss(seen) + kl_of_dimensions(seen).iter().sum::<f64>() + sum
            });
        }
    }
}

#[test]
fn l1_l2_and_kl_sparsity() {
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

        let terms: Vec<Arc<dyn Penalty>> = vec![Arc::new(L2 { weight: 0.7 })];
        let case = Case::new(width, None, terms);
        check(case, rows, inputs, identity, |seen| {
            let squares = seen
                .codes
                .iter()
                .map(|y| y.iter().map(|y| y * y).sum::<f64>());
            loss(seen) + 0.35 * mean(squares)
        });

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
            loss(seen) + 0.5 * mean(seen.codes.chunks(2).map(squared_derivative))
        });
    }
}

#[test]
fn gradient_penalty() {
    // Beside a penalty on the codes, which are not in pairs, and behind pairs that the encoder was given too.
    let cases = SHAPES.map(|shape| (shape, false));
    for ((rows, inputs, width), before) in cases.into_iter().chain([(SHAPES[1], true)]) {
        let terms: Vec<Arc<dyn Penalty>> = vec![
            Arc::new(L2 { weight: 0.7 }),
            Arc::new(GradientPenalty { weight: 0.5 }),
        ];
        let pairs = |width| -> Box<dyn Layer> { Box::new(Perturb::new(width)) };
        let case = Case {
            before: before.then(|| pairs(inputs)),
            behind: Some(pairs(width)),
            ..Case::new(width, None, terms)
        };
        check(case, rows, inputs, identity, |seen| {
            let codes = seen.codes.iter();
            let squares = codes.map(|y| y.iter().map(|y| y * y).sum::<f64>());
            let derivatives = seen.outputs.chunks(2).map(squared_derivative);
            loss(seen) + 0.35 * mean(squares) + 0.5 * mean(derivatives)
        });
    }
}

/// Of what becomes of two rows that are a small step apart.
fn squared_derivative(pair: &[Row]) -> f64 {
    let step = f64::from(0.01f32);
    let numbers = pair[0].iter().zip(&pair[1]);
    numbers.map(|(a, b)| ((b - a) / step).powi(2)).sum()
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
