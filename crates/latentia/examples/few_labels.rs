//! What a masked autoencoder's codes are worth where few examples have labels: the preset `masked` learns from all examples without their labels, a linear
//! classifier of its codes from a few with theirs. Beside it the same model with its loss on all pixels, that which is shown whole pictures, and the raw pixels.
//!
//! Run it with `cargo run --release --example few_labels -p latentia -- [DATA [EPOCHS]]`, where DATA is pictures with classes and a test part, `mnist-mini` if it
//! is not said. Accuracies are of the test part, means and standard deviations over ten choices of as many labelled examples of each class.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::collections::BTreeMap;

use latentia::Preset;
use latentia::data::{Locations, load};
use latentia::models::{Labelled, LossOn, ModelError, ModelSpec, Probe};
use latentia::tensor::{Noise, Rows, Subset};

/// Labelled examples of each class.
const LABELLED: [usize; 3] = [1, 10, 100];

/// Choices of labelled examples.
const CHOICES: u32 = 10;

/// The seed of models, and of the first choice.
const SEED: u64 = 1;

/// What is compared: a name, and what it makes of the preset's model.
type Variant = (&'static str, fn(&mut ModelSpec));

const VARIANTS: [Variant; 3] = [
    ("masked", |_| ()),
    ("the same, loss on all pixels", |spec| {
        spec.loss_on = LossOn::All
    }),
    ("plain", |spec| {
        spec.loss_on = LossOn::All;
        spec.corruption = None;
    }),
];

/// So many examples of each class, the same for the same `choice`.
fn choose(examples: &dyn Rows, each: usize, choice: u32) -> Vec<u32> {
    let mut order = vec![0.0; examples.rows()];
    Noise::new(SEED, choice).uniform(0, &mut order);
    let mut indices: Vec<u32> = (0..examples.rows() as u32).collect();
    indices.sort_by(|&a, &b| order[a as usize].total_cmp(&order[b as usize]));
    let mut taken = BTreeMap::new();
    indices.retain(|&index| {
        let count = taken.entry(examples.label(index)).or_insert(0);
        *count += 1;
        *count <= each
    });
    indices
}

/// Test accuracies of linear classifiers that learned from so many labelled `features` of each class, a choice each.
fn accuracies(features: &dyn Rows, test: &dyn Rows, each: usize) -> Result<Vec<f64>, ModelError> {
    let one = |choice| {
        let labelled = Subset::new(features, choose(features, each, choice));
        let probe = Probe::measure(&labelled, test, &())?;
        Ok(probe.map_or(0.0, |probe| probe.linear_accuracy))
    };
    (0..CHOICES).map(one).collect()
}

/// Mean and standard deviation.
fn moments(x: &[f64]) -> (f64, f64) {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let squares: f64 = x.iter().map(|x| (x - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0)).sqrt())
}

fn print_row(name: &str, features: &dyn Rows, test: &dyn Rows) -> Result<(), ModelError> {
    print!("{name:<30}");
    for each in LABELLED {
        let (mean, deviation) = moments(&accuracies(features, test, each)?);
        print!("{:>9.1}% ±{:>4.1}", 100.0 * mean, 100.0 * deviation);
    }
    println!();
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "mnist-mini".into());
    let mut preset = Preset::named("masked").ok_or("no such preset")?;
    if let Some(epochs) = arguments.next() {
        preset.training.epochs = epochs.parse()?;
    }
    let data = load(&name, &Locations::new(None))?;
    let train = &data.train;
    let test = data.test.as_ref().ok_or("data without a test part")?;

    print!("{:<30}", "test accuracy, codes of");
    let classes = choose(train, 1, 0).len();
    for each in LABELLED {
        print!("{:>16}", format!("{} labels", each * classes));
    }
    println!();
    for (name, change) in VARIANTS {
        let mut spec = preset.model.clone();
        change(&mut spec);
        let mut model = spec.build(train.shape(), SEED)?;
        model.fit(train, &preset.training, SEED)?;
        let (codes, test_codes) = (model.encode(train)?, model.encode(test)?);
        let labelled = Labelled::like(&codes, train).zip(Labelled::like(&test_codes, test));
        let (codes, test_codes) = labelled.ok_or("examples without labels")?;
        print_row(name, &codes, &test_codes)?;
    }
    print_row("raw pixels", train, test)?;
    Ok(())
}
