//! `cargo xtask dist`: what a release has: the program, its manual pages, completions for shells, licences.

use std::fs;
use std::process::Command;

use anyhow::Context;

use crate::program::{Program, run as output_of};
use crate::workspace::root;

/// Files of the workspace that go with the program.
const FILES: [&str; 4] = ["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"];

/// Names of the completions, as their shells look for them.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "latentia.bash"),
    ("zsh", "_latentia"),
    ("fish", "latentia.fish"),
];

/// Makes `target/dist/latentia-VERSION`, anew.
pub fn run() -> anyhow::Result<()> {
    let program = Program::build()?;
    let root = root()?;
    let folder = root.join(format!(
        "target/dist/latentia-{}",
        env!("CARGO_PKG_VERSION")
    ));
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let completions = folder.join("completions");
    fs::create_dir_all(&completions)?;
    for (shell, name) in COMPLETIONS {
        let script = output_of(Command::new(program.path()).args(["completions", shell]))?;
        fs::write(completions.join(name), script.output)?;
    }
    output_of(
        Command::new(program.path())
            .arg("man")
            .arg(folder.join("man")),
    )?;
    let name = program
        .path()
        .file_name()
        .context("the program has a name")?;
    fs::copy(program.path(), folder.join(name))?;
    for name in FILES {
        fs::copy(root.join(name), folder.join(name)).with_context(|| format!("`{name}`"))?;
    }
    println!("{}", folder.display());
    Ok(())
}
