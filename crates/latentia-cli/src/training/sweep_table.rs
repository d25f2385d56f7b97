//! What came of a sweep.

use std::collections::BTreeMap;
use std::path::Path;

use latentia_models::{ModelError, write_atomically};
use serde_json::{Map, Value, json};

use super::grid::Combination;
use super::run_record::RunResult;
use crate::terminal::{count, counted, number, print, shell_word, table, tell};

/// A run, as it ended.
pub struct TriedRun<'a> {
    /// Its settings.
    pub combination: &'a Combination,
    /// Its seed.
    pub seed: u64,
    /// Where it is.
    pub folder: &'a Path,
    /// What it gave, or why nothing.
    pub outcome: Result<RunResult, String>,
}

/// The runs of a sweep by a measure, of which less is better.
pub struct SweepTable<'a> {
    runs: &'a [TriedRun<'a>],
    measure: String,
    rows: Vec<Row<'a>>,
}

/// The runs of one combination.
struct Row<'a> {
    combination: &'a Combination,
    /// Values with their runs, the least first.
    values: Vec<(f64, &'a TriedRun<'a>)>,
    parameters: usize,
}

impl Row<'_> {
    fn median(&self) -> f64 {
        let (count, value) = (self.values.len(), |place: usize| self.values[place].0);
        (value((count - 1) / 2) + value(count / 2)) / 2.0
    }

    fn range(&self) -> [f64; 2] {
        [self.values[0].0, self.values[self.values.len() - 1].0]
    }
}

impl<'a> SweepTable<'a> {
    /// Runs by `measure` where they have that, else by the loss of validation, else by that of training. The runs of a combination lie
    /// beside each other.
    pub fn of(runs: &'a [TriedRun<'a>], measure: Option<&str>) -> Self {
        let complete = || runs.iter().filter_map(|run| run.outcome.as_ref().ok());
        let all_have = |name: &&str| complete().all(|result| result.measure(name).is_some());
        let names = measure.into_iter().chain(["validation_loss", "train_loss"]);
        let measure = names
            .into_iter()
            .find(all_have)
            .unwrap_or("train_loss")
            .to_string();
        let mut rows: Vec<Row<'_>> = Vec::new();
        for run in runs {
            let Some((result, value)) = run
                .outcome
                .as_ref()
                .ok()
                .and_then(|result| Some((result, result.measure(&measure)?)))
            else {
                continue;
            };
            match rows
                .last_mut()
                .filter(|row| row.combination == run.combination)
            {
                Some(row) => row.values.push((value, run)),
                None => rows.push(Row {
                    combination: run.combination,
                    values: vec![(value, run)],
                    parameters: result.parameters,
                }),
            }
        }
        for row in &mut rows {
            row.values.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        rows.sort_by(|a, b| a.median().total_cmp(&b.median()));
        Self {
            runs,
            measure,
            rows,
        }
    }

    /// The best run of the combination with the least median.
    fn best(&self) -> Option<&'a TriedRun<'a>> {
        Some(self.rows.first()?.values.first()?.1)
    }

    /// The `count` combinations with the least medians.
    pub fn best_combinations(&self, count: usize) -> Vec<&'a Combination> {
        let best = self.rows.iter().take(count);
        best.map(|row| row.combination).collect()
    }

    /// Each run that failed, and why.
    pub fn failures(&self) -> String {
        let failed = self.runs.iter().filter_map(|run| {
            let why = run.outcome.as_ref().err()?;
            Some(format!("`{}`: {why}", run.folder.display()))
        });
        failed.collect::<Vec<_>>().join("; ")
    }

    /// Writes every run as CSV.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_csv(&self, path: &Path) -> Result<(), ModelError> {
        write_atomically(path, |out| {
            let mut writer = csv::Writer::from_writer(out);
            let keys = self
                .runs
                .first()
                .map_or(&[][..], |run| &run.combination.settings);
            let keys = keys.iter().map(|(key, _)| key.as_str());
            let others = [
                "seed",
                &self.measure,
                "parameters",
                "epochs",
                "folder",
                "failure",
            ];
            writer.write_record(keys.chain(others))?;
            for run in self.runs {
                let settings = run
                    .combination
                    .settings
                    .iter()
                    .map(|(_, value)| value.clone());
                let result = run.outcome.as_ref().ok();
                let of = |cell: fn(&RunResult) -> String| result.map_or_else(String::new, cell);
                let value = result.and_then(|result| result.measure(&self.measure));
                let others = [
                    run.seed.to_string(),
                    value.map_or_else(String::new, |value| value.to_string()),
                    of(|result| result.parameters.to_string()),
                    of(|result| result.epochs.to_string()),
                    run.folder.to_string_lossy().into_owned(),
                    run.outcome.as_ref().err().cloned().unwrap_or_default(),
                ];
                writer.write_record(settings.chain(others))?;
            }
            writer.flush()
        })
    }

    /// Prints one JSON object, with the seconds of each run.
    ///
    /// # Errors
    /// When the standard output cannot be written.
    pub fn print_json(&self, command: &[String]) -> anyhow::Result<()> {
        let settings = |combination: &Combination| -> Map<String, Value> {
            let settings = combination.settings.iter();
            settings
                .map(|(key, value)| (key.clone(), value.as_str().into()))
                .collect()
        };
        let runs = self.runs.iter().map(|run| {
            let result = run.outcome.as_ref().ok();
            json!({
                "settings": settings(run.combination),
                "seed": run.seed,
                "folder": run.folder.to_string_lossy(),
                "value": result.and_then(|result| result.measure(&self.measure)),
                "result": result,
                "failure": run.outcome.as_ref().err(),
            })
        });
        let rows = self.rows.iter().map(|row| {
            let [min, max] = row.range();
            json!({
                "settings": settings(row.combination),
                "median": row.median(),
                "min": min,
                "max": max,
                "runs": row.values.len(),
                "parameters": row.parameters,
            })
        });
        let best = self.best().map(|run| {
            json!({
                "settings": settings(run.combination),
                "seed": run.seed,
                "model": model(run),
                "command": train_command(command, run),
            })
        });
        let report = json!({
            "measure": self.measure,
            "combinations": rows.collect::<Vec<_>>(),
            "best": best,
            "runs": runs.collect::<Vec<_>>(),
        });
        print(&format!("{}\n", serde_json::to_string_pretty(&report)?))
    }

    /// Prints a row for each combination, the best first; says which run is the best, and how it is trained.
    ///
    /// # Errors
    /// When the standard output cannot be written.
    pub fn print_text(&self, csv: &Path, command: &[String]) -> anyhow::Result<()> {
        let heads = ["median", "min", "max", "runs", "parameters"].map(String::from);
        let mut lines = vec![[vec![self.measure.clone()], heads.to_vec()].concat()];
        lines.extend(self.rows.iter().map(|row| {
            let label = match row.combination.label() {
                label if label.is_empty() => "as the preset has it".into(),
                label => label,
            };
            let [min, max] = row.range();
            let runs = count(row.values.len());
            let numbers = [row.median(), min, max].map(number);
            [
                vec![label],
                numbers.to_vec(),
                vec![runs, count(row.parameters)],
            ]
            .concat()
        }));
        print(&table(&lines))?;
        let runs = counted(self.runs.len(), "run");
        tell(&format!("wrote {}: {runs}", csv.display()));
        if let Some(best) = self.best() {
            let (model, command) = (model(best), train_command(command, best));
            tell(&format!("best: {}\n      {command}", shell_word(&model)));
        }
        Ok(())
    }
}

