//! Data sets into memory, and examples out of them. Throughput in bytes of a file, or in examples.

use std::fs;
use std::path::PathBuf;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use latentia_benches::{PIXELS, matrix};
use latentia_data::{Locations, load};
use latentia_tensor::{Matrix, Rows};

/// Examples of a batch of the preset `mnist`.
const BATCH: usize = 256;

/// Rows in the files that are parsed.
const ROWS: usize = 2000;

/// The same numbers as CSV and as NPY, with the bytes of each.
fn files() -> Vec<(&'static str, PathBuf, u64)> {
    let numbers = matrix(1, ROWS, 32);
    let lines = numbers.view().iter_rows().map(|row| {
        let fields: Vec<String> = row.iter().map(f32::to_string).collect();
        fields.join(",") + "\n"
    });
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({ROWS}, 32), }}");
    // Magic, version, length and header together fill 128 bytes.
    header += &" ".repeat(128 - 10 - 1 - header.len());
    header.push('\n');
    let mut npy = b"\x93NUMPY\x01\x00".to_vec();
    npy.extend((header.len() as u16).to_le_bytes());
    npy.extend(header.bytes());
    npy.extend(numbers.as_slice().iter().flat_map(|x| x.to_le_bytes()));
    let folder = std::env::temp_dir();
    let contents = [
        ("csv", lines.collect::<String>().into_bytes()),
        ("npy", npy),
    ];
    contents
        .into_iter()
        .map(|(format, bytes)| {
            let path = folder.join(format!("latentia-bench-{}.{format}", std::process::id()));
            fs::write(&path, &bytes).expect("the temporary folder takes a file");
            (format, path, bytes.len() as u64)
        })
        .collect()
}

fn loading(c: &mut Criterion) {
    let mut group = c.benchmark_group("load");
    for (format, path, bytes) in files() {
        group.throughput(Throughput::Bytes(bytes));
        group.bench_function(format!("{format}/{ROWS}x32"), |b| {
            let data = path.to_str().expect("a plain path");
            b.iter(|| load(data, &Locations::new(None)).expect("a good file"));
        });
        fs::remove_file(path).expect("the file is there");
    }
    let set = load("mnist-mini", &Locations::new(None)).expect("built in");
    let bytes = (set.train.rows() + set.test.map_or(0, |test| test.rows())) * PIXELS;
    group.throughput(Throughput::Bytes(bytes as u64));
    group.bench_function("idx-gzip/mnist-mini", |b| {
        b.iter(|| load("mnist-mini", &Locations::new(None)).expect("built in"));
    });
    group.finish();
}

/// A shuffled batch of pictures, from bytes to numbers.
fn reading(c: &mut Criterion) {
    let set = load("mnist-mini", &Locations::new(None)).expect("built in");
    let rows = set.train.rows();
    // 7919 is prime: every row comes once.
    let indices: Vec<u32> = (0..BATCH).map(|i| (i * 7919 % rows) as u32).collect();
    let mut batch = Matrix::zeros(BATCH, set.train.cols());
    let mut group = c.benchmark_group("read");
    group.throughput(Throughput::Elements(BATCH as u64));
    group.bench_function(format!("bytes/{BATCH}x{PIXELS}"), |b| {
        b.iter(|| {
            set.train
                .read(&indices, batch.view_mut())
                .expect("in memory")
        });
    });
    group.finish();
}

criterion_group!(benches, loading, reading);
criterion_main!(benches);
