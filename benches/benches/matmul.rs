//! Matrix products of a layer: those of the tensor crate, and faer's beside them. `m x k x n` is a layer of `k` inputs and `n`
//! outputs over `m` rows: `nn` is `x · W`, `tn` is `xᵀ · dy`, `nt` is `dy · Wᵀ`. Throughput in flops, zeros counted too.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use faer::linalg::matmul::matmul as faer_matmul;
use faer::{Accum, MatMut, MatRef, Par};
use latentia_benches::{HIDDEN, PIXELS, examples, matrix};
use latentia_tensor::Accumulate::Replace;
use latentia_tensor::{Matrix, matmul_nn, matmul_nt, matmul_tn};

/// Rows of a block, inputs and outputs of layers: those of the presets, and larger and smaller ones.
const SHAPES: [[usize; 3]; 13] = [
    [64, PIXELS, HIDDEN],
    [64, PIXELS, 1000],
    [64, 500, 250],
    [256, 1024, 1024],
    [64, PIXELS, 64],
    [64, 64, 32],
    [64, 32, 64],
    // Linear probes of ten classes.
    [512, PIXELS, 10],
    [512, HIDDEN, 10],
    // Batches of `tiny`, and smaller ones.
    [1, 10, 5],
    [4, 10, 5],
    [16, 10, 5],
    [8, 20, 10],
];

fn view(x: &Matrix) -> MatRef<'_, f32> {
    MatRef::from_row_major_slice(x.as_slice(), x.rows(), x.cols())
}

fn faer(out: &mut Matrix, a: MatRef<'_, f32>, b: MatRef<'_, f32>) {
    let (rows, cols) = (out.rows(), out.cols());
    let out = MatMut::from_row_major_slice_mut(out.as_mut_slice(), rows, cols);
    faer_matmul(out, Accum::Replace, a, b, 1.0, Par::Seq);
}

fn layer(c: &mut Criterion, name: &str, x: &Matrix, n: usize) {
    let (m, k) = (x.rows(), x.cols());
    let (w, dy) = (&matrix(2, k, n), &matrix(3, m, n));
    let [mut y, mut dw, mut dx] = [[m, n], [k, n], [m, k]].map(|[r, c]| Matrix::zeros(r, c));
    let mut group = c.benchmark_group(name);
    group.throughput(Throughput::Elements(2 * (m * k * n) as u64));
    let mut bench = |id: &str, product: &mut dyn FnMut()| {
        group.bench_function(format!("{id}/{m}x{k}x{n}"), |b| b.iter(&mut *product));
    };
    bench("nn/ours", &mut || {
        matmul_nn(y.view_mut(), Replace, x.view(), w.view())
    });
    bench("nn/faer", &mut || faer(&mut y, view(x), view(w)));
    bench("tn/ours", &mut || {
        matmul_tn(dw.view_mut(), Replace, x.view(), dy.view())
    });
    bench("tn/faer", &mut || {
        faer(&mut dw, view(x).transpose(), view(dy))
    });
    bench("nt/ours", &mut || {
        matmul_nt(dx.view_mut(), Replace, dy.view(), w.view())
    });
    bench("nt/faer", &mut || {
        faer(&mut dx, view(dy), view(w).transpose())
    });
}

fn dense(c: &mut Criterion) {
    for [m, k, n] in SHAPES {
        layer(c, "matmul", &matrix(1, m, k), n);
    }
}

/// The first layer's products, of digits: `nt` is there for completeness.
fn digits(c: &mut Criterion) {
    let digits = examples("mnist-mini");
    for rows in [64, 256] {
        let x = digits.top(rows).to_matrix();
        layer(c, "matmul-digits", &x, HIDDEN);
    }
}

criterion_group!(benches, dense, digits);
criterion_main!(benches);
