//! Matrix products of 784-256-784: `m x k x n` is `[m, k]` times `[k, n]`. Throughput in flops.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use latentia_benches::{HIDDEN, PIXELS, matrix};
use latentia_tensor::Accumulate::{self, Add, Replace};
use latentia_tensor::{Matrix, MatrixMut, MatrixRef, matmul_nn, matmul_nt, matmul_tn};

type Product = fn(MatrixMut<'_>, Accumulate, MatrixRef<'_>, MatrixRef<'_>);

fn matmul(c: &mut Criterion) {
    let mut group = c.benchmark_group("matmul");
    let mut bench = |name: &str,
                     product: Product,
                     accumulate,
                     [m, k, n]: [usize; 3],
                     a: MatrixRef<'_>,
                     b: &Matrix| {
        let mut out = Matrix::zeros(m, n);
        group.throughput(Throughput::Elements(2 * (m * k * n) as u64));
        group.bench_function(format!("{name}/{m}x{k}x{n}"), |bencher| {
            bencher.iter(|| product(out.view_mut(), accumulate, a, b.view()));
        });
    };
    for rows in [64, 128] {
        let [x, dy] = [PIXELS, HIDDEN].map(|cols| matrix(1, rows, cols));
        for (x, inputs, outputs) in [(&x, PIXELS, HIDDEN), (&dy, HIDDEN, PIXELS)] {
            let weight = matrix(2, inputs, outputs);
            let size = [rows, inputs, outputs];
            bench("nn", matmul_nn, Replace, size, x.view(), &weight);
        }
        let weight = matrix(2, HIDDEN, PIXELS);
        let size = [rows, PIXELS, HIDDEN];
        bench("nt", matmul_nt, Replace, size, x.view(), &weight);
        // The whole gradient of the first weight, and the part of it that a training step computes at a time.
        for inputs in [PIXELS, 128] {
            let (size, part) = ([inputs, rows, HIDDEN], x.view().columns(0..inputs));
            bench("tn", matmul_tn, Add, size, part, &dy);
        }
    }
}

criterion_group!(benches, matmul);
criterion_main!(benches);
