//! Ten steps of Adam against Keras: same weights, same batches, same losses. `golden/make.py` makes the values.

use latentia_data::{Locations, load};
use latentia_nn::{
    Activation, Chain, Dense, Initializer, Layer, Likelihood, Optimizer, Step, StepOptions,
};
use latentia_tensor::{Matrix, Rows, map_in_place};
use latentia_testing::assert_close;
use safetensors::SafeTensors;

const BATCH: usize = 64;

/// The first `rows` training images of `mnist-mini`, divided by 255.
fn images(rows: usize) -> Matrix {
    let source = load("mnist-mini", &Locations::new(None)).expect("embedded");
    let mut images = Matrix::zeros(rows, source.train.cols());
    let indices: Vec<u32> = (0..rows as u32).collect();
    let read = source.train.read(&indices, images.view_mut());
    read.expect("in memory");
    map_in_place(images.as_mut_slice(), |x| x / 255.0);
    images
}

fn numbers(golden: &SafeTensors<'_>, name: &str) -> Vec<f32> {
    let tensor = golden.tensor(name).expect("stored");
    let (numbers, _) = tensor.data().as_chunks();
    numbers.iter().map(|&x| f32::from_le_bytes(x)).collect()
}

/// Layers of the given widths, ReLU inside and `last` at the end, against the values in `golden`.
fn check(golden: &[u8], widths: &[usize], last: Activation, likelihood: Likelihood) {
    let golden = SafeTensors::deserialize(golden).expect("golden values");
    let activation = |layer: usize| match layer + 2 == widths.len() {
        true => last,
        false => Activation::Relu,
    };
    let dense = |(layer, width): (usize, &[usize])| -> Box<dyn Layer> {
        let [inputs, outputs] = [width[0], width[1]];
        Box::new(Dense::new(
            inputs,
            outputs,
            activation(layer),
            Initializer::Zeros,
        ))
    };
    let mut chain = Chain::new(widths.windows(2).enumerate().map(dense).collect(), 1);
    for (i, parameter) in chain.parameters_mut().iter_mut().enumerate() {
        let stored = numbers(&golden, &format!("{}.{}", i / 2, parameter.name));
        parameter.value.as_mut_slice().copy_from_slice(&stored);
    }
    let options = StepOptions {
        objective: likelihood.into(),
        optimizer: Optimizer::default(),
        clip_norm: None,
        seed: 1,
    };
    let mut step = Step::new(&chain, BATCH, options);

    let expected = numbers(&golden, "losses");
    let examples = images(expected.len() * BATCH);
    let indices: Vec<u32> = (0..examples.rows() as u32).collect();
    for (i, (batch, &expected)) in indices.chunks(BATCH).zip(&expected).enumerate() {
        let loss = step.run(&mut chain, &examples, batch, 1e-3.into());
        let (loss, expected) = (loss.expect("in memory"), f64::from(expected));
        assert!(
            (loss - expected).abs() <= 1e-5 * expected,
            "step {i}: {loss}, expected {expected}"
        );
    }

    let bias = &chain.parameters().last().expect("a layer").value;
    let expected: Vec<f64> = numbers(&golden, "last_bias")
        .iter()
        .map(|&x| x.into())
        .collect();
    assert_close(bias.as_slice(), &expected, 1e-4);
}

#[test]
fn cross_entropy_on_logits_trains_as_in_keras() {
    let golden = include_bytes!("golden/bce.safetensors");
    check(golden, &[784, 24, 784], Activation::Linear, Likelihood::Bce);
}

#[test]
fn squared_error_after_a_sigmoid_trains_as_in_keras() {
    let golden = include_bytes!("golden/mse.safetensors");
    check(
        golden,
        &[784, 16, 8, 16, 784],
        Activation::Sigmoid,
        Likelihood::Mse,
    );
}
