//! Trains on a matrix of one's own numbers, saves the model, loads it again, and gets the same codes to the bit.
//!
//! Run it with `cargo run --release --example from_memory -p latentia`.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use latentia::codec::Quantiser;
use latentia::data::Dataset;
use latentia::models::{ModelFile, ModelSpec, TrainingSpec};
use latentia::tensor::Matrix;

const SPEC: &str = r#"
    preprocessing = "standardise"
    likelihood = "mse"
    encoder = [
        { layer = "dense", units = 16, activation = "tanh" },
        { layer = "dense", units = 2 },
    ]
    decoder = [
        { layer = "dense", units = 16, activation = "tanh" },
        { layer = "dense" },
    ]
"#;

/// A thousand points on a spiral in six dimensions.
fn points() -> Vec<f32> {
    let point = |i: u32| {
        let t = i as f32 / 100.0;
        [t.sin(), t.cos(), t, t * t, t * t.sin(), t * t.cos()]
    };
    (0..1000).flat_map(point).collect()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seed = 42;
    // A name and a shape for messages and for the file; a bare `Matrix` trains as well.
    let examples = Dataset::from_floats("spiral", vec![6], points())?;
    let spec: ModelSpec = toml::from_str(SPEC)?;
    let mut model = spec.build(examples.shape(), seed)?;
    let training = TrainingSpec {
        epochs: 100,
        batch_size: 50,
        ..TrainingSpec::default()
    };
    let fitted = model.fit(&examples, &training, seed)?;
    for epoch in fitted.history.iter().step_by(33) {
        println!("epoch {}: loss {:.5}", epoch.epoch, epoch.train_loss);
    }
    let provenance = fitted.provenance("spiral", "spiral", &examples.fingerprint()?);

    // What `latentia compress` needs goes into the same file.
    let tables = Quantiser::fit(&model, &examples)?.tensors();
    let path = std::env::temp_dir().join(format!("spiral-{}.safetensors", std::process::id()));
    ModelFile::save(&model, &provenance, &tables, &path)?;
    let loaded = ModelFile::load(&path)?.model;
    std::fs::remove_file(&path)?;

    // Any matrix of the same width, row after row.
    let some = Matrix::from_vec(3, 6, points()[..18].to_vec());
    let (codes, again) = (model.encode(&some)?, loaded.encode(&some)?);
    assert_eq!(codes, again);
    println!("three codes, before and after: {:.4?}", codes.as_slice());
    Ok(())
}
