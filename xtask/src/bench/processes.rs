//! `cargo xtask bench processes`: what several processes bring, measured on this machine and foretold for others; writes `docs/scale.md`.

use std::ffi::OsString;
use std::fmt::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use super::machine::load_average;
use super::report;
use crate::program::Program;
use crate::statistics::{median, minimum};
use crate::workspace::{cargo, root};

/// Epochs of each run, the first of which does not count.
const EPOCHS: usize = 4;

/// Runs of each kind, turn by turn.
const ROUNDS: usize = 3;

/// Bytes of a gradient that go from one process of one thread to the next at a time.
const MESSAGE: f64 = (4 << 14) as f64;

/// Processes and threads of each, as they are measured.
const WAYS: [(usize, usize); 4] = [(1, 1), (1, 2), (2, 1), (4, 1)];

/// Machines that are foretold.
const MACHINES: [f64; 8] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0];

/// Networks: name, seconds of a short message, and bytes a second. The bytes are those of the name, the seconds are what TCP over 10 Gb/s Ethernet
/// and RDMA over 100 Gb/s take as a rule; they are not measured here.
const NETWORKS: [(&str, f64, f64); 2] = [("10 Gb/s", 25e-6, 1.25e9), ("100 Gb/s", 3e-6, 12.5e9)];

/// What is trained: a preset, its batch sizes, its data and the examples of an epoch, the examples of a block, its parameters, and the share of its
/// work that is gradients of weights, by the products of a step.
struct Work {
    preset: &'static str,
    batches: [usize; 2],
    data: &'static str,
    examples: f64,
    block: f64,
    parameters: f64,
    gradients: f64,
}

const MNIST: Work = Work {
    preset: "mnist",
    batches: [256, 1024],
    data: "mnist",
    examples: 60_000.0,
    block: 16.0,
    parameters: 402_000.0,
    gradients: 2.0 / 5.0,
};

const CONV_VAE: Work = Work {
    preset: "conv-vae",
    batches: [128, 512],
    data: "mnist-mini",
    examples: 5_000.0,
    block: 8.0,
    parameters: 134_165.0,
    gradients: 1.0 / 3.0,
};

/// Parameters of the large model that is foretold: dense, of many inputs.
const LARGE: f64 = 1e8;

/// What a step costs.
#[derive(Clone, Copy)]
struct Cost {
    /// Seconds of each example, on one thread of one process.
    example: f64,
    /// Seconds of each step whatever its batch: the update.
    step: f64,
    /// Examples in a block: no more processes than blocks have work.
    block: f64,
    parameters: f64,
    gradients: f64,
}

/// What a message costs.
#[derive(Clone, Copy)]
struct Network {
    latency: f64,
    messages: f64,
    broadcasts: f64,
}

impl Cost {
    /// From the seconds of a step of two batch sizes.
    fn of(work: &Work, seconds: [f64; 2]) -> Self {
        let [small, large] = work.batches.map(|batch| batch as f64);
        let example = (seconds[1] - seconds[0]) / (large - small);
        Self {
            example,
            step: (seconds[0] - small * example).max(0.0),
            block: work.block,
            parameters: work.parameters,
            gradients: work.gradients,
        }
    }

    /// Seconds of a step of `batch` examples in `processes`.
    fn seconds(self, batch: f64, processes: f64, network: Network) -> f64 {
        let blocks = (batch / self.block).ceil();
        let own = ((blocks / processes).ceil() * self.block).min(batch);
        let work = own * self.example;
        if processes <= 1.0 {
            return work + self.step;
        }
        let bytes = 4.0 * self.parameters;
        let messages = (bytes / MESSAGE).max(1.0);
        // The last process begins when the sum has come through the others, a part at a time.
        let part = self.gradients * work / messages
            + network.latency
            + bytes / messages / network.messages;
        let fill = (processes.min(blocks) - 1.0) * part;
        let totals = bytes / network.broadcasts + network.latency * processes.log2().ceil();
        let losses = processes * network.latency;
        // What the last process hands on and takes, beside its own work.
        let taken = bytes / network.messages;
        work + self.step + fill + taken + totals + losses
    }
}

