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

/// A library knows of no flags and no commands: its errors are told by types, to which a program adds what its user can do.
pub fn messages(workspace: &Workspace) -> Vec<Violation> {
    let packages = workspace.packages.iter();
    let libraries = packages.filter(|p| p.is_crate() && !PROGRAMS.contains(&p.name.as_str()));
    let sources = libraries.flat_map(|package| &package.sources);
    let mut violations = Vec::new();
    for source in sources.filter(|source| source.is_in("src") && !source.is_test()) {
        let code = source
            .text
            .lines()
            .take_while(|line| *line != "#[cfg(test)]");
        for (number, line) in (1..).zip(code) {
            if !line.trim_start().starts_with("//") && names_flag(line) {
                let what = "names a flag or a command, only a program may".to_owned();
                violations.push(Violation::at_line(source, number, what));
            }
        }
    }
    violations
}

/// Whether a line has `--flag` or `` `program command` `` in it.
fn names_flag(line: &str) -> bool {
    let mut flags = line.split("--").skip(1);
    flags.any(|flag| flag.starts_with(|c: char| c.is_ascii_lowercase()))
        || line.contains("`latentia ")
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
    fn libraries_know_of_no_flags() {
        for right in [
            "// With `--force`.",
            "fn a(n: i32) -> i32 { n - -1 }",
            "#[cfg(test)]\nconst A: &str = \"--force\";",
        ] {
            expect([with_source("crates/latentia-nn", "src/a.rs", right)], &[]);
        }
        let flag = "\nconst A: &str = \"begin anew with --force\";";
        expect([with_source("crates/latentia-cli", "src/a.rs", flag)], &[]);
        for (wrong, line) in [
            (flag, 2),
            ("const A: &str = \"as in `latentia train`\";", 1),
        ] {
            let expected = format!(
                "crates/latentia-nn/src/a.rs:{line}: names a flag or a command, only a program may"
            );
            expect(
                [with_source("crates/latentia-nn", "src/a.rs", wrong)],
                &[&expected],
            );
        }
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
