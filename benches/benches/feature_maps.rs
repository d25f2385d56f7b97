//! Convolutions, in the sizes of the presets `conv` and `conv-vae`, and pooling. Throughput in flops of the windows, or in
//! elements.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use latentia_benches::matrix;
use latentia_tensor::{Convolution, Matrix, Pooling, Window};

/// Examples in a block.
const ROWS: usize = 16;

fn convolution(c: &mut Criterion) {
    let mut group = c.benchmark_group("convolution");
    for ([inputs, size], outputs, stride) in [
        ([1, 28], 16, 1),
        ([16, 14], 8, 1),
        ([8, 7], 8, 1),
        ([16, 28], 1, 1),
        ([1, 28], 32, 2),
        ([32, 14], 64, 2),
        ([32, 28], 64, 2),
        ([64, 16], 64, 1),
    ] {
        let window = Window {
            padding: [[1; 2]; 2],
            ..Window::square(3, stride)
        };
        let convolution = Convolution::new([inputs, size, size], outputs, window).expect("it fits");
        let width = convolution.output().iter().product();
        let x = matrix(1, ROWS, inputs * size * size);
        let mut y = matrix(2, ROWS, width);
        let dy = y.clone();
        let mut dx = Matrix::zeros(ROWS, x.cols());
        let [rows, cols] = convolution.weight();
        let weight = matrix(3, rows, cols);
        let mut dw = vec![0.0; rows * cols];
        let bias = vec![0.0; outputs];
        let mut workspace = vec![0.0; convolution.workspace()];
        let id = format!("{inputs}x{size}x{size}-{outputs}/3x3/stride-{stride}");
        group.throughput(Throughput::Elements((2 * ROWS * convolution.work()) as u64));
        group.bench_function(format!("forward/{id}"), |b| {
            b.iter(|| {
                let weight = weight.as_slice();
                convolution.forward(x.view(), weight, &bias, y.view_mut(), &mut workspace);
            });
        });
        group.bench_function(format!("input-gradient/{id}"), |b| {
            b.iter(|| {
                let weight = weight.as_slice();
                convolution.input_gradient(dy.view(), weight, &[], dx.view_mut(), &mut workspace);
            });
        });
        group.bench_function(format!("weight-gradient/{id}"), |b| {
            b.iter(|| convolution.weight_gradient(x.view(), dy.view(), &mut dw, &mut workspace));
        });
    }
}

fn pooling(c: &mut Criterion) {
    let mut group = c.benchmark_group("max-pool");
    let pooling = Pooling::new([16, 28, 28], Window::square(2, 2)).expect("it fits");
    let x = matrix(1, ROWS, 16 * 28 * 28);
    let mut y = Matrix::zeros(ROWS, 16 * 14 * 14);
    let (mut which, mut dx) = (y.clone(), x.clone());
    group.throughput(Throughput::Elements(x.as_slice().len() as u64));
    group.bench_function("forward/16x28x28", |b| {
        b.iter(|| pooling.max(x.view(), y.view_mut(), which.view_mut()));
    });
    group.bench_function("gradient/16x28x28", |b| {
        b.iter(|| pooling.max_gradient(which.view(), y.view(), dx.view_mut()));
    });
}

criterion_group!(benches, convolution, pooling);
criterion_main!(benches);
