//! Four presets in candle, to compare epochs with: `mnist`, `compression`, `vae-20`, `tiny`.
//!
//! An epoch is all examples in a new order, the short batch last. Seconds are those of training: order and steps,
//! without reading. Prints one JSON object. The numbers of `tiny` are uniform, but not those of the other peers.
//!
//! ```text
//! candle-works WORK FOLDER [--epochs N]     FOLDER holds `train-images-idx3-ubyte.gz` of MNIST
//! ```

use std::error::Error;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::time::Instant;
use std::{env, process};

use candle_core::{D, Device, Result, Tensor, Var};
use candle_nn::ops::sigmoid;
use candle_nn::{AdamW, Linear, Module, Optimizer, ParamsAdamW};
use flate2::read::GzDecoder;
use rand::seq::SliceRandom;

const CPU: &Device = &Device::Cpu;

/// Loss, shapes of the weights, batch, epsilon of Adam.
struct Work {
    loss: fn(&[Linear], &Tensor) -> Result<Tensor>,
    shapes: &'static [(usize, usize)],
    batch: usize,
    epsilon: f64,
}

fn work(name: &str) -> Option<Work> {
    let (loss, shapes, batch, epsilon): (fn(&[Linear], &Tensor) -> _, &[_], _, _) = match name {
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
fn dense(layers: &[Linear], x: &Tensor) -> Result<Tensor> {
    let mut x = layers[0].forward(x)?;
    for layer in &layers[1..] {
        x = layer.forward(&x.relu()?)?;
    }
    Ok(x)
}

/// Of logits, where `candle_nn::loss` takes the logarithm of a sigmoid that may be 0.
fn cross_entropy(logits: &Tensor, x: &Tensor) -> Result<Tensor> {
    let softplus = (logits.abs()?.neg()?.exp()? + 1.0)?.log()?;
    (logits.relu()? - (logits * x)?)? + softplus
}

fn bce(layers: &[Linear], x: &Tensor) -> Result<Tensor> {
    cross_entropy(&dense(layers, x)?, x)?.mean_all()
}

fn mse(layers: &[Linear], x: &Tensor) -> Result<Tensor> {
    candle_nn::loss::mse(&sigmoid(&dense(layers, x)?)?, x)
}

/// The negative bound, per example: 784-400, Gaussian code of 20, 400-784.
fn elbo(layers: &[Linear], x: &Tensor) -> Result<Tensor> {
    let code = dense(&layers[..2], x)?.chunk(2, D::Minus1)?;
    let (mean, log_variance) = (&code[0], &code[1]);
    let noise = mean.randn_like(0.0, 1.0)?;
    let code = (mean + ((log_variance / 2.0)?.exp()? * noise)?)?;
    let likelihood = cross_entropy(&dense(&layers[2..], &code)?, x)?.sum_all()?;
    let divergence = (((log_variance.exp()? + mean.sqr()?)? - log_variance)? - 1.0)?.sum_all()?;
    (likelihood + (divergence * 0.5)?)? / x.dim(0)? as f64
}

/// The layers that the work begins with, and their variables.
fn start(
    name: &str,
    shapes: &[(usize, usize)],
    examples: &Tensor,
) -> Result<(Vec<Linear>, Vec<Var>)> {
    let (mut layers, mut variables) = (Vec::new(), Vec::new());
    for (number, &(inputs, outputs)) in shapes.iter().enumerate() {
        let limit = (6.0 / (inputs + outputs) as f32).sqrt();
        let weight = Var::rand(-limit, limit, (outputs, inputs), CPU)?;
        let mut bias = Tensor::zeros(outputs, weight.dtype(), CPU)?;
        if name == "compression" && number + 1 == shapes.len() {
            let mean = examples.mean(0)?.clamp(1e-3, 1.0 - 1e-3)?;
            bias = (&mean / mean.affine(-1.0, 1.0)?)?.log()?;
        }
        let bias = Var::from_tensor(&bias)?;
        layers.push(Linear::new(
            weight.as_tensor().clone(),
            Some(bias.as_tensor().clone()),
        ));
        variables.extend([weight, bias]);
    }
    Ok((layers, variables))
}

fn read(name: &str, folder: &Path) -> std::result::Result<Tensor, Box<dyn Error>> {
    if name == "tiny" {
        return Ok(Tensor::rand(0f32, 1.0, (100, 10), CPU)?);
    }
    let mut bytes = Vec::new();
    GzDecoder::new(File::open(folder.join("train-images-idx3-ubyte.gz"))?)
        .read_to_end(&mut bytes)?;
    let pixels: Vec<f32> = bytes[16..]
        .iter()
        .map(|&pixel| f32::from(pixel) / 255.0)
        .collect();
    let count = pixels.len() / 784;
    Ok(Tensor::from_vec(pixels, (count, 784), CPU)?)
}

fn peak_bytes() -> std::result::Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
}

fn main() -> std::result::Result<(), Box<dyn Error>> {
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
        eprintln!("usage: candle-works mnist|compression|vae-20|tiny FOLDER [--epochs N]");
        process::exit(2);
    };

    let examples = read(name, Path::new(folder))?;
    let (layers, variables) = start(name, shapes, &examples)?;
    // Adam is AdamW without decay.
    let adam = ParamsAdamW {
        lr: 1e-3,
        eps: epsilon,
        weight_decay: 0.0,
        ..Default::default()
    };
    let mut optimizer = AdamW::new(variables, adam)?;
    let mut order: Vec<u32> = (0..examples.dim(0)? as u32).collect();
    let (mut seconds, mut mean) = (Vec::new(), 0.0);
    for _ in 0..epochs {
        let begin = Instant::now();
        order.shuffle(&mut rand::rng());
        let mut total = 0.0;
        for indices in order.chunks(batch) {
            let x = examples.index_select(&Tensor::new(indices, CPU)?, 0)?;
            let value = loss(&layers, &x)?;
            optimizer.backward_step(&value)?;
            total += indices.len() as f64 * f64::from(value.to_scalar::<f32>()?);
        }
        mean = total / order.len() as f64;
        seconds.push(begin.elapsed().as_secs_f64());
    }
    let (version, peak) = (env!("CARGO_PKG_VERSION"), peak_bytes()?);
    println!(
        r#"{{"version": "candle {version}", "epoch_seconds": {seconds:?}, "train_loss": {mean:?}, "peak_bytes": {peak}}}"#
    );
    Ok(())
}
