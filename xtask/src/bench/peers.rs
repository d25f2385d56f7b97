//! `cargo xtask bench peers`: other libraries train the same workloads, alternating with ours.

use std::env;
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use super::machine::{Machine, load_average};
use super::workload::{CONVOLUTIONS, WORKLOADS, Workload};
use crate::program::{Program, run as run_command};
use crate::statistics::median;
use crate::workspace::root;

/// A program in `benches/peers` that trains workloads and prints `version`, `epoch_seconds` and `train_loss`.
struct Peer {
    /// A Python script, or the folder of a crate.
    source: &'static str,
    /// Further arguments.
    flags: &'static [&'static str],
    /// The Python module that it needs; none for a crate.
    module: Option<&'static str>,
    /// Workloads that it does not implement.
    lacks: &'static [&'static str],
}

const PEERS: [Peer; 6] = [
    Peer {
        source: "jax_works.py",
        flags: &[],
        module: Some("jax"),
        lacks: &[],
    },
    Peer {
        source: "torch_works.py",
        flags: &[],
        module: Some("torch"),
        lacks: &[],
    },
    Peer {
        source: "torch_works.py",
        flags: &["--compile"],
        module: Some("torch"),
        lacks: &[],
    },
    Peer {
        source: "keras_works.py",
        flags: &[],
        module: Some("tensorflow"),
        lacks: &["vae-20", "conv", "conv-vae"],
    },
    Peer {
        source: "candle",
        flags: &[],
        module: None,
        lacks: &["conv", "conv-vae"],
    },
    Peer {
        source: "burn",
        flags: &[],
        module: None,
        lacks: &["conv", "conv-vae"],
    },
];

/// Fewer page faults: without these a peer written in Rust returns its memory after each step and asks for it again.
const MEMORY: [(&str, &str); 2] = [
    ("MALLOC_MMAP_THRESHOLD_", "1000000000"),
    ("MALLOC_TRIM_THRESHOLD_", "4000000000"),
];

/// Where the tables are written.
const RESULTS: &str = "benches/RESULTS.md";

/// Epochs of a turn; the first is warm-up.
const EPOCHS: usize = 7;

/// Epochs of a turn where an epoch takes long.
const FEW_EPOCHS: usize = 2;

/// Epochs of a turn where an epoch is too short to measure: those of the preset `tiny`, all of them measured.
const WHOLE_RUN: usize = 100;

/// Trains each workload with each peer that is installed and adds a table to the results.
pub fn run(arguments: &[OsString]) -> anyhow::Result<()> {
    let asked = parse(arguments)?;
    let mnist = mnist_folder()?;
    let program = Program::build()?;
    let mut peers = Vec::new();
    for peer in &PEERS {
        match peer.launcher(&asked)? {
            Some(launcher) => peers.push((peer, launcher)),
            None => eprintln!("left out: {} {}", peer.source, peer.flags.join(" ")),
        }
    }
    ensure!(
        !peers.is_empty(),
        "no peer is here: --python names a Python with jax, torch or tensorflow, --crates builds candle and burn"
    );
    let load = load_average();
    let mut rows = String::new();
    let workloads = WORKLOADS.iter().chain(&CONVOLUTIONS);
    for workload in workloads.filter(|workload| asked.wants(workload)) {
        let mut ours = Vec::new();
        let mut theirs: Vec<Vec<Turn>> = peers.iter().map(|_| Vec::new()).collect();
        for _ in 0..asked.rounds {
            ours.push(turn(&program, workload)?);
            for ((peer, launcher), turns) in peers.iter().zip(&mut theirs) {
                if !peer.lacks.contains(&workload.preset) {
                    turns.push(turn_of_peer(peer, launcher, workload, &mnist)?);
                }
            }
        }
        for turns in theirs.iter().filter(|turns| !turns.is_empty()) {
            rows += &row(workload, &ours, turns)?;
        }
    }
    let load = [load, load_average()].map(|load| load.map_or("-".into(), |load| load.to_string()));
    let table = format!(
        "\n{}; load average {} before, {} after; {} rounds.\n\n\
         | work | peer | ours, s | peer, s | peer / ours | our loss | peer's loss | our MB | peer's MB |\n\
         |---|---|---|---|---|---|---|---|---|\n{rows}",
        Machine::this().line(),
        load[0],
        load[1],
        asked.rounds,
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

/// What the command line asks for.
struct Asked {
    python: Option<PathBuf>,
    crates: bool,
    rounds: usize,
    /// Only these; all where none is named.
    workloads: Vec<String>,
}

impl Asked {
    fn wants(&self, workload: &Workload) -> bool {
        self.workloads.is_empty() || self.workloads.iter().any(|name| name == workload.preset)
    }
}

/// `[--python PATH] [--crates] [--rounds N] [--works NAME,...]`
fn parse(arguments: &[OsString]) -> anyhow::Result<Asked> {
    let mut asked = Asked {
        python: None,
        crates: false,
        rounds: 3,
        workloads: Vec::new(),
    };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--python") => {
                let path = arguments.next().context("--python takes a path")?;
                asked.python = Some(path.into());
            }
            Some("--crates") => asked.crates = true,
            Some("--works") => {
                let names = arguments.next().and_then(|names| names.to_str());
                let names = names.context("--works takes names, with commas between them")?;
                asked.workloads = names.split(',').map(String::from).collect();
                let mut all = WORKLOADS.iter().chain(&CONVOLUTIONS);
                let known = |name: &String| all.clone().any(|workload| workload.preset == name);
                if let Some(unknown) = asked.workloads.iter().find(|name| !known(name)) {
                    let known: Vec<&str> = all.by_ref().map(|workload| workload.preset).collect();
                    bail!("no work `{unknown}`; there are {}", known.join(", "));
                }
            }
            Some("--rounds") => {
                asked.rounds = arguments
                    .next()
                    .and_then(|number| number.to_str()?.parse().ok())
                    .filter(|&rounds| rounds > 0)
                    .context("--rounds takes a number from 1")?;
            }
            _ => bail!(
                "`bench peers` takes [--python PATH] [--crates] [--rounds N] [--works NAME,...], not {argument:?}"
            ),
        }
    }
    Ok(asked)
}

