//! Layers, examples and a step after one batch, for all tests.

use latentia_nn::layers::{Dense, Dropout};
use latentia_nn::{
    Activation, Chain, Initializer, Layer, LikelihoodSpec, Optimizer, Shape, Step, StepOptions,
};
use latentia_tensor::Matrix;
use latentia_testing::numbers;

pub fn dense(inputs: usize, outputs: usize, activation: Activation) -> Box<dyn Layer> {
    Box::new(Dense::new(inputs, outputs, activation, Initializer::Glorot))
}

pub fn options(likelihood: LikelihoodSpec, optimizer: Optimizer) -> StepOptions {
    StepOptions {
        objective: likelihood.into(),
        optimizer,
        clip_norm: None,
        seed: 5,
        frozen: Vec::new(),
    }
}

pub fn examples(rows: usize, cols: usize) -> Matrix {
    let data = numbers(9, rows * cols)
        .iter()
        .map(|x| 0.5 + 0.5 * x)
        .collect();
    Matrix::from_vec(rows, cols, data)
}

pub fn values(chain: &Chain) -> Vec<Matrix> {
    chain.parameters().iter().map(|p| p.value.clone()).collect()
}

/// A chain of four and its step after one batch of healthy examples.
pub fn after_one_step() -> (Chain, Step) {
    let layers = vec![
        dense(4, 3, Activation::Relu),
        Box::new(Dropout::new(Shape::Flat(3), 0.0)) as Box<dyn Layer>,
        dense(3, 4, Activation::Linear),
    ];
    let mut chain = Chain::new(layers, 1).expect("layers that fit");
    let mut step = Step::new(
        &chain,
        100,
        options(LikelihoodSpec::Mse, Optimizer::default()),
    );
    let indices: Vec<u32> = (0..100).collect();
    step.run(&mut chain, &examples(100, 4), &indices, 0.01.into())
        .expect("in memory");
    (chain, step)
}
