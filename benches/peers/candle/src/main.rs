//! Four presets in candle, to compare epochs with: `mnist`, `compression`, `vae-20`, `tiny`.
//!
//! An epoch is all examples in a new order, the short batch last. Seconds are those of training: order and steps,
//! without reading. Prints one JSON object. The numbers of `tiny` are uniform, but not those of the other peers.
//!
//! ```text
//! candle-works WORK FOLDER [--epochs N]     FOLDER holds `train-images-idx3-ubyte.gz` of MNIST
//! ```

#[path = "../../works.rs"]
mod works;

use std::error::Error;
use std::time::Instant;

use candle_core::{D, Device, Result, Tensor, Var};
use candle_nn::ops::sigmoid;
use candle_nn::{AdamW, Linear, Module, Optimizer, ParamsAdamW};
use rand::seq::SliceRandom;

const CPU: &Device = &Device::Cpu;

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

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let losses: [fn(&[Linear], &Tensor) -> _; 3] = [bce, mse, elbo];
    let work = works::asked_for("candle-works", losses)?;
    let examples = match work.pixels()? {
        Some(pixels) => {
            let count = pixels.len() / 784;
            Tensor::from_vec(pixels, (count, 784), CPU)?
        }
        None => Tensor::rand(0f32, 1.0, (100, 10), CPU)?,
    };
    let (layers, variables) = start(&work.name, work.shapes, &examples)?;
    // Adam is AdamW without decay.
    let adam = ParamsAdamW {
        lr: 1e-3,
        eps: work.epsilon,
        weight_decay: 0.0,
        ..Default::default()
    };
    let mut optimizer = AdamW::new(variables, adam)?;
    let mut order: Vec<u32> = (0..examples.dim(0)? as u32).collect();
    let (mut seconds, mut mean) = (Vec::new(), 0.0);
    for _ in 0..work.epochs {
        let begin = Instant::now();
        order.shuffle(&mut rand::rng());
        let mut total = 0.0;
        for indices in order.chunks(work.batch) {
            let x = examples.index_select(&Tensor::new(indices, CPU)?, 0)?;
            let value = (work.loss)(&layers, &x)?;
            optimizer.backward_step(&value)?;
            total += indices.len() as f64 * f64::from(value.to_scalar::<f32>()?);
        }
        mean = total / order.len() as f64;
        seconds.push(begin.elapsed().as_secs_f64());
    }
    let library = concat!("candle ", env!("CARGO_PKG_VERSION"));
    println!("{}", works::report(library, &seconds, mean)?);
    Ok(())
}
