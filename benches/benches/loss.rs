//! Losses of a block of rows, with their gradients. Throughput in numbers.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use latentia_benches::{BLOCK_ROWS, PIXELS, examples, matrix};
use latentia_tensor::loss::{binary_cross_entropy, squared_error};
use latentia_tensor::{Matrix, MatrixMut, MatrixRef};

type Loss = fn(MatrixRef<'_>, MatrixRef<'_>, f32, &mut [f64], Option<MatrixMut<'_>>);

fn loss(c: &mut Criterion) {
    let outputs = matrix(1, BLOCK_ROWS, PIXELS);
    let images = examples("mnist-mini");
    let mut gradient = Matrix::zeros(BLOCK_ROWS, PIXELS);
    let mut losses = [0.0; BLOCK_ROWS];
    let mut group = c.benchmark_group("loss");
    group.throughput(Throughput::Elements(outputs.as_slice().len() as u64));
    for (name, loss) in [
        ("squared_error", squared_error as Loss),
        ("binary_cross_entropy", binary_cross_entropy),
    ] {
        group.bench_function(format!("{name}/{BLOCK_ROWS}x{PIXELS}"), |b| {
            b.iter(|| {
                let targets = images.top(BLOCK_ROWS);
                let gradient = Some(gradient.view_mut());
                loss(outputs.view(), targets, 1e-3, &mut losses, gradient);
            });
        });
    }
}

criterion_group!(benches, loss);
criterion_main!(benches);
