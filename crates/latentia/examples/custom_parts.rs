//! A model of one's own parts: a layer, a likelihood and a penalty that the library does not have. They are checked against finite
//! differences, trained, saved, and loaded again.
//!
//! Run it with `cargo run --release --example custom_parts -p latentia`.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::ops::Range;
use std::sync::Arc;

use latentia::models::{GraphRows, Parts, Registry};
use latentia::nn::gradient_check::GradientCheck;
use latentia::nn::graph::{Graph, Undescribed, Value};
use latentia::nn::layers::Dense;
use latentia::nn::*;
use latentia::tensor::{Accumulate, Matrix, MatrixMut, MatrixRef, Noise, add_column_sums};
use latentia::{Autoencoder, ModelError, ModelFile, TrainingSpec};

/// `y = s + x`, with a learned shift `s` for each element.
#[derive(Debug)]
struct Offset(usize);

#[rustfmt::skip]
impl Layer for Offset {
    fn name(&self) -> String { "offset".into() }
    fn inputs(&self) -> usize { self.0 }
    fn output(&self) -> Shape { Shape::Flat(self.0) }
    fn parameters(&self) -> Vec<ParameterSpec> {
        let shape = [1, self.0];
        vec![ParameterSpec::new(ParameterRole::Shift, "offset", shape, Initializer::Zeros)]
    }
    fn forward(&self, own: &[Parameter], _: Pass<'_>, x: MatrixRef<'_>, mut y: MatrixMut<'_>, _: ForwardMemory<'_>) {
        for (y, x) in y.iter_rows_mut().zip(x.iter_rows()) {
            let elements = y.iter_mut().zip(x).zip(own[0].value.as_slice());
            elements.for_each(|((y, x), s)| *y = x + s);
        }
    }
    fn backward(&self, _: &[Parameter], _: Trace<'_>, dy: MatrixMut<'_>, dx: Option<MatrixMut<'_>>, _: BackwardMemory<'_>) {
        if let Some(mut dx) = dx {
            dx.as_mut_slice().copy_from_slice(dy.as_ref().span());
        }
    }
    fn gradient(&self, _: usize, _: Range<usize>, _: Trace<'_>, dy: MatrixRef<'_>, accumulate: Accumulate, mut out: MatrixMut<'_>) {
        if accumulate == Accumulate::Replace {
            out.as_mut_slice().fill(0.0);
        }
        add_column_sums(out.as_mut_slice(), dy);
    }
    /// For other programs.
    fn describe(&self, graph: &mut Graph, own: &[Parameter], inputs: &[Value]) -> Result<Value, Undescribed> {
        let (x, offset) = (graph.flat(inputs[0]), own[0].describe(graph, &[self.0]));
        Ok(graph.add(x, offset))
    }
}

/// A Laplace distribution of unit scale: `Σ |o - t| + n ln 2`, in nats.
#[derive(Debug)]
struct Laplace;

#[rustfmt::skip]
impl Likelihood for Laplace {
    fn name(&self) -> &'static str { "laplace" }
    fn compute(&self, outputs: MatrixRef<'_>, targets: MatrixRef<'_>, scale: f32, losses: &mut [f64], gradient: Option<MatrixMut<'_>>, _workspace: &mut Vec<f32>) {
        for ((o, t), loss) in outputs.iter_rows().zip(targets.iter_rows()).zip(losses) {
            let errors = o.iter().zip(t).map(|(o, t)| f64::from((o - t).abs()));
            *loss = errors.sum::<f64>() + o.len() as f64 * std::f64::consts::LN_2;
        }
        if let Some(mut gradient) = gradient {
            let elements = gradient.as_mut_slice().iter_mut().zip(outputs.span().iter().zip(targets.span()));
            elements.for_each(|(g, (o, t))| *g = scale * (o - t).signum());
        }
    }
    fn mean(&self, outputs: MatrixRef<'_>, mut mean: MatrixMut<'_>) {
        mean.as_mut_slice().copy_from_slice(outputs.span());
    }
    /// By the inverse of the distribution function, at `u` uniform in `[0, 1)`.
    fn sample(&self, outputs: MatrixRef<'_>, noise: Noise, first_row: u32, mut out: MatrixMut<'_>) {
        for (row, (out, o)) in (first_row..).zip(out.iter_rows_mut().zip(outputs.iter_rows())) {
            noise.uniform(row, out);
            let draw = |u: f32| (0.5 - u).signum() * (1.0 - (2.0 * u - 1.0).abs()).max(1e-7).ln();
            out.iter_mut().zip(o).for_each(|(x, o)| *x = o + draw(*x));
        }
    }
    fn describe_mean(&self, _: &mut Graph, outputs: Value, _n: usize) -> Result<Value, Undescribed> { Ok(outputs) }
}

