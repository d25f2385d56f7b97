//! Libraries use neither the terminal nor unsafe code.

use super::violation::Violation;
use crate::workspace::Workspace;

/// The packages that talk to a terminal.
const PROGRAMS: [&str; 2] = ["latentia-cli", "xtask"];
/// What only they may use: the crates for it, and the macros.
const PROGRAM_CRATES: [&str; 2] = ["anyhow", "clap"];
const PROGRAM_MACROS: [&str; 4] = ["print!", "println!", "eprint!", "eprintln!"];

/// Libraries neither print nor parse arguments, and have errors of their own.
pub fn programs(workspace: &Workspace) -> Vec<Violation> {
    let packages = workspace.packages.iter();
    let libraries = packages.filter(|package| !PROGRAMS.contains(&package.name.as_str()));
    let right = format!("only `{}` may", PROGRAMS.join("` and `"));
    let mut violations = Vec::new();
    for package in libraries {
        for name in PROGRAM_CRATES {
            if package.dependencies.iter().any(|to| to.name == name) {
                let what = format!("depends on `{name}`, {right}");
                violations.push(Violation::in_manifest(package, what));
            }
        }
        for source in &package.sources {
            // An example is a program for people to read, and a test that leaves something out says so.
            let prints = source.is_in("examples") || source.is_in("tests");
            let macros = PROGRAM_MACROS.iter().filter(|_| !prints);
            for pattern in PROGRAM_CRATES.iter().chain(macros) {
                if let Some(line) = source.line_with(pattern) {
                    let what = format!("uses `{pattern}`, {right}");
                    violations.push(Violation::at_line(source, line, what));
                }
            }
        }
    }
    violations
}

/// Memory is safe by the compiler's word.
pub fn guarded(workspace: &Workspace) -> Vec<Violation> {
    let sources = workspace
        .packages
        .iter()
        .flat_map(|package| &package.sources);
    let mut violations = Vec::new();
    // A test may count allocations, and an allocator is an unsafe trait.
    for source in sources.filter(|source| !source.is_in("tests")) {
        let code = source
            .line_with("unsafe {")
            .or(source.line_with("unsafe impl"))
            .or(source.line_with("unsafe fn"));
        if let Some(line) = code {
            let what = "uses `unsafe`, no crate may".to_string();
            violations.push(Violation::at_line(source, line, what));
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use crate::tidy::testing::{expect, with_dependency, with_source};

    #[test]
    fn libraries_are_no_programs() {
        expect([with_dependency("crates/latentia-cli", "clap", false)], &[]);
        expect(
            [with_dependency("crates/latentia-nn", "anyhow", true)],
            &["crates/latentia-nn/Cargo.toml: depends on `anyhow`, \
               only `latentia-cli` and `xtask` may"],
        );
        let print = "fn a() { println!(); }";
        expect([with_source("xtask", "src/main.rs", print)], &[]);
        for path in ["examples/a.rs", "tests/all/main.rs"] {
            expect([with_source("crates/latentia", path, print)], &[]);
        }
        expect(
            [with_source("crates/latentia", "src/lib.rs", print)],
            &["crates/latentia/src/lib.rs:1: uses `println!`, \
               only `latentia-cli` and `xtask` may"],
        );
        expect(
            [with_source("benches", "src/lib.rs", "\nuse clap::Parser;")],
            &["benches/src/lib.rs:2: uses `clap`, only `latentia-cli` and `xtask` may"],
        );
    }

    #[test]
    fn memory_is_guarded() {
        let text = "fn a() { unsafe {} }";
        expect([with_source("benches", "tests/all.rs", text)], &[]);
        expect(
            [with_source("crates/latentia-nn", "src/lib.rs", text)],
            &["crates/latentia-nn/src/lib.rs:1: uses `unsafe`, no crate may"],
        );
    }
}
