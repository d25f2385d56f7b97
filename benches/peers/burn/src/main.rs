//! Four presets in burn, by its backend Flex, to compare epochs with: `mnist`, `compression`, `vae-20`, `tiny`.
//!
//! An epoch is all examples in a new order, the short batch last. Seconds are those of training: order and steps,
//! without reading. Prints one JSON object. The numbers of `tiny` are uniform, but not those of the other peers.
//!
//! ```text
//! burn-works WORK FOLDER [--epochs N]     FOLDER holds `train-images-idx3-ubyte.gz` of MNIST
//! ```

use std::error::Error;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::time::Instant;
use std::{env, process};

use burn::module::Param;
use burn::nn::loss::{MseLoss, Reduction};
use burn::nn::{Initializer, Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::activation::{relu, sigmoid};
use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};
use flate2::read::GzDecoder;
use rand::seq::SliceRandom;

const LEARNING_RATE: f64 = 1e-3;

/// Loss, shapes of the weights, batch, epsilon of Adam.
struct Work {
    loss: fn(&[Linear], Tensor<2>) -> Tensor<1>,
    shapes: &'static [(usize, usize)],
    batch: usize,
    epsilon: f32,
}

fn work(name: &str) -> Option<Work> {
    let (loss, shapes, batch, epsilon): (fn(&[Linear], Tensor<2>) -> _, &[_], _, _) = match name {
        "mnist" => (bce, &[(784, 256), (256, 784)], 256, 1e-7),
        "compression" => (
            mse,
            &[(784, 64), (64, 32), (32, 32), (32, 64), (64, 784)],
            256,
            1e-7,
        ),
        "vae-20" => (
            elbo,
            &[(784, 400), (400, 40), (20, 400), (400, 784)],
            128,
            1e-8,
        ),
        "tiny" => (mse, &[(10, 5), (5, 5), (5, 5), (5, 10)], 1, 1e-7),
        _ => return None,
    };
    Some(Work {
        loss,
        shapes,
        batch,
        epsilon,
    })
}

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

fn read(name: &str, folder: &Path, device: &Device) -> Result<Tensor<2>, Box<dyn Error>> {
    if name == "tiny" {
        let uniform = Distribution::Uniform(0.0, 1.0);
        return Ok(Tensor::random([100, 10], uniform, device));
    }
    let mut bytes = Vec::new();
    GzDecoder::new(File::open(folder.join("train-images-idx3-ubyte.gz"))?)
        .read_to_end(&mut bytes)?;
    let pixels: Vec<f32> = bytes[16..]
        .iter()
        .map(|&pixel| f32::from(pixel) / 255.0)
        .collect();
    let count = pixels.len() / 784;
    Ok(Tensor::from_data(
        TensorData::new(pixels, [count, 784]),
        device,
    ))
}

fn peak_bytes() -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (name, folder, epochs) = match arguments[..] {
        [name, folder] => (name, folder, 7),
        [name, folder, "--epochs", epochs] => (name, folder, epochs.parse()?),
        _ => ("", "", 0),
    };
    let Some(Work {
        loss,
        shapes,
        batch,
        epsilon,
    }) = work(name)
    else {
        eprintln!("usage: burn-works mnist|compression|vae-20|tiny FOLDER [--epochs N]");
        process::exit(2);
    };

    let device = Device::flex().autodiff();
    let examples = read(name, Path::new(folder), &device)?;
    let mut layers = start(name, shapes, &examples);
    let mut optimizer = AdamConfig::new().with_epsilon(epsilon).init();
    let mut order: Vec<i32> = (0..examples.dims()[0] as i32).collect();
    let (mut seconds, mut mean) = (Vec::new(), 0.0);
    for _ in 0..epochs {
        let begin = Instant::now();
        order.shuffle(&mut rand::rng());
        let mut total = 0.0;
        for indices in order.chunks(batch) {
            let rows = Tensor::<1, Int>::from_data(indices, &device);
            let value = loss(&layers, examples.clone().select(0, rows));
            let gradients = GradientsParams::from_grads(value.backward(), &layers);
            layers = optimizer.step(LEARNING_RATE, layers, gradients);
            total += indices.len() as f64 * f64::from(value.into_scalar::<f32>());
        }
        mean = total / order.len() as f64;
        seconds.push(begin.elapsed().as_secs_f64());
    }
    let (version, peak) = (env!("CARGO_PKG_VERSION"), peak_bytes()?);
    println!(
        r#"{{"version": "burn {version}", "epoch_seconds": {seconds:?}, "train_loss": {mean:?}, "peak_bytes": {peak}}}"#
    );
    Ok(())
}
