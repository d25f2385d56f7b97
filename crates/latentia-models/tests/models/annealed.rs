//! The likelihood of a model by two estimators that share nothing but the decoder.

use latentia_models::{Autoencoder, ElboReport};
use latentia_tensor::{Matrix, Noise};
use latentia_testing::numbers;

use crate::{model_spec, training_spec};

/// Elements of an example, and of a code.
const WIDTH: usize = 6;
const CODE: usize = 2;

/// Points of a curved surface, with noise: their posteriors are no Gaussians, but have one mode each, which importance sampling finds.
fn points(seed: u64, rows: usize) -> Matrix {
    let (place, noise) = (numbers(seed, 2 * rows), numbers(seed + 1, WIDTH * rows));
    let rows = place.chunks(2).zip(noise.chunks(WIDTH));
    let values = rows.flat_map(|(at, noise)| {
        let own = |(k, noise): (usize, &f32)| {
            let k = k as f32;
            let along = at[0] * (1.0 + k / 2.0) + at[1] * (2.0 - k / 3.0);
            2.5 * (0.7 * along + k).sin() + noise
        };
        noise.iter().enumerate().map(own).collect::<Vec<f32>>()
    });
    let values: Vec<f32> = values.collect();
    Matrix::from_vec(values.len() / WIDTH, WIDTH, values)
}

/// `ln N(x; μ(z), 1)` of each chain, those of an example one after another.
fn log_likelihoods(model: &Autoencoder, codes: &Matrix, examples: &Matrix) -> Vec<f64> {
    let means = model.decode(codes).expect("codes that fit");
    let chains = codes.rows() / examples.rows();
    let rows = means.view();
    let rows = rows.iter_rows().enumerate().map(|(row, mean)| {
        let pairs = mean.iter().zip(examples.row(row / chains));
        let squares: f64 = pairs.map(|(m, x)| f64::from(x - m).powi(2)).sum();
        -0.5 * (squares + WIDTH as f64 * (2.0 * std::f64::consts::PI).ln())
    });
    rows.collect()
}

fn log_prior(code: &[f32]) -> f64 {
    -0.5 * code.iter().map(|&z| f64::from(z).powi(2)).sum::<f64>()
}

/// `-ln p(x)`, mean over examples, by annealed importance sampling (Neal 2001; Wu et al. 2017): chains go from the prior to the posterior by
/// `p(z) p(x|z)^β`, with steps of Metropolis at each `β`, and the mean of their weights is the likelihood.
fn annealed_nll(model: &Autoencoder, examples: &Matrix, chains: usize, betas: u32) -> f64 {
    let rows = examples.rows() * chains;
    let noise = Noise::new(7, 0);
    let mut codes = Matrix::zeros(rows, CODE);
    for (row, code) in (0..).zip(codes.view_mut().iter_rows_mut()) {
        noise.normal(row, code);
    }
    let mut known = log_likelihoods(model, &codes, examples);
    let mut weights = vec![0.0; rows];
    let mut step = 0;
    let mut last = 0.0;
    for at in 1..=betas {
        let beta = (f64::from(at) / f64::from(betas)).powi(3);
        for (weight, known) in weights.iter_mut().zip(&known) {
            *weight += (beta - last) * known;
        }
        last = beta;
        for width in [0.6, 0.2, 0.06] {
            step += 1;
            let noise = noise.at_step(step);
            let mut moved = codes.clone();
            for (row, code) in (0..).zip(moved.view_mut().iter_rows_mut()) {
                let mut by = [0.0; CODE];
                noise.normal(row, &mut by);
                code.iter_mut().zip(by).for_each(|(z, by)| *z += width * by);
            }
            let new = log_likelihoods(model, &moved, examples);
            for row in 0..rows {
                let mut chance = [0.0];
                noise.later_stream(1).uniform(row as u32, &mut chance);
                let gain = log_prior(moved.row(row)) - log_prior(codes.row(row));
                let gain = gain + beta * (new[row] - known[row]);
                if f64::from(chance[0]).ln() < gain {
                    codes
                        .view_mut()
                        .row_mut(row)
                        .copy_from_slice(moved.row(row));
                    known[row] = new[row];
                }
            }
        }
    }
    let log_means = weights.chunks(chains).map(|own| {
        let largest = own.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = own.iter().map(|weight| (weight - largest).exp()).sum();
        largest + (sum / chains as f64).ln()
    });
    -log_means.sum::<f64>() / examples.rows() as f64
}

#[test]
fn importance_sampling_and_annealed_importance_sampling_agree_on_the_likelihood() {
    let spec = model_spec(
        "likelihood = 'gaussian'
         encoder = [{ layer = 'dense', units = 24, activation = 'tanh' }]
         code = { kind = 'gaussian', units = 2 }
         decoder = [{ layer = 'dense', units = 24, activation = 'tanh' }, { layer = 'dense' }]",
    );
    let mut model = spec.build(&[WIDTH], 1).expect("parts that fit");
    let training = training_spec("epochs = 60\nbatch-size = 32\nlearning-rate = 0.01");
    model
        .fit(&points(1, 800), &training, 1)
        .expect("points that can be learned");

    let examples = points(9, 24);
    let report = ElboReport::measure(&model, &examples, 20_000, 1);
    let report = report.expect("examples that fit").expect("a Gaussian code");
    let annealed = annealed_nll(&model, &examples, 16, 400);
    // The bound is off by far more than the estimators differ.
    let gap = -report.elbo_nats - report.nll_nats;
    let difference = annealed - report.nll_nats;
    assert!(gap > 0.15, "the posteriors are Gaussians: {gap}");
    assert!(difference.abs() < 0.03, "{difference}, of a gap of {gap}");
}
