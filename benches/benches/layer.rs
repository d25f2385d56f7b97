//! The dense layer on a block of rows: forward, backward to its input, gradient of its weight. Throughput in flops of
//! the product inside.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use latentia_benches::{BLOCK_ROWS, HIDDEN, PIXELS, dense, matrix};
use latentia_nn::{Activation, BackwardMemory, Chain, ForwardMemory, Mode, Pass, Trace};
use latentia_tensor::{Accumulate, Matrix};

fn layer(c: &mut Criterion) {
    let mut group = c.benchmark_group("layer");
    let rows = BLOCK_ROWS;
    for (inputs, outputs) in [(PIXELS, HIDDEN), (HIDDEN, PIXELS)] {
        let size = format!("{rows}x{inputs}x{outputs}");
        group.throughput(Throughput::Elements(2 * (rows * inputs * outputs) as u64));

        let chain =
            Chain::new(vec![dense(inputs, outputs, Activation::Relu)], 1).expect("layers that fit");
        let (layer, parameters) = (&chain.layers()[0], chain.parameters());
        let pass = Pass::new(Mode::Eval);
        let x = matrix(1, rows, inputs);
        let (mut y, mut saved) = (Matrix::zeros(rows, outputs), Matrix::zeros(rows, 0));
        group.bench_function(format!("dense/forward/{size}"), |b| {
            b.iter(|| {
                let memory = ForwardMemory {
                    saved: saved.view_mut(),
                    workspace: &mut [],
                };
                layer.forward(parameters, pass, x.view(), y.view_mut(), memory);
            });
        });

        let trace = Trace::new(x.view(), y.view(), saved.view());
        let (mut dy, mut dx) = (matrix(2, rows, outputs), Matrix::zeros(rows, inputs));
        group.bench_function(format!("dense/backward/{size}"), |b| {
            b.iter(|| {
                let (dy, dx) = (dy.view_mut(), Some(dx.view_mut()));
                let memory = BackwardMemory {
                    partial_sums: None,
                    workspace: &mut [],
                };
                layer.backward(parameters, trace, dy, dx, memory);
            });
        });

        let mut out = Matrix::zeros(inputs, outputs);
        group.bench_function(format!("dense/gradient/{size}"), |b| {
            b.iter(|| {
                layer.gradient(
                    0,
                    0..inputs,
                    trace,
                    dy.view(),
                    Accumulate::Replace,
                    out.view_mut(),
                );
            });
        });
    }
}

criterion_group!(benches, layer);
criterion_main!(benches);
