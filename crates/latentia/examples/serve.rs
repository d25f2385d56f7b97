//! Serves one model from several threads at once, an example a request, and prints how long a request takes.
//!
//! Run it with `cargo run --release --example serve -p latentia`.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::thread;
use std::time::Instant;

use latentia::models::{Autoencoder, ModelError, ModelSpec};
use latentia::tensor::Matrix;

const SPEC: &str = r#"
    likelihood = "bce"
    encoder = [
        { layer = "dense", units = 64, activation = "relu" },
        { layer = "dense", units = 8 },
    ]
    decoder = [
        { layer = "dense", units = 64, activation = "relu" },
        { layer = "dense" },
    ]
"#;
const WIDTH: usize = 784;
const THREADS: usize = 4;
const REQUESTS: usize = 500;

/// Request `number`: a picture of one bright stripe.
fn request(number: usize) -> Matrix {
    let bright = |at: usize| f32::from(at / 28 == number % 28);
    Matrix::from_vec(1, WIDTH, (0..WIDTH).map(bright).collect())
}

/// Answers every request of one client, and says how many microseconds each took.
fn serve(model: &Autoencoder) -> Result<Vec<f64>, ModelError> {
    // The model is everybody's, the memory to run it this client's.
    let mut encoder = model.encoder();
    let mut micros = Vec::with_capacity(REQUESTS);
    for number in 0..REQUESTS {
        let example = request(number);
        let start = Instant::now();
        let code = encoder.encode_one(example.row(0))?;
        micros.push(start.elapsed().as_secs_f64() * 1e6);
        assert_eq!(code.len(), model.code_width());
    }
    Ok(micros)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let spec: ModelSpec = toml::from_str(SPEC)?;
    // `ModelFile::load` gives a trained one; what it costs is the same.
    let model = spec.build(&[28, 28], 42)?;
    let alone = model.encode(&request(3))?;

    // Nothing in a model changes while it is used: all threads share it without a lock.
    let served: Result<Vec<Vec<f64>>, ModelError> = thread::scope(|scope| {
        let clients: Vec<_> = (0..THREADS)
            .map(|_| scope.spawn(|| serve(&model)))
            .collect();
        let join = |client: thread::ScopedJoinHandle<'_, _>| client.join().expect("no panic");
        clients.into_iter().map(join).collect()
    });
    let mut micros = served?.concat();
    micros.sort_by(f64::total_cmp);
    let at = |share: f64| micros[(share * (micros.len() - 1) as f64) as usize];
    println!(
        "{} requests from {THREADS} threads: median {:.1} µs, 99 in 100 within {:.1} µs",
        micros.len(),
        at(0.5),
        at(0.99)
    );

    // An example has the same code alone and among others, to the bit.
    let batch: Vec<f32> = (0..28).flat_map(|i| request(i).into_vec()).collect();
    let codes = model.encode(&Matrix::from_vec(28, WIDTH, batch))?;
    assert_eq!(codes.row(3), alone.row(0));
    Ok(())
}
