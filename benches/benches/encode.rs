//! Codes of digits by the models of the presets `conv` and `mnist`, on one thread and on two, and of one alone. Throughput in
//! examples.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use latentia_benches::examples;
use latentia_models::{ModelSpec, Preset};
use latentia_tensor::Matrix;
use rayon::ThreadPoolBuilder;

fn spec(name: &str) -> ModelSpec {
    Preset::named(name).expect("it comes along").model
}

fn batches(c: &mut Criterion) {
    let mut group = c.benchmark_group("encode");
    let digits = examples("mnist-mini");
    for name in ["conv", "mnist"] {
        let model = spec(name).build(&[28, 28], 1).expect("parts that fit");
        for rows in [1, 8, 128, 1024] {
            group.throughput(Throughput::Elements(rows as u64));
            let batch = digits.top(rows);
            for threads in [1, 2] {
                let pool = ThreadPoolBuilder::new().num_threads(threads).build();
                let pool = pool.expect("threads start");
                group.bench_function(format!("{name}/model/threads-{threads}/{rows}"), |b| {
                    pool.install(|| b.iter(|| model.encode(&batch)));
                });
                let mut encoder = model.encoder();
                let mut codes = Matrix::zeros(rows, model.code_width());
                group.bench_function(format!("{name}/encoder/threads-{threads}/{rows}"), |b| {
                    pool.install(|| b.iter(|| encoder.encode_into(&batch, codes.view_mut())));
                });
            }
        }
    }
}

fn one(c: &mut Criterion) {
    let mut group = c.benchmark_group("encode-one");
    for (name, shape) in [
        ("conv", &[28, 28][..]),
        ("mnist", &[28, 28]),
        ("tiny", &[10]),
    ] {
        let model = spec(name).build(shape, 1).expect("parts that fit");
        let mut encoder = model.encoder();
        let example = latentia_testing::numbers(1, model.width());
        group.bench_function(name, |b| {
            b.iter(|| encoder.encode_one(&example).map(<[f32]>::len));
        });
    }
}

criterion_group!(benches, batches, one);
criterion_main!(benches);
