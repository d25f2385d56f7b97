//! What the crates take to encode 60,000 rows of 784 numbers: what Python is held against.
//!
//! `cargo run --release --example encode MODEL [CALLS]` prints the milliseconds of each of so many calls, 5 unless told, then the microseconds
//! of one row.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "it prints what it measured")]

use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use latentia::{Matrix, ModelFile};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("which model?")?;
    let calls = std::env::args()
        .nth(2)
        .map_or(Ok(5), |calls| calls.parse())?;
    let model = ModelFile::load(Path::new(&path))?.model;
    let (rows, cols) = (60_000, model.width());
    let values = (0..rows * cols).map(|i| (i * 7 % 256) as f32 / 255.0);
    let examples = Matrix::from_vec(rows, cols, values.collect());
    let first = examples.top(1).to_matrix();
    // The first call starts the threads.
    black_box(model.encode(&examples)?);
    for _ in 0..calls {
        let start = Instant::now();
        black_box(model.encode(&examples)?);
        println!("{:.2}", 1e3 * start.elapsed().as_secs_f64());
    }
    let start = Instant::now();
    for _ in 0..1_000 {
        black_box(model.encode(&first)?);
    }
    println!("{:.2}", 1e3 * start.elapsed().as_secs_f64());
    Ok(())
}
