//! Fine-tunes a model on other data: it learns digits, then its decoder learns their negatives while its encoder is frozen.
//!
//! Run it with `cargo run --release --example fine_tune -p latentia`.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::ops::ControlFlow;

use latentia::data::{Locations, load};
use latentia::models::{FrozenPart, Metrics, Training, Validation};
use latentia::tensor::{Matrix, Rows};
use latentia::{ModelFile, Preset, TrainingSpec};

/// Black on white, as fractions of 255.
fn negatives(digits: &dyn Rows) -> std::io::Result<Matrix> {
    let indices: Vec<u32> = (0..digits.rows() as u32).collect();
    let mut negatives = Matrix::zeros(digits.rows(), digits.cols());
    digits.read(&indices, negatives.view_mut())?;
    for x in negatives.as_mut_slice() {
        *x = 1.0 - *x / digits.full_scale();
    }
    Ok(negatives)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seed = 42;
    let digits = load("mnist-mini", &Locations::new(None))?;
    let preset = Preset::named("digits").ok_or("no such preset")?;
    let spec = TrainingSpec {
        epochs: 5,
        validation: Validation::Share(0.1),
        ..preset.training
    };
    let mut model = preset.model.build(digits.train.shape(), seed)?;
    let fitted = model.fit(&digits.train, &spec, seed)?;

    // As from a file of someone else's.
    let provenance = fitted.provenance("digits", "mnist-mini", &digits.train.fingerprint()?);
    let file = ModelFile::to_bytes(&model, &provenance, &[])?;
    let mut tuned = ModelFile::from_bytes(&file)?.model;

    let others = negatives(&digits.train)?;
    let before = Metrics::measure(&tuned, &others)?.mse;
    let spec = TrainingSpec {
        freeze: vec![FrozenPart::Encoder],
        ..spec
    };
    // Epoch by epoch, to look at the model in between; `tuned.fit(…)` does the same at once.
    let mut training = Training::new(&mut tuned, spec, seed, &others, None)?;
    while let ControlFlow::Continue(epoch) = training.fit_epoch(&mut ())? {
        let weight = training.model().chain().parameters()[0].value.as_slice()[0];
        println!(
            "epoch {}: loss {:.4}, first weight {weight:.4}",
            epoch.epoch, epoch.train_loss
        );
    }
    let after = Metrics::measure(&tuned, &others)?.mse;
    println!("mean squared error of negatives: {before:.4} before, {after:.4} after");

    for ((name, old), (_, new)) in model.weights().zip(tuned.weights()) {
        assert_eq!(old == new, name.starts_with("encoder."), "{name}");
    }
    Ok(())
}
