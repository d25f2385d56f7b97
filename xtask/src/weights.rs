//! `cargo xtask weights --python PATH`: holds weights of PyTorch and Keras to what these make of them, here and back.

use std::ffi::OsString;
use std::fs;
use std::process::Command;

use anyhow::bail;

use crate::checks::record;
use crate::program::{Program, run as run_command};
use crate::workspace::root;

/// The script.
const SCRIPT: &str = "crates/latentia-models/tests/weights.py";

/// Runs the script by a Python that has torch and safetensors, and records what it found.
pub fn run(arguments: &[OsString]) -> anyhow::Result<()> {
    let [flag, python] = arguments else {
        bail!("it goes `weights --python PATH`");
    };
    if flag != "--python" {
        bail!("it goes `weights --python PATH`");
    }
    let program = fs::canonicalize(Program::build()?.path())?;
    let mut check = Command::new(python);
    check.arg(root()?.join(SCRIPT)).arg(program);
    let found = run_command(check.arg(root()?.join("target/weights")))?;
    print!("{}", found.output);
    record("weights", found.output.trim())
}