/// Measures, foretells, and writes.
pub fn run(arguments: &[OsString]) -> anyhow::Result<()> {
    ensure!(arguments.is_empty(), "usage: cargo xtask bench processes");
    let before = load_average();
    let program = Program::build_with("mpi")?;
    let here = messages()?;
    let mut text = format!(
        "\n## Measured here\n\nA message of 8 bytes between two processes takes {:.1} µs, one of 64 KiB goes at {:.1} GB/s, a broadcast of 1.6 MB at \
         {:.1} GB/s. Milliseconds a step, medians of {} epochs; in brackets what the model foretells, which knows of one process of one thread \
         alone. Four processes share two cores: the model is asked for half of their speed there.\n\n\
         | work | batch | 1 process | 1 of 2 threads | 2 processes | 4 processes | 2 processes / 2 threads |\n|---|---|---|---|---|---|---|\n",
        1e6 * here.latency,
        1e-9 * here.messages,
        1e-9 * here.broadcasts,
        ROUNDS * (EPOCHS - 1),
    );
    let mut costs = Vec::new();
    for work in [MNIST, CONV_VAE] {
        let measured = work.batches.map(|batch| measure(&program, &work, batch));
        let [small, large] = measured;
        let measured = [small?, large?];
        let cost = Cost::of(&work, [measured[0][0], measured[1][0]]);
        for (batch, [one, threads, two, four]) in work.batches.into_iter().zip(measured) {
            let foretold = |processes| 1e3 * cost.seconds(batch as f64, processes, here);
            writeln!(
                text,
                "| `{}` | {batch} | {:.2} ({:.2}) | {:.2} | {:.2} ({:.2}) | {:.2} ({:.2}) | {:.2} |",
                work.preset,
                1e3 * one,
                foretold(1.0),
                1e3 * threads,
                1e3 * two,
                foretold(2.0),
                1e3 * four,
                // Two of them work at a time, on two cores.
                2.0 * foretold(4.0),
                two / threads,
            )?;
        }
        costs.push((work.preset, work.batches[1] as f64, cost));
    }
    let mnist = costs[0].2;
    costs.push((
        "dense, 10⁸ parameters",
        1024.0,
        Cost {
            example: mnist.example * LARGE / mnist.parameters,
            step: mnist.step * LARGE / mnist.parameters,
            block: 64.0,
            parameters: LARGE,
            gradients: 1.0 / 3.0,
        },
    ));
    text.push_str(&foretell(&costs));
    report::write("docs/scale.md", HEAD, before, &text)
}

/// How many times as fast so many machines are, with as many examples each as one has, and with the batch of one cut among them.
fn foretell(costs: &[(&str, f64, Cost)]) -> String {
    let mut text = "\n## Foretold\n\nHow many times as many examples a second machines work off, each with one thread as here. *One batch*: the batch of one \
        machine cut among them. *A batch each*: a batch that grows with them, which learns differently.\n\n"
        .to_string();
    let machines: Vec<String> = MACHINES.iter().map(f64::to_string).collect();
    let _ = writeln!(
        text,
        "| work | network | | {} | bends at |",
        machines.join(" | ")
    );
    let _ = writeln!(text, "|{}", "---|".repeat(MACHINES.len() + 4));
    for (name, batch, cost) in costs {
        for (network, latency, bytes) in NETWORKS {
            let network_of = Network {
                latency,
                messages: bytes,
                broadcasts: bytes,
            };
            for (what, grows) in [("one batch", false), ("a batch each", true)] {
                let speed = |machines: f64| {
                    let batch = if grows { batch * machines } else { *batch };
                    batch / cost.seconds(batch, machines, network_of)
                };
                let ups: Vec<f64> = MACHINES.iter().map(|&n| speed(n) / speed(1.0)).collect();
                // Where a machine more brings less than half of itself.
                let bend = MACHINES
                    .iter()
                    .zip(&ups)
                    .find(|(machines, up)| **up < 0.5 * **machines);
                let bend =
                    bend.map_or_else(|| "beyond".into(), |(machines, _)| machines.to_string());
                let cells: Vec<String> = ups.iter().map(|up| format!("{up:.1}")).collect();
                let _ = writeln!(
                    text,
                    "| {name}, batch {batch} | {network} | {what} | {} | {bend} |",
                    cells.join(" | ")
                );
            }
        }
    }
    text.push_str(NEXT);
    text
}

