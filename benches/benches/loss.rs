//! Losses of a block of rows, with their gradients. Throughput in numbers.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use latentia_benches::{BLOCK_ROWS, PIXELS, examples, matrix};
use latentia_tensor::loss::{
    self, beta_binomial, binary_cross_entropy, discretised_logistic, gaussian_learned_scale,
    gaussian_shared_scale, squared_error,
};
use latentia_tensor::{Matrix, MatrixMut, MatrixRef};

type Loss = fn(MatrixRef<'_>, MatrixRef<'_>, f32, &mut [f64], Option<MatrixMut<'_>>);

fn loss(c: &mut Criterion) {
    let images = examples("mnist-mini");
    let mut losses = [0.0; BLOCK_ROWS];
    let mut group = c.benchmark_group("loss");
    group.throughput(Throughput::Elements((BLOCK_ROWS * PIXELS) as u64));
    for (name, loss, width) in [
        ("squared_error", squared_error as Loss, PIXELS),
        ("binary_cross_entropy", binary_cross_entropy, PIXELS),
        ("gaussian_shared_scale", gaussian_shared_scale, PIXELS + 1),
        ("gaussian_learned_scale", gaussian_learned_scale, 2 * PIXELS),
        ("discretised_logistic", discretised_logistic, 2 * PIXELS),
        ("beta_binomial", beta_binomial, 2 * PIXELS),
    ] {
        let outputs = matrix(1, BLOCK_ROWS, width);
        let mut gradient = Matrix::zeros(BLOCK_ROWS, width);
        group.bench_function(format!("{name}/{BLOCK_ROWS}x{PIXELS}"), |b| {
            b.iter(|| {
                let targets = images.top(BLOCK_ROWS);
                let gradient = Some(gradient.view_mut());
                loss(outputs.view(), targets, 1e-3, &mut losses, gradient);
            });
        });
    }
}

/// Means of distributions over 8-bit values.
fn mean(c: &mut Criterion) {
    let outputs = matrix(1, BLOCK_ROWS, 2 * PIXELS);
    let mut means = Matrix::zeros(BLOCK_ROWS, PIXELS);
    let mut group = c.benchmark_group("mean");
    group.throughput(Throughput::Elements((BLOCK_ROWS * PIXELS) as u64));
    for (name, mean) in [
        (
            "discretised_logistic",
            loss::discretised_logistic::mean as fn(_, MatrixMut<'_>),
        ),
        ("beta_binomial", loss::beta_binomial::mean),
    ] {
        group.bench_function(format!("{name}/{BLOCK_ROWS}x{PIXELS}"), |b| {
            b.iter(|| mean(outputs.view(), means.view_mut()));
        });
    }
}

criterion_group!(benches, loss, mean);
criterion_main!(benches);
