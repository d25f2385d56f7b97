//! The same result every time: whatever the number of threads, in repeated runs, alone or among others.

use crate::harness::{TestDir, npy, numbers, read_npy};

/// Models of every kind of arithmetic: dense, sampled, corrupted, with a codebook, convolutional, normalised by the batch.
const MODELS: [&str; 6] = [
    "--epochs 1",
    "--preset vae-20 --data mnist-mini --epochs 1",
    "--preset denoising --data mnist-mini --epochs 1",
    "--preset vq-vae --data mnist-mini --epochs 1",
    "--preset conv --data mnist-mini --epochs 1",
    "--config normalised.toml --data pictures.npy --epochs 2",
];

const MODEL: &str = "run/model.safetensors";

const NORMALISED: &str = "description = 'normalised by the batch'
[model]
likelihood = 'bce'
encoder = [
    { layer = 'conv', channels = 6, kernel = 3, stride = 2, activation = 'relu' },
    { layer = 'batch-norm' },
    { layer = 'dense', units = 4 },
]
decoder = [
    { layer = 'dense', units = 96, activation = 'relu' },
    { layer = 'reshape', shape = [6, 4, 4] },
    { layer = 'transposed-conv', channels = 3, kernel = 3, stride = 2 },
]
[training]
batch-size = 100";

/// A folder with 300 small pictures in colour, that look like nothing.
fn dir() -> TestDir {
    let pixels: Vec<u8> = numbers(300 * 8 * 8 * 3)
        .map(|x| (255.0 * x) as u8)
        .collect();
    let dir = TestDir::with([("normalised.toml", NORMALISED.as_bytes())]);
    dir.write("pictures.npy", npy("|u1", "(300, 8, 8, 3)", &pixels));
    dir
}

fn train(dir: &TestDir, arguments: &str) {
    dir.run(&format!("train {arguments} --force --out run"))
        .done();
}

#[test]
fn training_and_encoding_on_any_number_of_threads() {
    for model in MODELS {
        let dir = dir();
        let data = model.split("--data ").nth(1).map_or("mnist-mini", |rest| {
            rest.split(' ').next().unwrap_or_default()
        });
        let mut first = None;
        // One thread twice: a run that is repeated.
        for threads in [1, 1, 2, 3, 7] {
            train(&dir, &format!("{model} --threads {threads}"));
            let encode = format!("encode {MODEL} {data} --threads {threads} -o codes.npy");
            dir.run(&encode).done();
            let files = [
                "run/model.safetensors",
                "run/metrics.csv",
                "run/reconstructions.png",
                "codes.npy",
            ];
            let files = files.map(|name| dir.read(name));
            let first = first.get_or_insert_with(|| files.clone());
            assert!(
                *first == files,
                "{model}: not the same on {threads} threads"
            );
        }
    }
}

#[test]
fn another_seed_gives_another_model() {
    let dir = TestDir::new();
    let [a, b] = [1, 2].map(|seed| {
        train(&dir, &format!("--epochs 1 --seed {seed}"));
        dir.read(MODEL)
    });
    assert!(a != b);
}

/// Every row of a batch of `shape`, alone: the same code, bit by bit.
fn alone_and_among_others(model: &str, shape: &str, width: usize) {
    const ROWS: usize = 70;
    let pixels: Vec<u8> = numbers(ROWS * width).map(|x| (255.0 * x) as u8).collect();
    let dir = dir();
    dir.write(
        "all.npy",
        npy("|u1", &format!("({ROWS}, {shape})"), &pixels),
    );
    train(&dir, model);
    let codes = |file: &str| {
        dir.run(&format!("encode {MODEL} {file} -o codes.npy"))
            .done();
        let (_, _, codes) = read_npy(&dir.read("codes.npy"));
        codes.into_iter().map(f32::to_bits).collect::<Vec<_>>()
    };
    let all = codes("all.npy");
    let units = all.len() / ROWS;
    for row in [0, 1, 33, 64, ROWS - 1] {
        let pixels = &pixels[row * width..][..width];
        dir.write("one.npy", npy("|u1", &format!("(1, {shape})"), pixels));
        assert_eq!(
            codes("one.npy"),
            all[row * units..][..units],
            "{model}: row {row}"
        );
    }
}

#[test]
fn a_row_has_the_same_code_alone_and_among_others() {
    for model in &MODELS[..5] {
        alone_and_among_others(model, "28, 28", 28 * 28);
    }
    alone_and_among_others(MODELS[5], "8, 8, 3", 8 * 8 * 3);
}
