//! `cargo xtask onnx [--prepare] [--program PATH] [CASE...]`: holds exported models to what the program computes, by onnxruntime.
//!
//! Python's packages are installed below `target`; `--prepare` does that and no more. The program is built, unless one is named.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use crate::program::Program;
use crate::workspace::root;

/// What the script needs.
const PACKAGES: [&str; 3] = ["numpy", "onnx>=1.18", "onnxruntime>=1.20"];

/// The script.
const SCRIPT: &str = "crates/latentia-onnx/tests/runtime.py";

/// Installs what is missing, and compares.
pub fn run(arguments: &[OsString]) -> anyhow::Result<()> {
    let folder = root()?.join("target/onnx");
    let python = environment(&folder.join("environment"))?;
    if arguments.first().is_some_and(|first| first == "--prepare") {
        return Ok(());
    }
    let (program, cases) = match arguments {
        [flag, path, cases @ ..] if flag == "--program" => (path.into(), cases),
        cases => (Program::build()?.path().to_owned(), cases),
    };
    let mut check = Command::new(python);
    check.arg(root()?.join(SCRIPT)).arg(program);
    succeed(check.arg(folder.join("models")).args(cases))
}

/// The Python of an environment that has the packages.
fn environment(folder: &Path) -> anyhow::Result<PathBuf> {
    let python = folder.join("bin/python");
    if !python.exists() {
        fs::create_dir_all(folder)?;
        succeed(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
    }
    let mut pip = Command::new(&python);
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]);
    succeed(pip.args(PACKAGES))?;
    Ok(python)
}

fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status();
    let status = status.with_context(|| format!("could not run {command:?}"))?;
    ensure!(status.success(), "{command:?} failed with {status}");
    Ok(())
}
