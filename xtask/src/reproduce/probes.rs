//! `cargo xtask reproduce probes`: how well a probe predicts classes from the latents of each model.

use anyhow::ensure;
use serde_json::Value;

use super::model::{evaluate, number, train};
use crate::program::Program;

/// Accuracy that the best linear probe on latents of at most 32 dimensions has to reach.
const AT_LEAST: f64 = 0.96;

/// What is compared: a name, a preset, further arguments, and whether its latents have at most 32 dimensions.
const MODELS: [(&str, &str, &[&str], bool); 7] = [
    ("features, 32", "features", &[], true),
    ("deep, 30", "deep", &[], true),
    ("denoising, 32", "denoising", &["--latent", "32"], true),
    (
        "vae, 32",
        "vae-20",
        &["--latent", "32", "--epochs", "30"],
        true,
    ),
    ("mixture-vae, 32", "mixture-vae", &[], true),
    ("vq-vae, 256", "vq-vae", &[], false),
    ("top-k, 1000", "top-k", &[], false),
];

/// Trains the models and prints the accuracies of a linear probe and of ten nearest neighbours on their latents, beside those on
/// 32 principal components and on raw pixels.
pub fn run(program: &Program, epochs: Option<u32>) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    let mut others = None;
    let mut best: f64 = 0.0;
    for (name, preset, changes, is_small) in MODELS {
        let arguments = [&["--preset", preset, "--seed", "1"], changes].concat();
        let (model, _) = train(program, &format!("probe-{preset}"), &arguments, epochs)?;
        let probes = evaluate(program, &model, &[])?["probes"].take();
        let own = accuracies(&probes["model"])?;
        if is_small {
            best = best.max(own[0]);
        }
        rows.push((name.to_string(), own));
        if others.is_none() {
            others = Some([
                ("pca, 32".to_string(), accuracies(&probes["pca"])?),
                ("raw pixels".to_string(), accuracies(&probes["raw"])?),
            ]);
        }
    }
    rows.extend(others.into_iter().flatten());
    println!(
        "{:<16}{:>14}{:>24}",
        "codes of", "linear probe", "10 nearest neighbours"
    );
    for (name, [linear, neighbours]) in rows {
        println!(
            "{name:<16}{:>13.2}%{:>23.2}%",
            100.0 * linear,
            100.0 * neighbours
        );
    }
    let reached = best >= AT_LEAST;
    println!(
        "best linear probe on 32 numbers {:.2}%, at least {:.0}%{}",
        100.0 * best,
        100.0 * AT_LEAST,
        if reached { "" } else { "  MISSED" },
    );
    ensure!(reached, "missed: probes");
    Ok(())
}

fn accuracies(probe: &Value) -> anyhow::Result<[f64; 2]> {
    Ok([
        number(&probe["linear_accuracy"], "linear_accuracy")?,
        number(&probe["neighbour_accuracy"], "neighbour_accuracy")?,
    ])
}
