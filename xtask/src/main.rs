//! Tasks of this workspace: `cargo xtask COMMAND`, one file a command.
#![allow(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a program for the terminal"
)]

mod bench;
mod checks;
mod dist;
mod docs;
mod download;
mod fuzz;
mod light;
mod load;
mod mpi;
mod onnx;
mod package;
mod pictures;
mod program;
mod report;
mod reproduce;
mod sanitise;
mod source;
mod statistics;
mod tidy;
mod weights;
mod workspace;

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

const COMMANDS: &str = "\
usage: cargo xtask COMMAND

commands:
  bench [FILTER]                         run the benches of the kernels, or those whose name contains FILTER
  bench train [--json] [--epochs N]      train, encode and sample by the program: speed, memory, fraction of the peak
  bench scaling [PRESET...]              time every task of a training step, and tell how it would scale to 64 cores
  bench peers [--python PATH] [--crates] [--rounds N]
                                         train the same works with others, turn by turn; adds to `benches/RESULTS.md`
  bench detect FOLDER [--python PATH] [--group NAME] [--resume]
                                         find known anomalies beside PyOD's detectors; writes `benches/DETECTION.md`
  bench detect --pictures MNIST_FOLDER [--python PATH]
                                         find pictures that do not belong; writes `benches/PICTURES.md`
  bench processes                        several processes by `mpirun`: measured and foretold; writes `docs/scale.md`
  dist                                   the program with its manual pages and completions, in `target/dist`
  docs [--check]                         write `docs/spec.md` from the types of a specification, or check that it is up to date
  download NAME [--from DIR] [--to DIR]  bring a data set from its mirrors, or from a folder
  report [--program PATH]                open pages of `latentia report` in Chromium, use them, and draw them into `target/report`
  reproduce [NAME] [--epochs N]          train what a preset expects, print expected beside obtained; without NAME, all
  reproduce denoising | probes | lossy   compare models: restored images, classes told from codes, bytes at equal quality
  reproduce samples                      how near samples of models are to real pictures, in features of a small classifier
  reproduce series                       planted faults in windows of sines, and the picture `docs/series.png`
  reproduce lossless | lossless-binary   every byte back, in as few bits as the model says
  fuzz TARGET|all [SECONDS]              feed a target of `fuzz/` what nobody expects, for 10 minutes
  light                                  what a program is built of that only reads models: at most 45 crates
  load [--python PATH] [--rows N]        ten million rows of a table, learned from and encoded, beside Keras
  mpi [--program PATH]                   several processes by `mpirun`, some of them killed: the bytes of one alone
  onnx [--prepare] [--program PATH] [CASE...]
                                         compare exported models with the program by onnxruntime, which it installs below `target`
  pictures [FILE]                        make every picture of the README anew, in `docs/`
  package                                pack every crate, build the packages, run the examples on them alone
  sanitise                               test kernels and layers with address sanitiser
  tidy [--root DIR]                      check that the workspace, or another checkout, keeps its rules
  weights --python PATH                  weights of PyTorch and Keras, here and back, by a Python that has torch and safetensors
";

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let command = arguments.next().unwrap_or_default();
    let arguments: Vec<OsString> = arguments.collect();
    let done = match command.to_str() {
        Some("bench") => bench::run(&arguments),
        Some("dist") if arguments.is_empty() => dist::run(),
        Some("docs") => docs::run(&arguments),
        Some("download") if !arguments.is_empty() => download::run(&arguments),
        Some("fuzz") => fuzz::run(&arguments),
        Some("light") if arguments.is_empty() => light::run(),
        Some("load") => load::run(&arguments),
        Some("mpi") => mpi::run(&arguments),
        Some("onnx") => onnx::run(&arguments),
        Some("pictures") => pictures::run(&arguments),
        Some("package") if arguments.is_empty() => package::run(),
        Some("report") => report::run(&arguments),
        Some("reproduce") => reproduce::run(&arguments),
        Some("sanitise") if arguments.is_empty() => sanitise::run(),
        Some("tidy") => tidy::run(&arguments),
        Some("weights") => weights::run(&arguments),
        _ => {
            eprint!("{COMMANDS}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
