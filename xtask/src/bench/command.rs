//! Chooses the benches to run from the arguments.

use std::ffi::OsString;

use super::{detect, peers, pictures, processes, scaling, train};
use crate::workspace::cargo;

/// Runs `train`, `scaling`, `peers` or `detect` where the first argument says so, criterion's benches otherwise.
pub fn run(arguments: &[OsString]) -> anyhow::Result<()> {
    match arguments.first().and_then(|first| first.to_str()) {
        Some("train") => train::run(&arguments[1..]),
        Some("scaling") => scaling::run(&arguments[1..]),
        Some("peers") => peers::run(&arguments[1..]),
        Some("detect") if arguments.iter().any(|a| a == "--pictures") => {
            pictures::run(&arguments[1..])
        }
        Some("detect") => detect::run(&arguments[1..]),
        Some("processes") => processes::run(&arguments[1..]),
        Some("kernels") => kernels(&arguments[1..]),
        _ => kernels(arguments),
    }
}

/// Runs criterion's benches; they are passed on, and the first without a dash filters benches by name.
fn kernels(arguments: &[OsString]) -> anyhow::Result<()> {
    cargo("bench", &["--package", "latentia-benches", "--"], arguments)
}
