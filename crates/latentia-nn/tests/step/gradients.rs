//! Gradients, and the bound on their norm.

use latentia_nn::optim::Sgd;
use latentia_nn::{Activation, Chain, LikelihoodSpec, Optimizer, Step, StepOptions};
use latentia_testing::{assert_close, assert_gradient, numbers, reference, wide};

use crate::parts::{dense, examples, options};

/// The gradient of every parameter of `inputs -> hidden -> hidden -> inputs` against central differences in f64.
fn check_gradients(
    activation: Activation,
    f: fn(f64) -> f64,
    rows: usize,
    inputs: usize,
    hidden: usize,
) {
    let layers = vec![
        dense(inputs, hidden, activation),
        dense(hidden, hidden, activation),
        dense(hidden, inputs, Activation::Linear),
    ];
    let mut chain = Chain::new(layers, 3).expect("layers that fit");
    for (i, parameter) in chain.parameters_mut().iter_mut().enumerate() {
        // biases begin at zero: move them off it
        let noise = numbers(i as u64 + 1, parameter.value.as_slice().len());
        for (w, noise) in parameter.value.as_mut_slice().iter_mut().zip(noise) {
            *w += 0.1 * noise;
        }
    }
    let at: Vec<Vec<f64>> = chain
        .parameters()
        .iter()
        .map(|p| wide(p.value.as_slice()))
        .collect();
    let x = examples(rows, inputs);

    let loss = |which: usize, numbers: &[f64]| -> f64 {
        let parameter = |i: usize| {
            if i == which {
                numbers.to_vec()
            } else {
                at[i].clone()
            }
        };
        let layers: Vec<reference::Dense> = (0..3)
            .map(|layer| reference::Dense {
                weight: parameter(2 * layer),
                bias: parameter(2 * layer + 1),
                activation: if layer == 2 { |z| z } else { f },
            })
            .collect();
        let row_loss = |row: usize| -> f64 {
            let target = wide(x.row(row));
            let output = layers
                .iter()
                .fold(target.clone(), |x, layer| layer.forward(&x));
            let errors = output
                .iter()
                .zip(&target)
                .map(|(o, t)| 0.5 * (o - t).powi(2));
            errors.sum::<f64>() + 0.5 * target.len() as f64 * (2.0 * std::f64::consts::PI).ln()
        };
        (0..rows).map(row_loss).sum::<f64>() / rows as f64
    };

    let mut step = Step::new(
        &chain,
        rows,
        options(LikelihoodSpec::Gaussian, Optimizer::default()),
    );
    let indices: Vec<u32> = (0..rows as u32).collect();
    let obtained = step
        .run(&mut chain, &x, &indices, 0.0.into())
        .expect("in memory");
    let expected = loss(usize::MAX, &[]);
    assert!(
        (obtained - expected).abs() < 2e-6 * expected,
        "{obtained} {expected}"
    );
    for (which, moments) in step.moments().iter().enumerate() {
        let gradient = moments.gradient.as_slice();
        assert_gradient(gradient, &at[which], 12, 2e-5, |n| loss(which, n));
    }
}

#[test]
fn gradients_match_central_differences_in_f64() {
    check_gradients(Activation::Tanh, f64::tanh, 1, 1, 1);
    check_gradients(Activation::Tanh, f64::tanh, 2, 3, 2);
    check_gradients(Activation::Sigmoid, reference::sigmoid, 15, 16, 17);
    check_gradients(
        Activation::Gelu,
        |z| z * reference::normal_cdf(z),
        31,
        33,
        3,
    );
    check_gradients(Activation::Silu, |z| z * reference::sigmoid(z), 65, 17, 15);
    check_gradients(Activation::Softplus, |z| z.exp().ln_1p(), 130, 31, 33);
    check_gradients(
        Activation::Elu,
        |z| if z < 0.0 { z.exp_m1() } else { z },
        257,
        5,
        4,
    );
    check_gradients(Activation::Tanh, f64::tanh, 3, 257, 2);
}

#[test]
fn clipping_bounds_the_norm_and_keeps_the_direction() {
    let run = |clip_norm| {
        let mut chain =
            Chain::new(vec![dense(5, 5, Activation::Linear)], 1).expect("layers that fit");
        let before = chain.parameters()[0].value.clone();
        let sgd = Sgd { momentum: 0.0 }.into();
        let mut step = Step::new(
            &chain,
            4,
            StepOptions {
                clip_norm,
                ..options(LikelihoodSpec::Gaussian, sgd)
            },
        );
        step.run(&mut chain, &examples(4, 5), &[0, 1, 2, 3], 1.0.into())
            .expect("in memory");
        let after = chain.parameters()[0].value.as_slice();
        let change: Vec<f32> = after
            .iter()
            .zip(before.as_slice())
            .map(|(a, b)| a - b)
            .collect();
        (change, step.gradient_norm(&chain))
    };
    let (free, norm) = run(None);
    assert!(norm > 0.1);
    let (clipped, clipped_norm) = run(Some(0.1));
    assert!((clipped_norm - 0.1).abs() < 1e-6, "{clipped_norm}");
    let expected: Vec<f64> = free.iter().map(|&x| f64::from(x) * 0.1 / norm).collect();
    assert_close(&clipped, &expected, 1e-6);
    let (loose, _) = run(Some(1e6));
    assert_eq!(loose, free);
}
