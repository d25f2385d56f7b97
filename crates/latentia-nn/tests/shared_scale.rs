//! A chain that ends in one learned scale has the true gradient of it.

use latentia_nn::layers::Dense;
use latentia_nn::likelihoods::Shared;
use latentia_nn::{
    Activation, Chain, Initializer, Layer, LikelihoodSpec, Optimizer, Step, StepOptions,
};
use latentia_tensor::Matrix;
use latentia_testing::{numbers, reference, wide};

const LIKELIHOOD: LikelihoodSpec = LikelihoodSpec::GaussianSharedScale;

fn chain(width: usize) -> Chain {
    let dense = |inputs, outputs| -> Box<dyn Layer> {
        let (activation, initializer) = (Activation::Linear, Initializer::Glorot);
        Box::new(Dense::new(inputs, outputs, activation, initializer))
    };
    let scale = LIKELIHOOD.last_layer(width).expect("it has a layer");
    let mut chain =
        Chain::new(vec![dense(width, 1), dense(1, width), scale], 1).expect("layers that fit");
    let last = chain.parameters().len() - 1;
    assert_eq!(chain.parameters()[last].name, "log-scale");
    chain.parameters_mut()[last].value.as_mut_slice()[0] = -0.7;
    chain
}

fn step(chain: &Chain, batch_size: usize) -> Step {
    let options = StepOptions {
        objective: LIKELIHOOD.into(),
        optimizer: Optimizer::default(),
        clip_norm: None,
        seed: 1,
        frozen: Vec::new(),
    };
    Step::new(chain, batch_size, options)
}

#[test]
fn the_gradient_matches_central_differences() {
    // More than two blocks, the last one short.
    let (rows, width) = (150, 3);
    let mut chain = chain(width);
    let examples = Matrix::from_vec(rows, width, numbers(2, rows * width));
    let at: Vec<Vec<f64>> = chain
        .parameters()
        .iter()
        .map(|p| wide(p.value.as_slice()))
        .collect();
    let loss = |s: &[f64]| -> f64 {
        let dense = |i: usize| reference::Dense {
            weight: at[i].clone(),
            bias: at[i + 1].clone(),
            activation: |z| z,
        };
        let ln_sigma = (s[0] + 6.0).exp().ln_1p() - 6.0;
        let one = |row: usize| -> f64 {
            let x = wide(examples.row(row));
            let y = dense(2).forward(&dense(0).forward(&x));
            let squares: f64 = x.iter().zip(&y).map(|(x, y)| (x - y).powi(2)).sum();
            let constant = ln_sigma + 0.5 * (2.0 * std::f64::consts::PI).ln();
            0.5 * squares * (-2.0 * ln_sigma).exp() + width as f64 * constant
        };
        (0..rows).map(one).sum::<f64>() / rows as f64
    };
    let expected_gradient = reference::derivative(loss, &at[4], 0);
    let mut step = step(&chain, rows);
    let indices: Vec<u32> = (0..rows as u32).collect();
    let seen = step
        .run(&mut chain, &examples, &indices, 1e-3.into())
        .expect("in memory");
    assert!((seen - loss(&at[4])).abs() < 1e-5 * seen.abs());
    let gradient = f64::from(step.moments()[4].gradient.as_slice()[0]);
    assert!(
        (gradient - expected_gradient).abs() < 1e-5 * expected_gradient.abs().max(1.0),
        "{gradient} {expected_gradient}"
    );
    assert_eq!(
        Shared::scales(width, 1).output().elements(),
        LIKELIHOOD.outputs(width)
    );
}
