//! `latentia sweep`

use std::cell::RefCell;
use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;
use latentia_models::Preset;
use latentia_nn::Alone;

use super::train::{Data, Job, check_whole, data_of, read_to_choose};
use crate::args::{SweepArgs, TrainArgs};
use crate::inputs::Loader;
use crate::terminal::{Ended, UsageError, count, counted, describe, suggestion, tell};
use crate::training::{
    Combination, Grid, Interrupt, RunFolder, RunRecord, RunResult, SweepTable, TriedRun, experiment,
};

/// Runs that nobody is asked about.
const MANY: u64 = 1_000;

/// A run of the grid.
struct Planned {
    combination: Combination,
    args: TrainArgs,
    preset: Preset,
    folder: PathBuf,
}

pub(super) fn run(args: &SweepArgs, loader: &Loader) -> anyhow::Result<Ended> {
    check_whole(args.data.as_deref())?;
    let grid = Grid::of(args)?;
    check_size(args, &grid)?;
    let loader = loader.with_examples(args.examples);
    let loader = loader.with_target(args.target.as_deref());
    let loader = loader.with_columns(&args.columns)?;
    let common = args.train();
    let read = read_to_choose(&common, &loader)?;
    let mut runs = Vec::new();
    let mut named: Option<(String, String)> = None;
    for combination in grid.combinations(args.random.map(|count| (count, args.random_seed))) {
        let first = combination.train(&common, args.seed[0]);
        let (name, preset) = experiment(&first, read.as_ref().map(|source| &source.train))?;
        let data = data_of(&first, &name, &preset)?;
        if named.as_ref().is_some_and(|(_, before)| *before != data) {
            return Err(
                UsageError("a sweep is of one data set: leave `data` out of --set".into()).into(),
            );
        }
        let out = args
            .out
            .clone()
            .unwrap_or_else(|| Path::new("sweeps").join(&name));
        named = Some((name, data));
        let mut seeds = args.seed.clone();
        seeds.sort_unstable();
        seeds.dedup();
        runs.extend(seeds.into_iter().map(|seed| Planned {
            args: combination.train(&common, seed),
            folder: out.join(combination.folder(seed)),
            preset: preset.clone(),
            combination: combination.clone(),
        }));
    }
    let Some((name, data)) = named else {
        return Ok(Ended::Done);
    };
    let source = match read {
        Some(source) => source,
        None => loader.load(&data)?,
    };
    let sweep = Sweep {
        args,
        name: &name,
        data: Data::of(&data, source)?,
        interrupt: Interrupt::default(),
    };
    sweep.run(&runs)
}

/// Asks about a sweep that takes long.
fn check_size(args: &SweepArgs, grid: &Grid) -> Result<(), UsageError> {
    let drawn = args.random.map_or(u64::MAX, |count| count as u64);
    let runs = grid
        .size()
        .min(drawn)
        .saturating_mul(args.seed.len() as u64);
    match runs > MANY && !args.yes {
        true => Err(UsageError(format!(
            "these are {} runs: --yes trains them all, --random N some of them",
            count(usize::try_from(runs).unwrap_or(usize::MAX))
        ))),
        false => Ok(()),
    }
}

/// What all runs have in common.
struct Sweep<'a> {
    args: &'a SweepArgs,
    name: &'a str,
    data: Data,
    interrupt: Interrupt,
}

