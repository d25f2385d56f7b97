//! `cargo xtask reproduce`: published results beside ours, by the program itself.

use std::ffi::OsString;
use std::process::Stdio;

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use crate::workspace::{command, root};

/// What a preset expects.
struct Expected {
    metric: String,
    value: f64,
    at_most: f64,
    seeds: u64,
    source: String,
}

/// Trains the preset in `arguments`, or every preset that expects a result; fails when one misses it.
pub fn run(arguments: &[OsString]) -> anyhow::Result<()> {
    let names = match arguments.first() {
        Some(name) => vec![
            name.to_str()
                .context("a preset's name is text")?
                .to_string(),
        ],
        None => presets()?,
    };
    let mut missed = Vec::new();
    println!(
        "{:<14}{:<26}{:>10}{:>10}{:>10}  by seed",
        "preset", "metric", "expected", "at most", "obtained"
    );
    for name in names {
        let Some(expected) = expected(&name)? else {
            ensure!(
                arguments.is_empty(),
                "preset `{name}` has no `[expected]` result to reproduce"
            );
            continue;
        };
        let mut obtained = Vec::new();
        for seed in 1..=expected.seeds {
            obtained.push(train(&name, seed, &expected.metric)?);
        }
        let median = median(&obtained);
        let reached = median <= expected.at_most;
        let by_seed: Vec<String> = obtained.iter().map(|x| format!("{x:.5}")).collect();
        println!(
            "{name:<14}{:<26}{:>10.5}{:>10.5}{median:>10.5}  {}{}",
            expected.metric,
            expected.value,
            expected.at_most,
            by_seed.join(" "),
            if reached { "" } else { "  MISSED" },
        );
        println!("{:14}expected by {}", "", expected.source);
        if !reached {
            missed.push(name);
        }
    }
    ensure!(missed.is_empty(), "missed: {}", missed.join(", "));
    Ok(())
}

/// Names of all presets.
fn presets() -> anyhow::Result<Vec<String>> {
    let list = latentia(&["presets"])?;
    let names = list
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    Ok(names.map(String::from).collect())
}

fn expected(name: &str) -> anyhow::Result<Option<Expected>> {
    let preset: toml::Table = latentia(&["presets", name])?.parse()?;
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
        source: text("source")?,
    }))
}

/// Trains a preset and gives back one measure of the result.
fn train(name: &str, seed: u64, metric: &str) -> anyhow::Result<f64> {
    let out = root()?
        .join("target/reproduce")
        .join(format!("{name}-{seed}"));
    let out = out.to_str().context("the workspace's path is text")?;
    let seed = seed.to_string();
    let report = latentia(&[
        "train", "--preset", name, "--seed", &seed, "--out", out, "--force", "--json",
    ])?;
    let report: Value = serde_json::from_str(&report)?;
    // A minus before the name: the greater, the better.
    let (sign, key) = match metric.strip_prefix('-') {
        Some(key) => (-1.0, key),
        None => (1.0, metric),
    };
    let value = report["evaluation"][key].as_f64();
    let value = value.with_context(|| format!("the evaluation of `{name}` has no `{key}`"))?;
    Ok(sign * value)
}

/// What the program prints when it is called so; its messages go where ours do.
fn latentia(arguments: &[&str]) -> anyhow::Result<String> {
    let output = command("run")?
        .args(["--quiet", "--release", "--package", "latentia-cli", "--"])
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo")?;
    if !output.status.success() {
        bail!(
            "`latentia {}` failed with {}",
            arguments.join(" "),
            output.status
        );
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// The middle value, or the mean of the two in the middle.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() % 2 {
        0 => f64::midpoint(sorted[middle - 1], sorted[middle]),
        _ => sorted[middle],
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    }
}
