//! Trains the preset `digits` on the 5,000 digits that come along, measures the model on 1,000 others, and encodes them.
//!
//! Run it with `cargo run --release --example fit_digits -p latentia`.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::ops::ControlFlow;

use latentia::data::{Locations, load};
use latentia::models::{Epoch, Metrics, ModelError, Observer, Preset, Training, TrainingSpec};

/// Prints the losses of a run as it goes.
struct Losses;

impl Observer for Losses {
    fn on_epoch_end(
        &mut self,
        _training: &Training<'_>,
        epoch: &Epoch,
        seconds: f64,
    ) -> Result<ControlFlow<()>, ModelError> {
        let (number, loss) = (epoch.epoch, epoch.train_loss);
        println!("epoch {number}: loss {loss:.5}, {seconds:.2} s");
        Ok(ControlFlow::Continue(()))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seed = 42;
    let digits = load("mnist-mini", &Locations::new(None))?;
    let test = digits.test.ok_or("no test part")?;
    let preset = Preset::named("digits").ok_or("no such preset")?;

    let mut model = preset.model.build(digits.train.shape(), seed)?;
    let spec = TrainingSpec {
        epochs: 2,
        ..preset.training
    };
    let mut training = Training::new(&mut model, spec, seed, &digits.train, None)?;
    let fitted = training.fit(&mut Losses).into_result()?;
    let best = fitted.best.ok_or("no epoch")?;
    println!("the best epoch is {}", best.epoch);

    let metrics = Metrics::measure(&model, &test)?;
    println!(
        "{} test digits: mean squared error {:.5}",
        metrics.examples, metrics.mse
    );
    let codes = model.encode(&test)?;
    println!("codes: {} of {} values", codes.rows(), codes.cols());
    println!("the first begins with {:.3?}", &codes.row(0)[..4]);
    Ok(())
}
