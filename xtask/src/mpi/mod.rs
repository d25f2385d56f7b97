//! `cargo xtask mpi [--program PATH]`: several processes train the model of one alone, to the byte, and write what it does of examples that
//! they share.
//!
//! Wants `mpirun`, an MPI library and libclang. The program is built with its feature `mpi`, unless one is named.

mod shares;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use crate::program::{Program, run as run_command};
use crate::workspace::root;

/// A variational autoencoder, feature maps with batch statistics, pseudo-inputs of a prior, and a penalty that needs the whole batch.
const MODELS: [(&str, &str); 5] = [
    ("vae", "--preset vae-20 --batch-size 200"),
    ("batch-norm", "--config CONFIG --batch-size 100"),
    ("vamp", "--preset vamp --batch-size 200"),
    ("factor-vae", "--preset factor-vae --batch-size 200"),
    ("beta-tcvae", "--preset beta-tcvae --batch-size 200"),
];

/// Convolutions and batch normalisation.
const BATCH_NORM: &str = r#"
[model]
likelihood = "bce"
encoder = [
    { layer = "reshape", shape = [1, 28, 28] },
    { layer = "conv", channels = 8, kernel = 3, stride = 2 },
    { layer = "batch-norm", activation = "relu" },
    { layer = "flatten" },
    { layer = "dense", units = 16 },
]
decoder = [{ layer = "dense" }]
"#;

/// Processes, and threads of each.
const CASES: [(usize, usize); 7] = [(2, 1), (3, 1), (4, 1), (1, 2), (2, 2), (3, 2), (4, 2)];

/// How often a process is killed, and how long a run may live before, in milliseconds.
const KILLED: [u64; 10] = [310, 520, 700, 350, 900, 430, 640, 1200, 480, 770];

/// The longest time from the end of a process to that of the others.
const LATEST: Duration = Duration::from_secs(10);

/// Trains in several processes, kills some of them, and compares.
pub fn run(arguments: &[OsString]) -> anyhow::Result<()> {
    let program = match arguments {
        [] => Program::build_with("mpi")?.path().to_owned(),
        [flag, path] if flag == "--program" => path.into(),
        _ => bail!("usage: cargo xtask mpi [--program PATH]"),
    };
    let folder = root()?.join("target/mpi");
    fs::create_dir_all(&folder)?;
    let config = folder.join("batch-norm.toml");
    fs::write(&config, BATCH_NORM)?;
    for (name, model) in MODELS {
        let model = model.replace("CONFIG", &config.display().to_string());
        let job = Job {
            program: &program,
            folder: folder.join(name),
            arguments: format!("train {model} --data mnist-mini --seed 1 --epochs 2"),
        };
        let alone = job.train("alone", 1, 1)?;
        for (ranks, threads) in CASES {
            let own = job.train(&format!("{ranks}-{threads}"), ranks, threads)?;
            ensure!(
                own == alone,
                "{name}: {ranks} processes of {threads} threads have other bytes"
            );
        }
        println!(
            "mpi {name}: the bytes of one process in {} ways",
            CASES.len()
        );
    }
    shares::check(&program, &folder)?;
    different(&program, &folder)?;
    killed(&program, &folder)
}

/// Processes that would not train the same model are refused.
fn different(program: &Path, folder: &Path) -> anyhow::Result<()> {
    let out = folder.join("different");
    fs::create_dir_all(&out)?;
    fs::write(out.join("own.csv"), "a,b\n1,2\n3,4\n5,6\n")?;
    fs::write(out.join("other.csv"), "a,b\n1,2\n3,4\n5,7\n")?;
    for (changed, change, what) in [
        ("--seed 1", "--seed 2", "model, training or seed"),
        ("--epochs 1", "--epochs 2", "model, training or seed"),
        ("own.csv", "other.csv", "data"),
    ] {
        let own = "train --preset table --data own.csv --seed 1 --epochs 1 --out run";
        let other = own.replace(changed, change);
        let mut command = Command::new("mpirun");
        command.args(["--allow-run-as-root", "--oversubscribe", "-n", "1"]);
        command
            .arg(program)
            .args(own.split(' '))
            .args([":", "-n", "1"]);
        let output = command
            .arg(program)
            .args(other.split(' '))
            .current_dir(&out)
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        let expected =
            format!("process 1: error: its {what} differs from that of the first process");
        ensure!(
            !output.status.success() && said.contains(&expected),
            "{change}: {said}"
        );
        ensure!(
            !out.join("run/model.safetensors").exists(),
            "{change}: it trained"
        );
    }
    println!("mpi different: processes of another seed, schedule or data are refused");
    Ok(())
}

