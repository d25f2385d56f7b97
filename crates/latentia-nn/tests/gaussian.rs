//! The promises of a Gaussian code: a true divergence, true gradients with the noise held fixed, the mean in use.

use latentia_nn::{
    Activation, Block, Chain, Dense, Gaussian, Initializer, Layer, Likelihood, Mode, Optimizer,
    Place, Rates, Step, StepOptions, Terms,
};
use latentia_tensor::{Matrix, Noise};
use latentia_testing::{assert_close, numbers, reference};

const SEED: u64 = 5;

/// `inputs -> 2 code -> code -> inputs`
fn chain(inputs: usize, code: usize) -> Chain {
    let dense = |inputs, outputs| -> Box<dyn Layer> {
        Box::new(Dense::new(
            inputs,
            outputs,
            Activation::Linear,
            Initializer::Glorot,
        ))
    };
    let mut chain = Chain::new(
        vec![
            dense(inputs, 2 * code),
            Box::new(Gaussian::new(code)),
            dense(code, inputs),
        ],
        1,
    );
    for (i, parameter) in chain.parameters_mut().iter_mut().enumerate() {
        let noise = numbers(i as u64 + 1, parameter.value.as_slice().len());
        for (w, noise) in parameter.value.as_mut_slice().iter_mut().zip(noise) {
            *w += 0.3 * noise;
        }
    }
    chain
}

fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&x| x.into()).collect()
}

/// `ln σ²` from the second half of the encoder's output.
fn log_variance(s: f64) -> f64 {
    30.0 * (s / 30.0).tanh()
}

fn check_gradients(rows: usize, inputs: usize, code: usize, kl_weight: f32) {
    let mut chain = chain(inputs, code);
    let data = numbers(9, rows * inputs);
    let x = Matrix::from_vec(rows, inputs, data);
    let at: Vec<Vec<f64>> = chain
        .parameters()
        .iter()
        .map(|p| wide(p.value.as_slice()))
        .collect();

    // The noise that layer 1 draws in step 0, as its own forward pass shows it.
    let mut block = Block::for_use(&chain, 0..3, rows);
    block
        .input_mut(rows)
        .as_mut_slice()
        .copy_from_slice(x.as_slice());
    let place = Place {
        seed: SEED,
        ..Place::default()
    };
    block.forward(&chain, 0..3, Mode::Train, place);
    let epsilon: Vec<Vec<f64>> = block
        .trace(1)
        .saved
        .iter_rows()
        .map(|row| wide(&row[..code]))
        .collect();

    let loss = |which: usize, numbers: &[f64]| -> f64 {
        let parameter = |i: usize| {
            if i == which {
                numbers.to_vec()
            } else {
                at[i].clone()
            }
        };
        let dense = |i: usize| reference::Dense {
            weight: parameter(i),
            bias: parameter(i + 1),
            activation: |z| z,
        };
        let (encoder, decoder) = (dense(0), dense(2));
        let one = |row: usize| -> f64 {
            let target = wide(x.row(row));
            let h = encoder.forward(&target);
            let (mu, s) = h.split_at(code);
            let z: Vec<f64> = (0..code)
                .map(|j| mu[j] + (0.5 * log_variance(s[j])).exp() * epsilon[row][j])
                .collect();
            let kl = |j: usize| {
                let ln = log_variance(s[j]);
                0.5 * (mu[j] * mu[j] + ln.exp() - 1.0 - ln)
            };
            let kl: f64 = (0..code).map(kl).sum();
            let squares = decoder
                .forward(&z)
                .iter()
                .zip(&target)
                .map(|(o, t)| 0.5 * (o - t).powi(2))
                .sum::<f64>();
            squares
                + 0.5 * target.len() as f64 * (2.0 * std::f64::consts::PI).ln()
                + f64::from(kl_weight) * kl
        };
        (0..rows).map(one).sum::<f64>() / rows as f64
    };

    let options = StepOptions {
        likelihood: Likelihood::Gaussian,
        optimizer: Optimizer::default(),
        clip_norm: None,
        seed: SEED,
    };
    let mut step = Step::new(&chain, rows, options);
    let indices: Vec<u32> = (0..rows as u32).collect();
    let rates = Rates {
        learning_rate: 0.0,
        kl_weight,
    };
    let obtained = step
        .run(&mut chain, &x, &indices, rates)
        .expect("in memory");
    let expected = loss(usize::MAX, &[]);
    assert!(
        (obtained - expected).abs() < 3e-6 * expected.abs(),
        "{obtained} {expected}"
    );
    for (which, moments) in step.moments().iter().enumerate() {
        let gradient = moments.gradient.as_slice();
        let places: Vec<usize> = (0..gradient.len())
            .step_by(gradient.len().div_ceil(12))
            .collect();
        let obtained: Vec<f32> = places.iter().map(|&i| gradient[i]).collect();
        let expected: Vec<f64> = places
            .iter()
            .map(|&i| reference::derivative(|numbers| loss(which, numbers), &at[which], i))
            .collect();
        assert_close(&obtained, &expected, 2e-5);
    }
}

#[test]
fn gradients_with_the_noise_held_fixed_match_central_differences() {
    check_gradients(1, 1, 1, 1.0);
    check_gradients(3, 5, 2, 1.0);
    check_gradients(65, 17, 3, 4.0);
    check_gradients(130, 33, 15, 0.0);
}

#[test]
fn the_analytic_divergence_is_what_sampling_finds() {
    let (mu, s) = (0.7f64, -0.8f64);
    let mut kl = [0.0];
    Gaussian::divergence(&[mu as f32, s as f32], &mut kl);
    let ln = log_variance(s);
    let mut epsilon = vec![0.0; 400_000];
    Noise::new(1, 1).normal(0, &mut epsilon);
    // E[ln q(z) - ln p(z)] = E[-½ ln σ² - ½ ε² + ½ z²]
    let term = |epsilon: f64| {
        -0.5 * ln - 0.5 * epsilon * epsilon + 0.5 * (mu + (0.5 * ln).exp() * epsilon).powi(2)
    };
    let sampled = epsilon.iter().map(|&e| term(e.into())).sum::<f64>() / epsilon.len() as f64;
    assert!(
        (f64::from(kl[0]) - sampled).abs() < 0.005,
        "{} {sampled}",
        kl[0]
    );
}

#[test]
fn a_code_in_use_is_its_mean_and_extreme_log_variances_stay_finite() {
    let chain = Chain::new(vec![Box::new(Gaussian::new(2))], 1);
    let mut block = Block::for_use(&chain, 0..1, 1);
    block
        .input_mut(1)
        .as_mut_slice()
        .copy_from_slice(&[0.3, -0.4, 1e30, -1e30]);
    block.forward(&chain, 0..1, Mode::Use, Place::default());
    assert_eq!(block.output().span(), [0.3, -0.4]);
    block.forward(&chain, 0..1, Mode::Sample, Place::default());
    assert!(block.output().span().iter().all(|z| z.is_finite()));
    let terms = Terms {
        batch: 1,
        kl_weight: 1.0,
    };
    assert!(block.penalty(&chain, terms).is_finite());
}