impl Peer {
    /// The command that trains, before the workload is named; none where the peer is not installed or not requested.
    fn launcher(&self, asked: &Asked) -> anyhow::Result<Option<Vec<OsString>>> {
        let source = root()?.join("benches/peers").join(self.source);
        let mut launcher = Vec::new();
        if let Some(module) = self.module {
            let Some(python) = &asked.python else {
                return Ok(None);
            };
            let mut import = Command::new(python);
            import.args(["-c", &format!("import {module}")]);
            let found = import.stderr(Stdio::null()).status();
            let found = found.with_context(|| format!("could not run `{}`", python.display()))?;
            if !found.success() {
                return Ok(None);
            }
            launcher.extend([python.clone().into(), source.into()]);
        } else {
            if !asked.crates {
                return Ok(None);
            }
            let target = root()?.join("target/peers");
            let mut build = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
            build.args(["build", "--quiet", "--release", "--manifest-path"]);
            build.arg(source.join("Cargo.toml"));
            let built = build.arg("--target-dir").arg(&target).status()?;
            ensure!(built.success(), "could not build `{}`", source.display());
            let name = format!("{}-works{}", self.source, env::consts::EXE_SUFFIX);
            launcher.push(target.join("release").join(name).into());
        }
        launcher.extend(self.flags.iter().map(OsString::from));
        Ok(Some(launcher))
    }
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

/// A training run: seconds per epoch or of the whole run, and the mean loss of its last epoch.
struct Turn {
    version: String,
    seconds: f64,
    train_loss: f64,
    peak_bytes: Option<u64>,
}

impl Turn {
    fn new(
        workload: &Workload,
        version: String,
        epoch_seconds: &[f64],
        train_loss: f64,
        peak_bytes: Option<u64>,
    ) -> Self {
        let seconds = match workload.whole_runs {
            true => epoch_seconds.iter().sum(),
            false => median(epoch_seconds.get(1..).unwrap_or_default()),
        };
        Self {
            version,
            seconds,
            train_loss,
            peak_bytes,
        }
    }
}

fn epochs(workload: &Workload) -> usize {
    match workload.whole_runs {
        true => WHOLE_RUN,
        false if CONVOLUTIONS.iter().any(|c| c.preset == workload.preset) => FEW_EPOCHS,
        false => EPOCHS,
    }
}

fn turn(program: &Program, workload: &Workload) -> anyhow::Result<Turn> {
    let trained = workload.train(program, None, Some(epochs(workload)))?;
    let version = String::from("latentia");
    Ok(Turn::new(
        workload,
        version,
        &trained.epoch_seconds,
        trained.train_loss,
        trained.peak_bytes,
    ))
}

fn turn_of_peer(
    peer: &Peer,
    launcher: &[OsString],
    workload: &Workload,
    mnist: &Path,
) -> anyhow::Result<Turn> {
    let [program, arguments @ ..] = launcher else {
        bail!("a peer without a program");
    };
    let threads = thread::available_parallelism()?.to_string();
    let mut command = Command::new(program);
    command.args(arguments).arg(workload.preset).arg(mnist);
    command.args(["--epochs", &epochs(workload).to_string()]);
    // Threads of PyTorch that wait for each other without sleeping are a third faster on `mnist`.
    command.env("OMP_WAIT_POLICY", "active");
    if peer.module.is_none() {
        command.envs(MEMORY).env("RAYON_NUM_THREADS", threads);
    }
    let run = run_command(&mut command)?;
    let report: Value = serde_json::from_str(&run.output)
        .with_context(|| format!("`{}` gave {}", peer.source, run.output.trim()))?;
    let missing = |key: &str| format!("`{}` gave no `{key}`", peer.source);
    let seconds: Vec<f64> = serde_json::from_value(report["epoch_seconds"].clone())
        .with_context(|| missing("epoch_seconds"))?;
    let version = report["version"]
        .as_str()
        .with_context(|| missing("version"))?;
    let loss = report["train_loss"]
        .as_f64()
        .with_context(|| missing("train_loss"))?;
    Ok(Turn::new(
        workload,
        version.into(),
        &seconds,
        loss,
        run.peak_bytes,
    ))
}

fn row(workload: &Workload, ours: &[Turn], theirs: &[Turn]) -> anyhow::Result<String> {
    let seconds = |turns: &[Turn]| turns.iter().map(|turn| turn.seconds).collect::<Vec<_>>();
    let (our_seconds, their_seconds) = (seconds(ours), seconds(theirs));
    let all = |seconds: &[f64]| {
        let seconds: Vec<String> = seconds.iter().map(|s| format!("{s:.4}")).collect();
        seconds.join(", ")
    };
    let (Some(our_last), Some(their_last)) = (ours.last(), theirs.last()) else {
        bail!("`{}` had no round", workload.preset);
    };
    Ok(format!(
        "| `{}` | {} | {} | {} | {:.2} | {:.5} | {:.5} | {} | {} |\n",
        workload.preset,
        their_last.version,
        all(&our_seconds),
        all(&their_seconds),
        median(&their_seconds) / median(&our_seconds),
        our_last.train_loss,
        their_last.train_loss,
        most_memory(ours),
        most_memory(theirs),
    ))
}

/// Peak resident memory over all turns, in megabytes.
fn most_memory(turns: &[Turn]) -> String {
    let peak = turns.iter().filter_map(|turn| turn.peak_bytes).max();
    peak.map_or("-".into(), |bytes| format!("{:.0}", bytes as f64 / 1e6))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_epoch_of_a_turn_does_not_count() {
        let seconds = |workload, epochs: &[f64]| {
            Turn::new(workload, String::new(), epochs, 0.0, None).seconds
        };
        assert_eq!(seconds(&WORKLOADS[0], &[9.0, 1.0, 3.0, 2.0]), 2.0);
        assert_eq!(seconds(&WORKLOADS[3], &[9.0, 1.0, 3.0, 2.0]), 15.0);
    }

    #[test]
    fn the_ratio_is_of_medians() {
        let turn = |seconds, train_loss| Turn {
            version: "JAX 1".into(),
            seconds,
            train_loss,
            peak_bytes: Some(2_000_000),
        };
        let ours = [turn(1.0, 0.5), turn(2.0, 0.5), turn(9.0, 0.5)];
        let theirs = [turn(6.0, 0.25), turn(5.0, 0.25), turn(4.0, 0.25)];
        assert_eq!(
            row(&WORKLOADS[0], &ours, &theirs).expect("three rounds"),
            "| `mnist` | JAX 1 | 1.0000, 2.0000, 9.0000 | 6.0000, 5.0000, 4.0000 | 2.50 | 0.50000 | 0.25000 | 2 | 2 |\n"
        );
    }
}
