//! Activations of a block of rows, forward with the bias and backward. Throughput in elements.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use latentia_benches::{BLOCK_ROWS, PIXELS, matrix};
use latentia_nn::Activation;
use latentia_testing::numbers;

fn elementwise(c: &mut Criterion) {
    let size = format!("{BLOCK_ROWS}x{PIXELS}");
    let (x, dy) = (matrix(1, BLOCK_ROWS, PIXELS), matrix(2, BLOCK_ROWS, PIXELS));
    let bias = numbers(3, PIXELS);
    let mut group = c.benchmark_group("elementwise");
    group.throughput(Throughput::Elements(x.as_slice().len() as u64));
    for (name, activation) in [
        ("sigmoid", Activation::Sigmoid),
        ("tanh", Activation::Tanh),
        ("gelu", Activation::Gelu),
    ] {
        let mut z = matrix(4, BLOCK_ROWS, activation.saved(PIXELS));
        // In place: without fresh values, the repeated function would be measured at its fixed point.
        group.bench_function(format!("{name}/forward/{size}"), |b| {
            b.iter_batched_ref(
                || x.clone(),
                |y| activation.forward(y.view_mut(), &bias, z.view_mut()),
                BatchSize::PerIteration,
            );
        });
        let mut y = x.clone();
        activation.forward(y.view_mut(), &bias, z.view_mut());
        group.bench_function(format!("{name}/backward/{size}"), |b| {
            b.iter_batched_ref(
                || dy.clone(),
                |dy| activation.backward(dy.view_mut(), y.view(), z.view()),
                BatchSize::PerIteration,
            );
        });
    }
}

criterion_group!(benches, elementwise);
criterion_main!(benches);