impl Sweep<'_> {
    fn run(&self, runs: &[Planned]) -> anyhow::Result<Ended> {
        // What is in the way is told before anything is trained.
        let records = runs.iter().map(|run| self.record(run));
        let records = records.collect::<anyhow::Result<Vec<RunRecord>>>()?;
        let complete = records
            .iter()
            .filter(|record| record.result.is_some())
            .count();
        if complete > 0 {
            tell(&format!(
                "{} of {} complete already",
                counted(complete, "run"),
                count(runs.len())
            ));
        }
        let mut tried = Vec::new();
        for (number, (run, record)) in runs.iter().zip(records).enumerate() {
            let outcome = match record.result {
                Some(result) => Ok(result),
                None => {
                    let (seed, label) = (run.args.seed, run.combination.label());
                    let comma = if label.is_empty() { "" } else { ", " };
                    tell(&format!(
                        "run {} of {}: {label}{comma}seed {seed}",
                        number + 1,
                        runs.len()
                    ));
                    match self.train(run, record) {
                        Ok(Some(result)) => Ok(result),
                        Ok(None) => return Ok(Ended::Interrupted),
                        Err(error) => Err(describe(&error)),
                    }
                }
            };
            match &outcome {
                Ok(result) => self.check_measure(result)?,
                Err(error) => tell(&format!("failed: {error}")),
            }
            tried.push(TriedRun {
                combination: &run.combination,
                seed: run.args.seed,
                folder: &run.folder,
                outcome,
            });
        }
        let expected = runs.first().and_then(|run| run.preset.expected.as_ref());
        let measure = self.args.measure.as_deref();
        let table = SweepTable::of(&tried, measure.or(expected.map(|own| own.metric.as_str())));
        let out = runs
            .first()
            .and_then(|run| run.folder.parent())
            .unwrap_or(Path::new("."));
        table.write_csv(&out.join("sweep.csv"))?;
        let words = env::args_os().skip(1);
        let words: Vec<String> = words
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        match self.args.json {
            true => table.print_json(&words)?,
            false => table.print_text(&out.join("sweep.csv"), &words)?,
        }
        match tried.iter().filter(|run| run.outcome.is_err()).count() {
            0 => Ok(Ended::Done),
            failed => bail!(
                "{} of {} failed: {}",
                counted(failed, "run"),
                runs.len(),
                table.failures()
            ),
        }
    }

    /// What is known of a run by its folder.
    fn record(&self, run: &Planned) -> anyhow::Result<RunRecord> {
        let folder = RunFolder::new(run.folder.clone());
        let known = (&*self.data.name, &*self.data.all);
        let own = RunRecord::planned((self.name, &run.preset), known, run.args.seed)?;
        let found = match RunRecord::read(&folder) {
            Err(_) if self.args.force => return Ok(own),
            found => found?,
        };
        match found {
            Some(found) if self.args.force && found.plan != own.plan => Ok(own),
            Some(found) => own.check_same(&found, &run.folder).map(|()| found),
            None if self.args.force => Ok(own),
            None => folder.check_free().map(|()| own),
        }
    }

    /// Trains a run, or what is left of it; nothing where the user has ended it.
    fn train(&self, run: &Planned, mut record: RunRecord) -> anyhow::Result<Option<RunResult>> {
        let folder = RunFolder::new(run.folder.clone());
        let is_begun = RunRecord::read(&folder)
            .is_ok_and(|found| found.is_some_and(|found| found.plan == record.plan));
        if !is_begun {
            // That of another run.
            folder.remove_checkpoint()?;
            record.write(&folder)?;
        }
        let resume = folder.checkpoint().exists();
        let args = TrainArgs {
            resume: resume.then_some(None),
            force: !resume,
            ..run.args.clone()
        };
        let result = RefCell::new(None);
        let job = Job {
            args: &args,
            data: &self.data,
            name: self.name,
            preset: run.preset.clone(),
            folder: run.folder.clone(),
            interrupt: &self.interrupt,
            keeps_command: false,
            how_to_resume: "the same command goes on",
        };
        let ended = job.train(Arc::new(Alone), &|summary| {
            *result.borrow_mut() = Some(RunResult::of(summary)?);
            Ok(())
        })?;
        record.result = result.into_inner();
        match ended {
            Ended::Interrupted => Ok(None),
            Ended::Done => {
                record.write(&folder)?;
                // As it is read by whoever goes on, to the bit.
                Ok(RunRecord::read(&folder)?.and_then(|record| record.result))
            }
        }
    }

    /// Refuses a measure that a run does not have.
    fn check_measure(&self, result: &RunResult) -> Result<(), UsageError> {
        match &self.args.measure {
            Some(name) if result.measure(name).is_none() => {
                let seen = name.trim_start_matches('-');
                let known = suggestion(seen, &result.measures());
                Err(UsageError(format!(
                    "these runs have no measure `{seen}`; {known}"
                )))
            }
            _ => Ok(()),
        }
    }
}
