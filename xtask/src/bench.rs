//! `cargo xtask bench`: the benchmarks.

use std::ffi::OsString;

use crate::workspace::cargo;

/// Runs the benchmarks; `arguments` go to criterion, the first without a dash being its filter.
pub fn run(arguments: &[OsString]) -> anyhow::Result<()> {
    cargo("bench", &["--package", "latentia-benches", "--"], arguments)
}