/// Kills a process again and again, and goes on with another number of them.
fn killed(program: &Path, folder: &Path) -> anyhow::Result<()> {
    let arguments = "train --preset vae-20 --data mnist-mini --seed 2 --epochs 12 --batch-size 200";
    let job = Job {
        program,
        folder: folder.join("killed"),
        arguments: format!("{arguments} --checkpoint-every 1"),
    };
    let alone = job.train("alone", 1, 1)?;
    let out = job.empty("killed")?;
    let (mut slowest, mut deaths) = (Duration::ZERO, 0);
    for (number, milliseconds) in KILLED.into_iter().enumerate() {
        let ranks = 2 + number % 3;
        let mut launched = job.launch(&out, ranks, 1, number > 0).spawn()?;
        // Before the first checkpoint there is nothing to go on from, however slow the machine.
        while !out.join("checkpoint.safetensors").exists() && launched.try_wait()?.is_none() {
            thread::sleep(Duration::from_millis(5));
        }
        thread::sleep(Duration::from_millis(milliseconds));
        let victims = children(launched.id())?;
        let Some(victim) = victims.get(number % ranks.min(victims.len().max(1))) else {
            ensure!(
                launched.wait()?.success(),
                "a run that nobody killed failed"
            );
            continue;
        };
        Command::new("kill")
            .args(["-9", &victim.to_string()])
            .status()?;
        let since = Instant::now();
        ends(&mut launched)?;
        slowest = slowest.max(since.elapsed());
        deaths += 1;
    }
    if !out.join("model.safetensors").exists() {
        run_command(&mut job.launch(&out, 3, 1, true))?;
    }
    let own = fs::read(out.join("model.safetensors"))?;
    ensure!(own == alone, "the resumed run has other bytes");
    println!(
        "mpi killed: {deaths} deaths, all others ended within {:.1} s, the bytes of an undisturbed run",
        slowest.as_secs_f64()
    );
    Ok(())
}

/// Waits for the end of a run that has lost a process.
fn ends(launched: &mut Child) -> anyhow::Result<()> {
    let since = Instant::now();
    while launched.try_wait()?.is_none() {
        if since.elapsed() > LATEST {
            launched.kill()?;
            bail!("a process was lost, and the others went on for {LATEST:?}");
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// The processes that process `parent` has started.
fn children(parent: u32) -> anyhow::Result<Vec<u32>> {
    let path = format!("/proc/{parent}/task/{parent}/children");
    let text = fs::read_to_string(path).unwrap_or_default();
    text.split_whitespace()
        .map(|id| id.parse().context("a number of a process"))
        .collect()
}

/// A run to be trained in several ways.
struct Job<'a> {
    program: &'a Path,
    folder: PathBuf,
    arguments: String,
}

impl Job<'_> {
    /// The model of `ranks` processes.
    fn train(&self, name: &str, ranks: usize, threads: usize) -> anyhow::Result<Vec<u8>> {
        let out = self.empty(name)?;
        run_command(&mut self.launch(&out, ranks, threads, false))?;
        Ok(fs::read(out.join("model.safetensors"))?)
    }

    /// A folder of that name without what was there.
    fn empty(&self, name: &str) -> anyhow::Result<PathBuf> {
        let out = self.folder.join(name);
        if out.exists() {
            fs::remove_dir_all(&out)?;
        }
        Ok(out)
    }

    /// A run into `out`.
    fn launch(&self, out: &Path, ranks: usize, threads: usize, resumes: bool) -> Command {
        let mut command = match ranks {
            1 => Command::new(self.program),
            _ => {
                let mut command = Command::new("mpirun");
                command.args(["--allow-run-as-root", "--oversubscribe", "-n"]);
                command.arg(ranks.to_string()).arg(self.program);
                command
            }
        };
        command.args(self.arguments.split(' '));
        command
            .args(["--threads", &threads.to_string(), "--out"])
            .arg(out);
        if resumes {
            command.arg("--resume");
        }
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
}