/// Seconds of a step in each of [`WAYS`].
fn measure(program: &Program, work: &Work, batch: usize) -> anyhow::Result<[f64; 4]> {
    let mut seconds = [const { Vec::new() }; 4];
    for _ in 0..ROUNDS {
        for ((ranks, threads), own) in WAYS.into_iter().zip(&mut seconds) {
            own.extend(epochs(program, work, batch, ranks, threads)?);
        }
    }
    let steps = (work.examples / batch as f64).ceil();
    Ok(seconds.map(|seconds| median(&seconds) / steps))
}

/// Seconds of each epoch but the first.
fn epochs(
    program: &Program,
    work: &Work,
    batch: usize,
    ranks: usize,
    threads: usize,
) -> anyhow::Result<Vec<f64>> {
    let mut command = match ranks {
        1 => Command::new(program.path()),
        _ => {
            let mut command = Command::new("mpirun");
            command.args(["--allow-run-as-root", "--oversubscribe", "-n"]);
            command.arg(ranks.to_string()).arg(program.path());
            command
        }
    };
    let out = root()?.join("target/bench/processes");
    command.args([
        "train",
        "--preset",
        work.preset,
        "--data",
        work.data,
        "--force",
        "--json",
    ]);
    command.args(["--epochs", &EPOCHS.to_string()]);
    command.args([
        "--batch-size",
        &batch.to_string(),
        "--threads",
        &threads.to_string(),
    ]);
    let run = crate::program::run(command.arg("--out").arg(out).stderr(Stdio::null()))?;
    let report: Value = serde_json::from_str(&run.output)?;
    let seconds: Vec<f64> = serde_json::from_value(report["epoch_seconds"].clone())?;
    ensure!(seconds.len() == EPOCHS, "`{}` stopped early", work.preset);
    Ok(seconds[1..].to_vec())
}

/// What messages cost between two processes of this machine.
fn messages() -> anyhow::Result<Network> {
    let build = [
        "--quiet",
        "--release",
        "--package",
        "latentia-mpi",
        "--features",
        "mpi",
    ];
    cargo(
        "build",
        &[&build[..], &["--example", "messages"]].concat(),
        &[],
    )?;
    let example = root()?.join("target/release/examples/messages");
    let mut tries = Vec::new();
    for _ in 0..ROUNDS {
        let mut command = Command::new("mpirun");
        command.args(["--allow-run-as-root", "--oversubscribe", "-n", "2"]);
        let output = crate::program::run(command.arg(&example))?.output;
        let numbers = output.split_whitespace().map(str::parse);
        let numbers: Vec<f64> = numbers.collect::<Result<_, _>>()?;
        let [latency, messages, broadcasts] = numbers[..] else {
            bail!("`messages` printed `{output}`");
        };
        tries.push([latency, 1.0 / messages, 1.0 / broadcasts]);
    }
    let best = |at: usize| minimum(&tries.iter().map(|own| own[at]).collect::<Vec<_>>());
    tries.first().context("a try")?;
    Ok(Network {
        latency: best(0),
        messages: 1.0 / best(1),
        broadcasts: 1.0 / best(2),
    })
}

const HEAD: &str = "\
# From one machine to several

What several processes bring, by a model of their cost that is held to what two and four of them take here. `cargo xtask bench processes`
writes this page.

A step of `B` examples in `P` processes takes

    T = c · own + u                        the examples of one process, and the update, which all of them do
      + (P - 1) · (g · c · own / m + λ + 64 KiB / β)
                                           until the sum of a gradient's first part has come to the last process
      + S / β                              what the last process takes of the others' sums
      + S / β + λ · log₂ P                 the totals, handed to all
      + P · λ                              the losses of all blocks

where `own` are the examples of the process with the most blocks (of 16, in `conv-vae` of 8, in the large one of 64), `c` seconds of an example, `u` of an update, `g` the share of the
work that is gradients of weights, `S` bytes of all gradients, in `m` parts, `λ` seconds of a short message and `β` bytes a second. `c` and `u`
come from one process of one thread at two batch sizes, `λ` and `β` from messages between two processes.
";

const NEXT: &str = "
*Bends at*: the first number of machines of which each brings less than half of what it would alone.

What would be next, in the order of what it brings: losses gathered by one operation instead of one a process; totals handed out part by part
while later parts are still summed; several threads a machine, which divide `c` and nothing else; sums within a machine before those between machines; fewer
bytes (halves instead of floats, or the largest elements alone) and local steps, several updates before a sum: both give other bits than one
process, and are worth it only where the table bends early.
";
