//! All rules, one after another.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{bail, ensure};

use super::circles::circles;
use super::counts::print_counts;
use super::layers::{arrows, folders};
use super::libraries::{guarded, messages, programs};
use super::manifests::{manifests, versions};
use super::places::{latents, named_once};
use super::sizes::{median_file, short_files, short_functions, small_layer_trait};
use super::violation::Violation;
use crate::workspace::{Workspace, root};

const RULES: [fn(&Workspace) -> Vec<Violation>; 14] = [
    arrows,
    folders,
    circles,
    named_once,
    latents,
    programs,
    messages,
    manifests,
    short_files,
    median_file,
    short_functions,
    small_layer_trait,
    guarded,
    versions,
];

/// Checks all rules on this workspace, or on the one in the folder after `--root`, and prints a line for each violation.
pub fn run(arguments: &[OsString]) -> anyhow::Result<()> {
    let root = match arguments {
        [] => root()?,
        [option, folder] if option == "--root" => PathBuf::from(folder),
        _ => bail!("it goes `tidy [--root DIR]`"),
    };
    let workspace = Workspace::load(&root)?;
    print_counts(&workspace);
    let violations = check(&workspace);
    for violation in &violations {
        println!("{violation}");
    }
    let count = violations.len();
    ensure!(
        count == 0,
        "the workspace is not tidy: {count} to put right"
    );
    Ok(())
}

/// All violations.
pub fn check(workspace: &Workspace) -> Vec<Violation> {
    RULES.iter().flat_map(|rule| rule(workspace)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_workspace_is_tidy() {
        let found = check(&Workspace::load(&root().expect("a folder")).expect("this workspace"));
        let found: Vec<String> = found.iter().map(Violation::to_string).collect();
        assert!(found.is_empty(), "\n{}", found.join("\n"));
    }
}
