//! `cargo xtask light`: what a program is built of that only reads models and uses them.

use std::collections::BTreeSet;
use std::process::Stdio;

use anyhow::{Context, ensure};

use crate::workspace::command;

/// The most crates of others.
const MOST: usize = 45;

/// Prints them, and refuses too many.
pub fn run() -> anyhow::Result<()> {
    let dependencies = dependencies()?;
    for dependency in &dependencies {
        println!("{dependency}");
    }
    let count = dependencies.len();
    println!("{count} crates, without our own");
    ensure!(
        count <= MOST,
        "`latentia` without default features has {count} dependencies, at most {MOST} would be right"
    );
    Ok(())
}

/// The crates of others that `latentia` is built of without default features, each version once.
fn dependencies() -> anyhow::Result<BTreeSet<String>> {
    let output = command("tree")?
        .args(["--package", "latentia", "--no-default-features"])
        .args(["--edges", "normal", "--prefix", "none", "--no-dedupe"])
        .stderr(Stdio::inherit())
        .output()
        .context("could not run cargo")?;
    ensure!(output.status.success(), "`cargo tree` failed");
    let lines = String::from_utf8(output.stdout)?;
    let others = lines.lines().filter(|line| !line.starts_with("latentia"));
    Ok(others.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_only_encodes_is_built_of_few_crates() {
        let found = dependencies().expect("cargo");
        assert!(found.len() <= MOST, "{}: {found:#?}", found.len());
        // The list is one of crates, and of all that is asked for.
        assert!(found.iter().any(|name| name.starts_with("safetensors ")));
    }
}
