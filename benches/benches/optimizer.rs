//! Updates of a whole weight of 784-256-784. Throughput in numbers.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use latentia_benches::{HIDDEN, PIXELS};
use latentia_tensor::optimizer::{Adam, adam};
use latentia_testing::numbers;

fn optimizer(c: &mut Criterion) {
    let n = PIXELS * HIDDEN;
    let (mut w, g) = (numbers(1, n), numbers(2, n));
    let (mut m, mut v) = (vec![0.0; n], vec![0.0; n]);
    let constants = Adam::at_step(1, 1e-3, 0.0, 0.9, 0.999, 1e-7);
    let mut group = c.benchmark_group("optimizer");
    group.throughput(Throughput::Elements(n as u64));
    group.bench_function(format!("adam/{n}"), |b| {
        b.iter(|| adam(&mut w, &g, &mut m, &mut v, constants));
    });
}

criterion_group!(benches, optimizer);
criterion_main!(benches);
