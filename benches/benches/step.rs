//! Whole training steps of the presets `mnist` and `tiny`, on one thread and on two. Throughput in examples.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use latentia_benches::{HIDDEN, PIXELS, dense, examples};
use latentia_nn::Activation::{Linear, Relu, Sigmoid};
use latentia_nn::{Chain, Layer, LikelihoodSpec, Optimizer, Step, StepOptions};
use latentia_tensor::Matrix;
use rayon::ThreadPoolBuilder;

fn bench(
    c: &mut Criterion,
    id: &str,
    layers: fn() -> Vec<Box<dyn Layer>>,
    likelihood: LikelihoodSpec,
    examples: &Matrix,
    batch: usize,
) {
    let mut group = c.benchmark_group("step");
    group.throughput(Throughput::Elements(batch as u64));
    let indices: Vec<u32> = (0..examples.rows() as u32).collect();
    let options = || StepOptions {
        objective: likelihood.into(),
        optimizer: Optimizer::default(),
        clip_norm: None,
        seed: 1,
        frozen: Vec::new(),
    };
    for threads in [1, 2] {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        let mut chain = Chain::new(layers(), 1).expect("layers that fit");
        let mut step = Step::new(&chain, batch, options());
        let mut batches = indices.chunks_exact(batch).cycle();
        group.bench_function(format!("{id}/threads-{threads}"), |b| {
            pool.as_ref().expect("threads start").install(|| {
                // A rate of zero: the work of a step, on the same weights however many steps are measured.
                b.iter(|| {
                    step.run(
                        &mut chain,
                        examples,
                        batches.next().expect("a cycle"),
                        0.0.into(),
                    )
                });
            });
        });
    }
}

fn mnist(c: &mut Criterion) {
    bench(
        c,
        "mnist/784-256-784/batch-256",
        || vec![dense(PIXELS, HIDDEN, Relu), dense(HIDDEN, PIXELS, Linear)],
        LikelihoodSpec::Bce,
        &examples("mnist-mini"),
        256,
    );
}

fn tiny(c: &mut Criterion) {
    bench(
        c,
        "tiny/10-5-5-5-10/batch-1",
        || {
            vec![
                dense(10, 5, Relu),
                dense(5, 5, Relu),
                dense(5, 5, Relu),
                dense(5, 10, Sigmoid),
            ]
        },
        LikelihoodSpec::Mse,
        &examples("random"),
        1,
    );
}

criterion_group!(benches, mnist, tiny);
criterion_main!(benches);
