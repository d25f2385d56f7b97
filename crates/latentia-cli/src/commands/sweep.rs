//! `latentia sweep`

use std::cell::RefCell;
use std::env;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::bail;
use latentia_models::Preset;
use latentia_nn::Alone;
use rayon::ThreadPool;

use super::train::{Data, Job, check_whole, data_of, named_after, read_to_choose};
use crate::args::{SweepArgs, TrainArgs};
use crate::inputs::Loader;
use crate::terminal::{Ended, UsageError, count, counted, describe, suggestion, tell};
use crate::training::{
    Combination, Grid, Interrupt, RunFolder, RunRecord, RunResult, SweepTable, TriedRun, Workers,
    experiment,
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
            .unwrap_or_else(|| Path::new("sweeps").join(named_after(&name, args.data.as_deref())));
        named = Some((name, data));
        runs.extend(seeds(args).into_iter().map(|seed| Planned {
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
    sweep.run(runs)
}

/// The seeds of each combination, each once.
fn seeds(args: &SweepArgs) -> Vec<u64> {
    let mut seeds = args.seed.clone();
    seeds.sort_unstable();
    seeds.dedup();
    seeds
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

impl Planned {
    /// The same run of 1 / `part` of its epochs, in a folder beside its own.
    fn shortened(&self, part: u32) -> Self {
        let mut preset = self.preset.clone();
        let training = &mut preset.training;
        training.epochs = (training.epochs / part).max(1);
        training.steps = training.steps.map(|steps| (steps / part).max(1));
        let mut folder = self.folder.clone().into_os_string();
        folder.push(format!("-1-of-{part}"));
        Self {
            combination: self.combination.clone(),
            args: self.args.clone(),
            preset,
            folder: folder.into(),
        }
    }
}

impl Sweep<'_> {
    fn run(&self, mut runs: Vec<Planned>) -> anyhow::Result<Ended> {
        if let Some(keep) = self.args.halving {
            let combinations = (runs.len() / seeds(self.args).len()) as u32;
            for rung in (1..=combinations.max(1).ilog(keep)).rev() {
                match self.best_of(runs, keep, keep.pow(rung))? {
                    Some(best) => runs = best,
                    None => return Ok(Ended::Interrupted),
                }
            }
        }
        let Some(tried) = self.train_all(&runs)? else {
            return Ok(Ended::Interrupted);
        };
        let table = self.table(&runs, &tried);
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

    /// The best 1 in `keep` of the combinations of `runs` by 1 / `part` of their epochs; nothing where the user has ended it.
    fn best_of(
        &self,
        runs: Vec<Planned>,
        keep: u32,
        part: u32,
    ) -> anyhow::Result<Option<Vec<Planned>>> {
        let short: Vec<Planned> = runs.iter().map(|run| run.shortened(part)).collect();
        let Some(tried) = self.train_all(&short)? else {
            return Ok(None);
        };
        let table = self.table(&short, &tried);
        let combinations = runs.len() / seeds(self.args).len();
        let best = table.best_combinations(combinations.div_ceil(keep as usize));
        if best.is_empty() {
            bail!("no run has come to its end: {}", table.failures());
        }
        tell(&format!(
            "{} of {} go on, after 1/{part} of the epochs",
            counted(best.len(), "combination"),
            count(combinations)
        ));
        let goes_on = |run: &Planned| best.contains(&&run.combination);
        Ok(Some(runs.into_iter().filter(goes_on).collect()))
    }

    fn table<'a>(&self, runs: &[Planned], tried: &'a [TriedRun<'a>]) -> SweepTable<'a> {
        let expected = runs.first().and_then(|run| run.preset.expected.as_ref());
        let measure = self.args.measure.as_deref();
        SweepTable::of(tried, measure.or(expected.map(|own| own.metric.as_str())))
    }

    /// Trains what is left of `runs`; nothing where the user has ended it.
    fn train_all<'a>(&self, runs: &'a [Planned]) -> anyhow::Result<Option<Vec<TriedRun<'a>>>> {
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
        let queue = runs.iter().zip(records).enumerate();
        let (queue, tried) = (Mutex::new(queue), Mutex::new(Vec::new()));
        let workers = Workers::of(self.args.parallel, runs.len() - complete)?;
        let ended = workers.each(|pool| {
            loop {
                let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some((number, (run, record))) = next else {
                    return Ok(Ended::Done);
                };
                let name = format!("run {} of {}", number + 1, runs.len());
                let Some(outcome) = self.outcome(&name, run, record, pool) else {
                    return Ok(Ended::Interrupted);
                };
                if let Ok(result) = &outcome {
                    self.check_measure(result)?;
                }
                let run = TriedRun {
                    combination: &run.combination,
                    seed: run.args.seed,
                    folder: &run.folder,
                    outcome,
                };
                let mut tried = tried.lock().unwrap_or_else(PoisonError::into_inner);
                tried.push((number, run));
            }
        })?;
        if ended == Ended::Interrupted && workers.are_several() {
            tell("interrupted: the same command goes on");
        }
        let mut tried = tried.into_inner().unwrap_or_else(PoisonError::into_inner);
        tried.sort_by_key(|&(number, _)| number);
        let tried = tried.into_iter().map(|(_, run)| run).collect();
        Ok((ended == Ended::Done).then_some(tried))
    }

    /// What a run gave, as its record has it or as it is trained now, by the threads of `pool` where it has some of its own; nothing where the
    /// user has ended it.
    fn outcome(
        &self,
        name: &str,
        run: &Planned,
        record: RunRecord,
        pool: Option<&ThreadPool>,
    ) -> Option<Result<RunResult, String>> {
        if let Some(result) = record.result {
            return Some(Ok(result));
        }
        if self.interrupt.is_asked_for() {
            return None;
        }
        let (seed, label) = (run.args.seed, run.combination.label());
        let comma = if label.is_empty() { "" } else { ", " };
        tell(&format!("{name}: {label}{comma}seed {seed}"));
        let trained = match pool {
            Some(pool) => pool.install(|| self.train(run, record)),
            None => self.train(run, record),
        };
        match trained {
            Ok(result) => {
                if let (Some(result), Some(_)) = (&result, pool) {
                    tell(&format!("{name}: {}", result.in_words()));
                }
                result.map(Ok)
            }
            Err(error) => {
                let error = describe(&error);
                match pool {
                    Some(_) => tell(&format!("{name} failed: {error}")),
                    None => tell(&format!("failed: {error}")),
                }
                Some(Err(error))
            }
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
