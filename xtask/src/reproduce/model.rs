//! Models that the program trains, and what it reports of them.

use std::path::PathBuf;

use anyhow::Context;
use serde_json::Value;

use crate::program::Program;
use crate::workspace::root;

/// Trains into `target/reproduce/NAME`, or resumes an interrupted run there; returns the model's path and the report of `train`.
pub fn train(
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

/// The report of `evaluate`.
pub fn evaluate(program: &Program, model: &str, arguments: &[&str]) -> anyhow::Result<Value> {
    let mut all = vec!["evaluate", model, "--json"];
    all.extend(arguments);
    Ok(serde_json::from_str(&program.run(&all)?.output)?)
}

/// The number `value`, which the program reports as `name`.
pub fn number(value: &Value, name: &str) -> anyhow::Result<f64> {
    let number = value.as_f64();
    number.with_context(|| format!("the program's report has no number `{name}`"))
}

/// `path` as an argument of the program.
pub fn text(path: PathBuf) -> anyhow::Result<String> {
    let text = path.into_os_string().into_string();
    text.ok().context("the workspace's path is text")
}
