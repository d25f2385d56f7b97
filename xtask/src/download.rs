//! `cargo xtask download`: fetches data sets by the program itself.

use std::ffi::OsString;

use crate::workspace::cargo;

/// Runs `latentia data fetch` with `arguments`.
pub fn run(arguments: &[OsString]) -> anyhow::Result<()> {
    let program = ["--release", "--package", "latentia-cli"];
    let command = ["--", "data", "fetch"];
    cargo("run", &[&program[..], &command].concat(), arguments)
}
