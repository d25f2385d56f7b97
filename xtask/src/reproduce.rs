//! `cargo xtask reproduce`: published results beside ours, by the program itself.

mod denoising;
mod lossless;
mod lossy;
mod probes;

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use crate::program::Program;
use crate::statistics::median;
use crate::workspace::root;

/// What a preset expects.
struct Expected {
    metric: String,
    value: f64,
    at_most: f64,
    seeds: u64,
    importance_samples: Option<u64>,
    source: String,
}

/// What is asked for.
#[derive(Debug, PartialEq)]
struct Request {
    /// One preset, or `denoising`, `probes` or `lossy`, which compare several; else every preset that expects a result.
    name: Option<String>,
    /// Other than the preset's.
    epochs: Option<u32>,
}

impl Request {
    fn parse(arguments: &[OsString]) -> anyhow::Result<Self> {
        let mut request = Self {
            name: None,
            epochs: None,
        };
        let mut words = arguments.iter().map(|word| word.to_str());
        while let Some(word) = words.next() {
            let word = word.context("arguments are text")?;
            match word {
                "--epochs" => {
                    let number = words.next().flatten().and_then(|n| n.parse().ok());
                    let number = number.filter(|&epochs| epochs > 0);
                    request.epochs = Some(number.context("`--epochs` takes a number from 1 on")?);
                }
                _ if word.starts_with('-') || request.name.is_some() => {
                    bail!("`{word}` is not expected; it goes `reproduce [NAME] [--epochs N]`")
                }
                _ => request.name = Some(word.to_string()),
            }
        }
        ensure!(
            request.epochs.is_none() || request.name.is_some(),
            "`--epochs` goes with a NAME"
        );
        Ok(request)
    }
}

/// Trains what is asked for and prints expected beside obtained; fails when a result is missed.
pub fn run(arguments: &[OsString]) -> anyhow::Result<()> {
    let Request { name, epochs } = Request::parse(arguments)?;
    let program = &Program::build()?;
    let names = match name.as_deref() {
        Some("denoising") => return denoising::run(program, epochs),
        Some("lossy") => return lossy::run(program, epochs),
        Some("probes") => return probes::run(program, epochs),
        Some(name) => match lossless::ALL.iter().find(|known| known.preset == name) {
            Some(known) => return known.run(program, epochs),
            None => vec![name.to_string()],
        },
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
        let reached = report(&preset, epochs, &expected, &obtained);
        if !reached {
            missed.push(preset);
        }
    }
    ensure!(missed.is_empty(), "missed: {}", missed.join(", "));
    Ok(())
}

/// Prints a result beside what was expected; whether it was reached, or not looked for after fewer epochs.
fn report(preset: &str, epochs: Option<u32>, expected: &Expected, obtained: &[f64]) -> bool {
    let median = median(obtained);
    let reached = epochs.is_some() || median <= expected.at_most;
    println!(
        "{preset}: {} {median:.5}{}, expected {:.5}, at most {:.5}{}",
        expected.metric,
        epochs.map_or_else(String::new, |epochs| format!(" after {epochs} epochs")),
        expected.value,
        expected.at_most,
        if reached { "" } else { "  MISSED" },
    );
    if obtained.len() > 1 {
        let by_seed: Vec<String> = obtained.iter().map(|x| format!("{x:.5}")).collect();
        println!("  median of {}", by_seed.join(", "));
    }
    println!("  expected by {}", expected.source);
    reached
}

/// Names of all presets.
fn presets(program: &Program) -> anyhow::Result<Vec<String>> {
    let list = program.run(&["presets"])?.output;
    let names = list
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    Ok(names.map(String::from).collect())
}

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

/// Trains a preset and gives back the expected measure of the result.
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
    // A minus before the name: the greater, the better.
    let (sign, key) = match expected.metric.strip_prefix('-') {
        Some(key) => (-1.0, key),
        None => (1.0, expected.metric.as_str()),
    };
    Ok(sign * number(&evaluation[key], key)?)
}

/// Trains into `target/reproduce/NAME`, or goes on with an interrupted run there; the model's file and what `train` reports.
fn train(
    program: &Program,
    name: &str,
    arguments: &[&str],
    epochs: Option<u32>,
) -> anyhow::Result<(String, Value)> {
    let out = root()?.join("target/reproduce").join(name);
    let how = match out.join("checkpoint.safetensors").exists() {
        true => "--resume",
        false => "--force",
    };
    let epochs = epochs.map(|epochs| epochs.to_string());
    let out = text(out)?;
    let mut all = vec!["train", "--out", &out, how, "--json"];
    all.extend(arguments);
    all.extend(epochs.iter().flat_map(|epochs| ["--epochs", epochs]));
    let report = serde_json::from_str(&program.run(&all)?.output)?;
    Ok((format!("{out}/model.safetensors"), report))
}

/// What `evaluate` reports of a model.
fn evaluate(program: &Program, model: &str, arguments: &[&str]) -> anyhow::Result<Value> {
    let mut all = vec!["evaluate", model, "--json"];
    all.extend(arguments);
    Ok(serde_json::from_str(&program.run(&all)?.output)?)
}

fn number(value: &Value, name: &str) -> anyhow::Result<f64> {
    let number = value.as_f64();
    number.with_context(|| format!("the program's report has no number `{name}`"))
}

fn text(path: PathBuf) -> anyhow::Result<String> {
    let text = path.into_os_string().into_string();
    text.ok().context("the workspace's path is text")
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::Request;

    #[test]
    fn a_request_names_a_preset_and_its_epochs() {
        let parse = |words: &[&str]| {
            let words: Vec<OsString> = words.iter().map(OsString::from).collect();
            Request::parse(&words).map_err(|error| error.to_string())
        };
        let request = |name: Option<&str>, epochs| {
            let name = name.map(String::from);
            Ok(Request { name, epochs })
        };
        assert_eq!(parse(&[]), request(None, None));
        assert_eq!(parse(&["deep"]), request(Some("deep"), None));
        let both = request(Some("deep"), Some(5));
        assert_eq!(parse(&["deep", "--epochs", "5"]), both);
        assert_eq!(parse(&["--epochs", "5", "deep"]), both);
        for wrong in [
            &["deep", "--epochs"][..],
            &["deep", "--epochs", "0"],
            &["--epochs", "5"],
            &["deep", "mnist"],
            &["--seed"],
        ] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
