//! Presets that expect a result.

use anyhow::{Context, ensure};

use super::model::{evaluate, number, train};
use crate::checks::record;
use crate::program::Program;
use crate::statistics::median;

/// What a preset expects.
struct Expected {
    metric: String,
    value: f64,
    at_most: f64,
    seeds: u64,
    importance_samples: Option<u64>,
    source: String,
}

/// Trains one preset, or without a name every preset that expects a result, and prints expected beside obtained.
pub fn run(program: &Program, name: Option<&str>, epochs: Option<u32>) -> anyhow::Result<()> {
    let names = match name {
        Some(name) => vec![name.to_string()],
        None => presets(program)?,
    };
    let mut missed = Vec::new();
    for preset in names {
        let Some(expected) = expected(program, &preset)? else {
            ensure!(
                name.is_none(),
                "preset `{preset}` has no `[expected]` result to reproduce"
            );
            continue;
        };
        let mut obtained = Vec::new();
        for seed in 1..=expected.seeds {
            obtained.push(measure(program, &preset, seed, epochs, &expected)?);
        }
        let reached = report(&preset, epochs, &expected, &obtained)?;
        if !reached {
            missed.push(preset);
        }
    }
    ensure!(missed.is_empty(), "missed: {}", missed.join(", "));
    Ok(())
}

/// Prints and records a result beside what was expected and returns whether it was reached; with other epochs, it always is.
fn report(
    preset: &str,
    epochs: Option<u32>,
    expected: &Expected,
    obtained: &[f64],
) -> anyhow::Result<bool> {
    let median = median(obtained);
    let reached = epochs.is_some() || median <= expected.at_most;
    let by_seed: Vec<String> = obtained.iter().map(|x| format!("{x:.5}")).collect();
    let result = format!(
        "{} {median:.5}{}, expected {:.5}, at most {:.5}{}",
        expected.metric,
        match obtained.len() {
            1 => String::new(),
            _ => format!(", median of {}", by_seed.join(", ")),
        },
        expected.value,
        expected.at_most,
        if reached { "" } else { "  MISSED" },
    );
    println!("{preset}: {result}\n  expected by {}", expected.source);
    let epochs = epochs.map_or_else(String::new, |epochs| format!(" --epochs {epochs}"));
    record(&format!("reproduce {preset}{epochs}"), &result)?;
    Ok(reached)
}

/// Names of all presets.
fn presets(program: &Program) -> anyhow::Result<Vec<String>> {
    let list = program.run(&["presets"])?.output;
    let names = list
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    Ok(names.map(String::from).collect())
}

/// What the preset `name` expects, if anything.
fn expected(program: &Program, name: &str) -> anyhow::Result<Option<Expected>> {
    let preset: toml::Table = program.run(&["presets", name])?.output.parse()?;
    let Some(table) = preset.get("expected").and_then(toml::Value::as_table) else {
        return Ok(None);
    };
    let get = |key: &str| {
        table
            .get(key)
            .with_context(|| format!("preset `{name}` expects a result without `{key}`"))
    };
    let number = |key: &str| {
        get(key)?
            .as_float()
            .with_context(|| format!("`{key}` of preset `{name}` is no number"))
    };
    let text =
        |key: &str| Ok::<_, anyhow::Error>(get(key)?.as_str().unwrap_or_default().to_string());
    Ok(Some(Expected {
        metric: text("metric")?,
        value: number("value")?,
        at_most: number("at-most")?,
        seeds: get("seeds")?
            .as_integer()
            .and_then(|n| u64::try_from(n).ok())
            .unwrap_or(1),
        importance_samples: table
            .get("importance-samples")
            .and_then(toml::Value::as_integer)
            .and_then(|n| u64::try_from(n).ok()),
        source: text("source")?,
    }))
}

/// Trains a preset and returns the metric that it expects.
fn measure(
    program: &Program,
    preset: &str,
    seed: u64,
    epochs: Option<u32>,
    expected: &Expected,
) -> anyhow::Result<f64> {
    let seed_text = seed.to_string();
    let arguments = ["--preset", preset, "--seed", &seed_text];
    let (model, report) = train(program, &format!("{preset}-{seed}"), &arguments, epochs)?;
    let evaluation = match expected.importance_samples {
        Some(samples) => {
            let samples = samples.to_string();
            evaluate(program, &model, &["--importance-samples", &samples])?
        }
        None => report["evaluation"].clone(),
    };
    // A minus before the name means that larger is better.
    let (sign, key) = match expected.metric.strip_prefix('-') {
        Some(key) => (-1.0, key),
        None => (1.0, expected.metric.as_str()),
    };
    Ok(sign * number(&evaluation[key], key)?)
}
