//! Four presets in burn, by its backend Flex, to compare epochs with: `mnist`, `compression`, `vae-20`, `tiny`.
//!
//! An epoch is all examples in a new order, the short batch last. Seconds are those of training: order and steps,
//! without reading. Prints one JSON object. The numbers of `tiny` are uniform, but not those of the other peers.
//!
//! ```text
//! burn-works WORK FOLDER [--epochs N]     FOLDER holds `train-images-idx3-ubyte.gz` of MNIST
//! ```

#[path = "../../works.rs"]
mod works;

use std::error::Error;
use std::time::Instant;

use burn::module::Param;
use burn::nn::loss::{MseLoss, Reduction};
use burn::nn::{Initializer, Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::activation::{relu, sigmoid};
use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};
use rand::seq::SliceRandom;

const LEARNING_RATE: f64 = 1e-3;

/// A chain of dense layers, with ReLU between them.
fn dense(layers: &[Linear], x: Tensor<2>) -> Tensor<2> {
    let mut x = layers[0].forward(x);
    for layer in &layers[1..] {
        x = layer.forward(relu(x));
    }
    x
}

/// Of logits; `BinaryCrossEntropyLoss` takes targets that are integers.
fn cross_entropy(logits: Tensor<2>, x: Tensor<2>) -> Tensor<2> {
    let softplus = logits.clone().abs().neg().exp().log1p();
    relu(logits.clone()) - logits * x + softplus
}

fn bce(layers: &[Linear], x: Tensor<2>) -> Tensor<1> {
    cross_entropy(dense(layers, x.clone()), x).mean()
}

fn mse(layers: &[Linear], x: Tensor<2>) -> Tensor<1> {
    let outputs = sigmoid(dense(layers, x.clone()));
    MseLoss::new().forward(outputs, x, Reduction::Mean)
}

/// The negative bound, per example: 784-400, Gaussian code of 20, 400-784.
fn elbo(layers: &[Linear], x: Tensor<2>) -> Tensor<1> {
    let examples = x.dims()[0] as f64;
    let mut code = dense(&layers[..2], x.clone()).chunk(2, 1).into_iter();
    let (Some(mean), Some(log_variance)) = (code.next(), code.next()) else {
        unreachable!("a code has two halves");
    };
    let noise = mean.random_like(Distribution::Normal(0.0, 1.0));
    let code = mean.clone() + (log_variance.clone() / 2.0).exp() * noise;
    let likelihood = cross_entropy(dense(&layers[2..], code), x).sum();
    let divergence = (log_variance.clone().exp() + mean.square() - log_variance - 1.0).sum();
    (likelihood + divergence * 0.5) / examples
}

/// The layers that the work begins with.
fn start(name: &str, shapes: &[(usize, usize)], examples: &Tensor<2>) -> Vec<Linear> {
    let device = examples.device();
    let layer = |(number, &(inputs, outputs)): (usize, &(usize, usize))| {
        let glorot = Initializer::XavierUniform { gain: 1.0 };
        let config = LinearConfig::new(inputs, outputs).with_initializer(glorot);
        let mut bias = Tensor::<1>::zeros([outputs], &device);
        if name == "compression" && number + 1 == shapes.len() {
            let mean = examples.clone().mean_dim(0).clamp(1e-3, 1.0 - 1e-3);
            let odds = mean.clone() / (-mean + 1.0);
            bias = odds.log().squeeze_dim(0);
        }
        Linear {
            bias: Some(Param::from_tensor(bias)),
            ..config.init(&device)
        }
    };
    shapes.iter().enumerate().map(layer).collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let losses: [fn(&[Linear], Tensor<2>) -> _; 3] = [bce, mse, elbo];
    let work = works::asked_for("burn-works", losses)?;
    let device = Device::flex().autodiff();
    let examples = match work.pixels()? {
        Some(pixels) => {
            let count = pixels.len() / 784;
            Tensor::<2>::from_data(TensorData::new(pixels, [count, 784]), &device)
        }
        None => Tensor::<2>::random([100, 10], Distribution::Uniform(0.0, 1.0), &device),
    };
    let mut layers = start(&work.name, work.shapes, &examples);
    let mut optimizer = AdamConfig::new().with_epsilon(work.epsilon as f32).init();
    let mut order: Vec<i32> = (0..examples.dims()[0] as i32).collect();
    let (mut seconds, mut mean) = (Vec::new(), 0.0);
    for _ in 0..work.epochs {
        let begin = Instant::now();
        order.shuffle(&mut rand::rng());
        let mut total = 0.0;
        for indices in order.chunks(work.batch) {
            let rows = Tensor::<1, Int>::from_data(indices, &device);
            let value = (work.loss)(&layers, examples.clone().select(0, rows));
            let gradients = GradientsParams::from_grads(value.backward(), &layers);
            layers = optimizer.step(LEARNING_RATE, layers, gradients);
            total += indices.len() as f64 * f64::from(value.into_scalar::<f32>());
        }
        mean = total / order.len() as f64;
        seconds.push(begin.elapsed().as_secs_f64());
    }
    let library = concat!("burn ", env!("CARGO_PKG_VERSION"));
    println!("{}", works::report(library, &seconds, mean)?);
    Ok(())
}