fn model(run: &TriedRun<'_>) -> String {
    let path = run.folder.join("model.safetensors");
    path.to_string_lossy().into_owned()
}

/// The command that trains a run by itself, of the words that asked for the sweep.
fn train_command(sweep: &[String], run: &TriedRun<'_>) -> String {
    /// What only a sweep takes, or takes several values of; whether a value follows.
    const OWN: [(&str, bool); 14] = [
        ("sweep", false),
        ("--yes", false),
        ("--force", false),
        ("--json", false),
        ("--halving", false),
        ("--out", true),
        ("--set", true),
        ("--latent", true),
        ("--batch-size", true),
        ("--learning-rate", true),
        ("--seed", true),
        ("--parallel", true),
        ("--random", true),
        ("--random-seed", true),
    ];
    let own: BTreeMap<&str, bool> = OWN.into_iter().chain([("--measure", true)]).collect();
    let mut words = vec!["latentia".to_string(), "train".into()];
    let mut given = sweep.iter();
    let mut is_named = false;
    while let Some(word) = given.next() {
        let name = word.split('=').next().unwrap_or_default();
        match own.get(name) {
            // The command itself is named once: another one is a value.
            Some(false) if name == "sweep" && is_named => words.push(word.clone()),
            Some(false) => is_named |= name == "sweep",
            Some(true) if word.contains('=') => {}
            Some(true) => drop(given.next()),
            None => words.push(word.clone()),
        }
    }
    words.extend(run.combination.arguments());
    words.extend(["--seed".into(), run.seed.to_string()]);
    let words = words.iter().map(|word| shell_word(word));
    words.collect::<Vec<_>>().join(" ")
}
