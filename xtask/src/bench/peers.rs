//! `cargo xtask bench peers`: the works by others, turn by turn with ours.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use super::machine::{Machine, load_average};
use super::work::{WORKS, Work};
use crate::program::{Program, run as run_command};
use crate::statistics::median;
use crate::workspace::root;

/// Scripts in `benches/peers`: each trains a work and prints `version`, `epoch_seconds` and `train_loss`.
const SCRIPTS: [&str; 1] = ["jax_works.py"];

/// Where the tables are kept.
const RESULTS: &str = "benches/RESULTS.md";

/// Epochs of a turn; the first does not count.
const EPOCHS: usize = 7;

/// Epochs of a turn where an epoch is too short to measure: those of the preset `tiny`, and all count.
const WHOLE_RUN: usize = 100;

/// Trains each work with each peer and adds a table to the results.
pub fn run(arguments: &[OsString]) -> anyhow::Result<()> {
    let (python, rounds) = parse(arguments)?;
    let mnist = mnist_folder()?;
    let program = Program::build()?;
    let load = load_average();
    let mut rows = Vec::new();
    for script in SCRIPTS {
        let script = root()?.join("benches/peers").join(script);
        for work in &WORKS {
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            for _ in 0..rounds {
                ours.push(turn(&program, work)?);
                theirs.push(turn_of_peer(&python, &script, work, &mnist)?);
            }
            rows.push(row(work, &ours, &theirs)?);
        }
    }
    let load = [load, load_average()].map(|load| load.map_or("-".into(), |load| load.to_string()));
    let table = format!(
        "\n{}; load average {} before, {} after; {rounds} rounds.\n\n\
         | work | peer | ours, s | peer, s | peer / ours | our loss | peer's loss |\n\
         |---|---|---|---|---|---|---|\n{}",
        Machine::this().line(),
        load[0],
        load[1],
        rows.concat()
    );
    let path = root()?.join(RESULTS);
    let mut file = OpenOptions::new()
        .append(true)
        .open(&path)
        .with_context(|| format!("could not open `{}`", path.display()))?;
    file.write_all(table.as_bytes())?;
    print!("{table}");
    Ok(())
}

/// `--python PATH [--rounds N]`
fn parse(arguments: &[OsString]) -> anyhow::Result<(PathBuf, usize)> {
    let (mut python, mut rounds) = (None, 3);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let value = arguments.next();
        match argument.to_str() {
            Some("--python") => python = value.map(PathBuf::from),
            Some("--rounds") => {
                rounds = value
                    .and_then(|number| number.to_str()?.parse().ok())
                    .filter(|&rounds| rounds > 0)
                    .context("--rounds takes a number from 1")?;
            }
            _ => bail!("`bench peers` takes --python PATH [--rounds N], not {argument:?}"),
        }
    }
    let python =
        python.context("`bench peers` needs --python PATH, a Python that has the peers")?;
    Ok((python, rounds))
}

/// The folder that holds MNIST's files, which the peers read themselves.
fn mnist_folder() -> anyhow::Result<PathBuf> {
    let folder = env::var_os("LATENTIA_DATA_DIR")
        .filter(|folder| !folder.is_empty())
        .context("the peers read MNIST in the folder `LATENTIA_DATA_DIR`, which is not set")?;
    let folder = Path::new(&folder).join("mnist");
    ensure!(folder.is_dir(), "no folder `{}`", folder.display());
    Ok(folder)
}

/// What a training took: seconds an epoch, or of a whole run; and the mean loss in its last epoch.
struct Turn {
    version: String,
    seconds: f64,
    train_loss: f64,
}

impl Turn {
    fn new(work: &Work, version: String, epoch_seconds: &[f64], train_loss: f64) -> Self {
        let seconds = match work.whole_runs {
            true => epoch_seconds.iter().sum(),
            false => median(epoch_seconds.get(1..).unwrap_or_default()),
        };
        Self {
            version,
            seconds,
            train_loss,
        }
    }
}

fn epochs(work: &Work) -> usize {
    match work.whole_runs {
        true => WHOLE_RUN,
        false => EPOCHS,
    }
}

fn turn(program: &Program, work: &Work) -> anyhow::Result<Turn> {
    let trained = work.train(program, None, Some(epochs(work)))?;
    let version = String::from("latentia");
    Ok(Turn::new(
        work,
        version,
        &trained.epoch_seconds,
        trained.train_loss,
    ))
}

fn turn_of_peer(python: &Path, script: &Path, work: &Work, mnist: &Path) -> anyhow::Result<Turn> {
    let epochs = epochs(work).to_string();
    let work_name = OsStr::new(work.preset);
    let mut command = Command::new(python);
    command.args([script.as_os_str(), work_name, mnist.as_os_str()]);
    let run = run_command(command.args(["--epochs", &epochs]))?;
    let report: Value = serde_json::from_str(&run.output)?;
    let missing = |key: &str| format!("`{}` gave no `{key}`", script.display());
    let seconds: Vec<f64> = serde_json::from_value(report["epoch_seconds"].clone())
        .with_context(|| missing("epoch_seconds"))?;
    let version = report["version"]
        .as_str()
        .with_context(|| missing("version"))?;
    let loss = report["train_loss"]
        .as_f64()
        .with_context(|| missing("train_loss"))?;
    Ok(Turn::new(work, version.into(), &seconds, loss))
}

fn row(work: &Work, ours: &[Turn], theirs: &[Turn]) -> anyhow::Result<String> {
    let seconds = |turns: &[Turn]| turns.iter().map(|turn| turn.seconds).collect::<Vec<_>>();
    let (our_seconds, their_seconds) = (seconds(ours), seconds(theirs));
    let all = |seconds: &[f64]| {
        let seconds: Vec<String> = seconds.iter().map(|s| format!("{s:.4}")).collect();
        seconds.join(", ")
    };
    let (Some(our_last), Some(their_last)) = (ours.last(), theirs.last()) else {
        bail!("`{}` had no round", work.preset);
    };
    Ok(format!(
        "| `{}` | {} | {} | {} | {:.2} | {:.5} | {:.5} |\n",
        work.preset,
        their_last.version,
        all(&our_seconds),
        all(&their_seconds),
        median(&their_seconds) / median(&our_seconds),
        our_last.train_loss,
        their_last.train_loss,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_epoch_of_a_turn_does_not_count() {
        let seconds = |work, epochs: &[f64]| Turn::new(work, String::new(), epochs, 0.0).seconds;
        assert_eq!(seconds(&WORKS[0], &[9.0, 1.0, 3.0, 2.0]), 2.0);
        assert_eq!(seconds(&WORKS[3], &[9.0, 1.0, 3.0, 2.0]), 15.0);
    }

    #[test]
    fn the_ratio_is_of_medians() {
        let turn = |seconds, train_loss| Turn {
            version: "JAX 1".into(),
            seconds,
            train_loss,
        };
        let ours = [turn(1.0, 0.5), turn(2.0, 0.5), turn(9.0, 0.5)];
        let theirs = [turn(6.0, 0.25), turn(5.0, 0.25), turn(4.0, 0.25)];
        assert_eq!(
            row(&WORKS[0], &ours, &theirs).expect("three rounds"),
            "| `mnist` | JAX 1 | 1.0000, 2.0000, 9.0000 | 6.0000, 5.0000, 4.0000 | 2.50 | 0.50000 | 0.25000 |\n"
        );
    }
}
