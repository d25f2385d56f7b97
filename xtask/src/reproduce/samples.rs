//! `cargo xtask reproduce samples`: is a regularised autoencoder with a mixture a better generator than a variational one of its size?

use std::process::Stdio;

use anyhow::{Context, ensure};

use super::model::train;
use crate::checks::record;
use crate::program::{self, Program};
use crate::statistics::median;
use crate::workspace::command;

/// The models, of equal size but for the variances of the posterior, and the epochs that each has.
const MODELS: [(&str, &str); 2] = [("vae-20", "30"), ("rae", "30")];

/// Where samples come from: what to call it, the model, and how the example is told to draw from it.
const SAMPLERS: [(&str, usize, &str); 3] = [
    ("vae-20, its prior", 0, ""),
    ("vae-20, a mixture", 0, "mixture:"),
    ("rae, a mixture", 1, "mixture:"),
];

const SEEDS: usize = 3;

/// Fréchet distance, precision and recall, in the features of a classifier that the example trains.
struct Quality {
    name: String,
    values: [f64; 3],
}

/// Trains both models by each seed, and compares their samples with the test pictures; the regularised one has to be nearer.
pub fn run(program: &Program, epochs: Option<u32>) -> anyhow::Result<()> {
    let mut samplers = Vec::new();
    for seed in 1..=SEEDS {
        let mut models = Vec::new();
        for (preset, own) in MODELS {
            let seed_text = seed.to_string();
            let arguments = ["--preset", preset, "--seed", &seed_text, "--epochs", own];
            let kept = match epochs {
                None => &arguments[..],
                Some(_) => &arguments[..4],
            };
            let (model, _) = train(program, &format!("samples-{preset}-{seed}"), kept, epochs)?;
            models.push(model);
        }
        samplers.extend(SAMPLERS.map(|(_, model, how)| format!("{how}{}", models[model])));
    }
    let qualities = measure(&samplers)?;
    let [training, others @ ..] = &qualities[..] else {
        anyhow::bail!("the example says nothing of training pictures");
    };
    ensure!(
        others.len() == samplers.len(),
        "the example says too little"
    );

    println!(
        "{:<20}{:>10}{:>11}{:>9}   medians of {SEEDS} seeds",
        "samples of", "distance", "precision", "recall"
    );
    print(&training.name, training.values);
    let mut distances = Vec::new();
    for (at, (name, ..)) in SAMPLERS.iter().enumerate() {
        let own = others.iter().skip(at).step_by(SAMPLERS.len());
        let of = |value: usize| -> Vec<f64> { own.clone().map(|own| own.values[value]).collect() };
        print(name, [0, 1, 2].map(|value| median(&of(value))));
        distances.push(of(0));
    }
    let medians: Vec<f64> = distances.iter().map(|own| median(own)).collect();
    let reached = epochs.is_some() || medians[2] < medians[0].min(medians[1]);
    let words = SAMPLERS.iter().zip(&distances).map(|((name, ..), own)| {
        let own: Vec<String> = own.iter().map(|x| format!("{x:.1}")).collect();
        format!("{name} {}", own.join(", "))
    });
    let words: Vec<String> = words.collect();
    let result = format!(
        "squared Fréchet distance in own features: {}; of training pictures {:.1}{}",
        words.join("; "),
        training.values[0],
        if reached { "" } else { "  MISSED" }
    );
    println!("{result}");
    let epochs = epochs.map_or_else(String::new, |epochs| format!(" --epochs {epochs}"));
    record(&format!("reproduce samples{epochs}"), &result)?;
    ensure!(reached, "missed: samples");
    Ok(())
}

fn print(name: &str, [distance, precision, recall]: [f64; 3]) {
    println!("{name:<20}{distance:>10.2}{precision:>11.3}{recall:>9.3}");
}

/// What the example `sample_quality` says of training pictures, and of what `samplers` draw.
fn measure(samplers: &[String]) -> anyhow::Result<Vec<Quality>> {
    let mut call = command("run")?;
    call.args(["--quiet", "--release", "--package", "latentia"])
        .args(["--example", "sample_quality", "--", "mnist"])
        .args(samplers)
        .stderr(Stdio::inherit());
    let output = program::run(&mut call)?.output;
    // The first line is of the classifier.
    output.lines().skip(1).map(quality).collect()
}

/// `NAME  distance X  precision P  recall R`
fn quality(line: &str) -> anyhow::Result<Quality> {
    let mut parts = line.split("  ");
    let name = parts.next().unwrap_or_default().to_string();
    let mut value = |key: &str| {
        let part = parts.next().and_then(|part| part.strip_prefix(key));
        let value = part.and_then(|text| text.trim().parse().ok());
        value.with_context(|| format!("`{line}` has no `{key}`"))
    };
    let values = [value("distance")?, value("precision")?, value("recall")?];
    Ok(Quality { name, values })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_example_is_read() {
        let own = quality("mixture:a b.safetensors  distance 12.5  precision 0.75  recall 0.5");
        let own = own.expect("a line of its form");
        assert_eq!(own.name, "mixture:a b.safetensors");
        assert_eq!(own.values, [12.5, 0.75, 0.5]);
        assert!(quality("classifier  accuracy 0.98").is_err());
    }
}
