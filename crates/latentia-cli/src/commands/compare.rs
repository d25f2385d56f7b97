//! `latentia compare`

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use latentia_models::{Epoch, ModelFile};
use serde::Serialize;
use serde_json::{Value, json};

use crate::args::CompareArgs;
use crate::figures::losses_of;
use crate::inputs::open;
use crate::outputs::Format;
use crate::terminal::{count, number, print, table, tell};
use crate::training::RunFolder;

/// A run by its model.
struct ComparedRun {
    name: String,
    /// All that it was asked to be, by keys with dots between them.
    settings: BTreeMap<String, String>,
    history: Vec<Epoch>,
    /// The epoch whose weights the model has.
    shown: Option<Epoch>,
    unit: &'static str,
    parameters: usize,
}

pub(super) fn run(args: &CompareArgs) -> anyhow::Result<()> {
    if let Some(path) = &args.output {
        Format::of(path, &[Format::Svg, Format::Html])?;
    }
    let runs = args.runs.iter().map(|path| ComparedRun::read(path));
    let runs = runs.collect::<anyhow::Result<Vec<ComparedRun>>>()?;
    let differing = differing(&runs);
    if runs.iter().any(|run| run.unit != runs[0].unit) {
        tell("warning: losses of different likelihoods, in different units, do not compare");
    }
    if args.json {
        let report = json!({
            "differing": differing,
            "runs": runs.iter().map(|run| run.report(&differing)).collect::<Vec<_>>(),
        });
        print(&format!("{}\n", serde_json::to_string_pretty(&report)?))?;
    } else if args.csv {
        let mut writer = csv::Writer::from_writer(Vec::new());
        rows(&runs, &differing, |x| x.to_string(), |n| n.to_string())
            .iter()
            .try_for_each(|row| writer.write_record(row))?;
        print(&String::from_utf8_lossy(&writer.into_inner()?))?;
    } else {
        print(&table(&rows(&runs, &differing, number, count)))?;
    }
    if let Some(path) = &args.output {
        let curves = names(&runs).into_iter().zip(&runs);
        let curves = curves.map(|(name, run)| (name, &run.history[..]));
        let unit = match runs.iter().all(|run| run.unit == runs[0].unit) {
            true => runs[0].unit,
            false => "loss, in different units",
        };
        losses_of(&curves.collect::<Vec<_>>(), unit).write(path)?;
        tell(&format!("wrote {}", path.display()));
    }
    Ok(())
}

impl ComparedRun {
    fn read(path: &Path) -> anyhow::Result<Self> {
        let file: PathBuf = match path.is_dir() {
            true => RunFolder::new(path.to_path_buf()).model(),
            false => path.to_path_buf(),
        };
        let ModelFile {
            model, provenance, ..
        } = open(&file)?;
        let mut settings = BTreeMap::new();
        let asked = json!({
            "preset": provenance.preset,
            "data": provenance.data,
            "target": provenance.target,
            "fingerprint": provenance.fingerprint.get(..12),
            "seed": provenance.seed,
            "training": as_written(&provenance.training)?,
            "model": as_written(&model.spec())?,
        });
        flatten("", &asked, &mut settings);
        Ok(Self {
            // Without a slash at its end.
            name: path.components().as_path().to_string_lossy().into_owned(),
            settings,
            shown: provenance.weights_epoch(&model).copied(),
            history: provenance.history,
            unit: model.likelihood().unit().name(),
            parameters: model.chain().parameter_count(),
        })
    }

    fn short_name(&self) -> &str {
        let name = Path::new(&self.name).file_name();
        name.and_then(OsStr::to_str).unwrap_or(&self.name)
    }

    fn report(&self, differing: &[&str]) -> Value {
        let settings = self
            .settings
            .iter()
            .filter(|(key, _)| differing.contains(&key.as_str()));
        json!({
            "run": self.name,
            "settings": settings.collect::<BTreeMap<_, _>>(),
            "train_loss": self.shown.map(|epoch| epoch.train_loss),
            "validation_loss": self.shown.and_then(|epoch| epoch.validation_loss),
            "unit": self.unit,
            "parameters": self.parameters,
            "epochs": self.history.len(),
            "weights_of_epoch": self.shown.map(|epoch| epoch.epoch),
        })
    }
}

/// What runs are called in a chart: without their folders, where that tells them apart.
fn names(runs: &[ComparedRun]) -> Vec<&str> {
    let distinct: BTreeSet<&str> = runs.iter().map(ComparedRun::short_name).collect();
    match distinct.len() == runs.len() {
        true => runs.iter().map(ComparedRun::short_name).collect(),
        false => runs.iter().map(|run| run.name.as_str()).collect(),
    }
}

/// The keys whose values differ between runs.
fn differing(runs: &[ComparedRun]) -> Vec<&str> {
    let mut keys: Vec<&str> = runs
        .iter()
        .flat_map(|run| run.settings.keys())
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    keys.dedup();
    keys.retain(|&key| {
        runs.iter()
            .any(|run| run.settings.get(key) != runs[0].settings.get(key))
    });
    keys
}

/// A row for each run below the names of the columns.
fn rows(
    runs: &[ComparedRun],
    differing: &[&str],
    number: fn(f64) -> String,
    count: fn(usize) -> String,
) -> Vec<Vec<String>> {
    let own = ["train_loss", "validation_loss", "parameters", "epochs"];
    let heads = ["run"]
        .into_iter()
        .chain(differing.iter().copied())
        .chain(own);
    let heads = heads.map(String::from).collect();
    let row = |run: &ComparedRun| {
        let settings = differing
            .iter()
            .map(|&key| run.settings.get(key).cloned().unwrap_or_default());
        let loss =
            |of: fn(Epoch) -> Option<f64>| run.shown.and_then(of).map_or_else(String::new, number);
        let own = [
            loss(|epoch| Some(epoch.train_loss)),
            loss(|epoch| epoch.validation_loss),
            count(run.parameters),
            count(run.history.len()),
        ];
        [run.name.clone()]
            .into_iter()
            .chain(settings)
            .chain(own)
            .collect()
    };
    [heads].into_iter().chain(runs.iter().map(row)).collect()
}

/// A specification by its text, in which 0.1 is no 0.10000000149011612.
fn as_written(spec: &impl Serialize) -> serde_json::Result<Value> {
    serde_json::from_str(&serde_json::to_string(spec)?)
}

/// Adds all values within `value` by the keys that lead to them.
fn flatten(key: &str, value: &Value, all: &mut BTreeMap<String, String>) {
    let below = |name: &str| match key {
        "" => name.to_string(),
        key => format!("{key}.{name}"),
    };
    match value {
        Value::Null => {}
        Value::Object(own) => own
            .iter()
            .for_each(|(name, value)| flatten(&below(name), value, all)),
        Value::Array(own) => (0..).zip(own).for_each(|(index, value): (usize, _)| {
            flatten(&below(&index.to_string()), value, all);
        }),
        Value::String(text) => drop(all.insert(key.into(), text.clone())),
        value => drop(all.insert(key.into(), value.to_string())),
    }
}