/// `λ ½ Σ z²` of a code, mean over examples.
#[derive(Debug)]
struct Squares(f32);

#[rustfmt::skip]
impl Penalty for Squares {
    fn name(&self) -> &'static str { "squares" }
    fn apply(&self, codes: Codes<'_>, context: PenaltyContext, gradients: Option<CodeGradients<'_>>, _: &mut Vec<f32>) -> f64 {
        let weight = self.0 * (context.share / codes.codes.rows() as f64) as f32;
        if let Some(mut gradients) = gradients {
            let elements = gradients.codes.as_mut_slice().iter_mut().zip(codes.codes.span());
            elements.for_each(|(g, z)| *g += weight * z);
        }
        codes.codes.span().iter().map(|&z| f64::from(0.5 * weight * z * z)).sum()
    }
}

fn dense(inputs: usize, outputs: usize, activation: Activation) -> Box<dyn Layer> {
    let glorot = Initializer::Glorot;
    Box::new(Dense::new(inputs, outputs, activation, glorot))
}

/// The model, with a code of `code` elements.
fn build(shape: &[usize], code: usize) -> Result<Autoencoder, ModelError> {
    let width = shape.iter().product();
    let (hidden, linear) = (Activation::Tanh, Activation::Linear);
    let to_output = dense(16, width, linear);
    let parts = Parts {
        encoder: vec![dense(width, 16, hidden), dense(16, code, linear)],
        decoder: vec![dense(code, 16, hidden), to_output, Box::new(Offset(width))],
        likelihood: Arc::new(Laplace),
        penalties: vec![Arc::new(Squares(0.01))],
        ..Parts::default()
    };
    Autoencoder::from_parts(parts, shape, 42)?.described_as("offset-laplace", &code)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (check, layer) = (GradientCheck::default(), dense(6, 3, Activation::Tanh));
    println!("{}", check.layer(Offset(5))?);
    println!("{}", check.likelihood(&Laplace, 5)?);
    println!("{}", check.penalty(Arc::new(Squares(0.5)), layer)?);

    let point = |i: u32| [1.0, 2.0, 3.0].map(|k| (k * i as f32 / 100.0).sin());
    let points = Matrix::from_vec(600, 3, (0..600).flat_map(point).collect());
    let mut model = build(&[3], 1)?;
    let spec = TrainingSpec {
        learning_rate: 0.005,
        batch_size: 32,
        ..TrainingSpec::default()
    };
    let fitted = model.fit(&points, &spec, 42)?;
    for epoch in fitted.history.iter().step_by(20) {
        println!("epoch {}: {:.3} nats", epoch.epoch, epoch.train_loss);
    }

    let provenance = fitted.provenance("own parts", "a curve", "");
    let file = ModelFile::to_bytes(&model, &provenance, &[])?;
    // Whoever does not know the parts is told so.
    println!("{}", ModelFile::from_bytes(&file).expect_err("own parts"));
    let registry = Registry::new().with("offset-laplace", build);
    let loaded = ModelFile::from_bytes_with(&file, &registry)?.model;
    assert_eq!(loaded.encode(&points)?, model.encode(&points)?);
    // What the crate `latentia-onnx` writes.
    let graph = loaded.reconstruction_graph(GraphRows::Whole)?;
    println!("{} operations in another program", graph.nodes().len());
    Ok(())
}
