//! Which benches are asked for.

use std::ffi::OsString;

use super::{peers, train};
use crate::workspace::cargo;

/// Runs what `arguments` ask for: `train`, `peers`, or else criterion.
pub fn run(arguments: &[OsString]) -> anyhow::Result<()> {
    match arguments.first().and_then(|first| first.to_str()) {
        Some("train") => train::run(&arguments[1..]),
        Some("peers") => peers::run(&arguments[1..]),
        Some("kernels") => kernels(&arguments[1..]),
        _ => kernels(arguments),
    }
}

/// Runs criterion's benches; `arguments` go to it, the first without a dash being its filter.
fn kernels(arguments: &[OsString]) -> anyhow::Result<()> {
    cargo("bench", &["--package", "latentia-benches", "--"], arguments)
}
