//! `cargo xtask tidy`: the rules of the workspace that no compiler checks.

use std::collections::HashSet;
use std::fmt;

use anyhow::ensure;
use toml::{Table, Value};

use crate::source::Source;
use crate::workspace::{Package, Workspace};

/// The layers: each crate, and the crates of this workspace that it may be built on.
const LAYERS: [(&str, &[&str]); 8] = [
    ("latentia-tensor", &[]),
    ("latentia-nn", &["latentia-tensor"]),
    ("latentia-models", &["latentia-nn", "latentia-tensor"]),
    (
        "latentia-codec",
        &["latentia-models", "latentia-nn", "latentia-tensor"],
    ),
    ("latentia-data", &["latentia-tensor"]),
    (
        "latentia",
        &[
            "latentia-codec",
            "latentia-data",
            "latentia-models",
            "latentia-nn",
            "latentia-tensor",
        ],
    ),
    (
        "latentia-cli",
        &[
            "latentia",
            "latentia-codec",
            "latentia-data",
            "latentia-models",
            "latentia-nn",
            "latentia-tensor",
        ],
    ),
    // Others use it in their tests only.
    ("latentia-testing", &[]),
];

/// The packages that talk to a terminal.
const PROGRAMS: [&str; 2] = ["latentia-cli", "xtask"];
/// What only they may use: the crates for it, and the macros.
const PROGRAM_CRATES: [&str; 2] = ["anyhow", "clap"];
const PROGRAM_MACROS: [&str; 4] = ["print!", "println!", "eprint!", "eprintln!"];

/// What one file alone may name: a library that can be exchanged there, and the network.
const NAMED_ONCE: [(&str, &str); 3] = [
    ("faer::", "crates/latentia-tensor/src/linalg.rs"),
    ("ureq", "crates/latentia-cli/src/fetch.rs"),
    ("std::net", "crates/latentia-cli/src/fetch.rs"),
];

/// Lines of a file, its tests apart.
const LINES: usize = 500;

const RULES: [fn(&Workspace) -> Vec<Violation>; 8] = [
    arrows,
    folders,
    named_once,
    programs,
    manifests,
    short_files,
    guarded,
    versions,
];

/// A rule that a file breaks.
#[derive(Debug)]
struct Violation {
    file: String,
    /// What is there, and what would be right.
    what: String,
}

impl Violation {
    fn at_line(source: &Source, line: usize, what: String) -> Self {
        Self {
            file: format!("{}:{line}", source.path),
            what,
        }
    }

    fn in_manifest(package: &Package, what: String) -> Self {
        Self {
            file: package.manifest_path(),
            what,
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.what)
    }
}

/// Checks every rule and prints what breaks one, a line each.
pub fn run() -> anyhow::Result<()> {
    let violations = check(&Workspace::load()?);
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

fn check(workspace: &Workspace) -> Vec<Violation> {
    RULES.iter().flat_map(|rule| rule(workspace)).collect()
}

/// Crates are built on each other along the layers only; tests may use what they like, and so may tools.
fn arrows(workspace: &Workspace) -> Vec<Violation> {
    let ours: HashSet<&str> = workspace
        .packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    let mut violations = Vec::new();
    for package in workspace
        .packages
        .iter()
        .filter(|package| package.is_crate())
    {
        let name = &package.name;
        let Some((_, allowed)) = LAYERS.iter().find(|(layer, _)| layer == name) else {
            let what = format!("`{name}` has no layer, give it one in `xtask/src/tidy.rs`");
            violations.push(Violation::in_manifest(package, what));
            continue;
        };
        for to in &package.dependencies {
            let to_name = to.name.as_str();
            if to.development || !ours.contains(to_name) || allowed.contains(&to_name) {
                continue;
            }
            let right = match allowed {
                [] => "no crate of this workspace".to_owned(),
                _ => format!("`{}`", allowed.join("`, `")),
            };
            let what = format!("`{name}` depends on `{to_name}`, may depend on {right}");
            violations.push(Violation::in_manifest(package, what));
        }
    }
    violations
}

/// A crate is found by its name.
fn folders(workspace: &Workspace) -> Vec<Violation> {
    let packages = workspace.packages.iter();
    packages
        .filter(|package| {
            package.is_crate() && package.folder != format!("crates/{}", package.name)
        })
        .map(|package| {
            let name = &package.name;
            let what = format!("holds the crate `{name}`, its folder would be `crates/{name}`");
            Violation::in_manifest(package, what)
        })
        .collect()
}

/// What can be exchanged, or has to be looked after, is in one place.
fn named_once(workspace: &Workspace) -> Vec<Violation> {
    let crates = workspace.packages.iter();
    let sources = crates
        .filter(|package| package.is_crate())
        .flat_map(|package| &package.sources)
        .filter(|source| source.is_in("src"));
    let mut violations = Vec::new();
    for source in sources {
        for (name, place) in NAMED_ONCE {
            if source.path != place
                && let Some(line) = source.line_with(name)
            {
                let what = format!("names `{name}`, only `{place}` may");
                violations.push(Violation::at_line(source, line, what));
            }
        }
    }
    violations
}

/// Libraries neither print nor parse arguments, and have errors of their own.
fn programs(workspace: &Workspace) -> Vec<Violation> {
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

/// Every manifest says what the package is for, and takes licence and lints from the workspace.
fn manifests(workspace: &Workspace) -> Vec<Violation> {
    let mut violations = Vec::new();
    for package in &workspace.packages {
        let section = |name| package.manifest.get(name).and_then(Value::as_table);
        let mut require = |holds: bool, what: &str| {
            if !holds {
                violations.push(Violation::in_manifest(package, what.to_owned()));
            }
        };
        let description = package.description.as_deref().unwrap_or_default();
        require(
            !description.trim().is_empty(),
            "has no `description`, one line on what it is for would be right",
        );
        let licence = section("package").and_then(|package| package.get("license"));
        require(
            licence.is_some_and(is_from_workspace),
            "has a licence of its own or none, `license.workspace = true` would be right",
        );
        let lints = section("lints").and_then(|lints| lints.get("workspace"));
        require(
            lints.and_then(Value::as_bool) == Some(true),
            "does not take the lints of the workspace, `lints.workspace = true` would be right",
        );
    }
    violations
}

/// A file holds one concept.
fn short_files(workspace: &Workspace) -> Vec<Violation> {
    let sources = workspace
        .packages
        .iter()
        .flat_map(|package| &package.sources);
    sources
        .filter(|source| !source.is_in("tests") && !source.path.ends_with("/tests.rs"))
        .filter_map(|source| {
            let lines = source.lines_before_tests();
            (lines > LINES).then(|| Violation {
                file: source.path.clone(),
                what: format!("has {lines} lines before its tests, at most {LINES} would be right"),
            })
        })
        .collect()
}

/// Memory is safe by the compiler's word.
fn guarded(workspace: &Workspace) -> Vec<Violation> {
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

/// Versions stand in one table, at the root.
fn versions(workspace: &Workspace) -> Vec<Violation> {
    let mut violations = Vec::new();
    for package in &workspace.packages {
        let targets = package.manifest.get("target").and_then(Value::as_table);
        let targets = targets.into_iter().flat_map(Table::values);
        let tables = targets
            .filter_map(Value::as_table)
            .chain([&package.manifest]);
        for (name, dependency) in tables.flat_map(dependencies) {
            if !is_from_workspace(dependency) {
                let what = format!(
                    "has its own source of `{name}`, `{name}.workspace = true` and a line in the root's \
                     `Cargo.toml` would be right"
                );
                violations.push(Violation::in_manifest(package, what));
            }
        }
    }
    violations
}

/// All that a manifest, or its part for one target, depends on.
fn dependencies(table: &Table) -> impl Iterator<Item = (&String, &Value)> {
    ["dependencies", "dev-dependencies", "build-dependencies"]
        .into_iter()
        .filter_map(|kind| table.get(kind).and_then(Value::as_table))
        .flatten()
}

fn is_from_workspace(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    /// A package that keeps all rules.
    fn package(folder: &str) -> Package {
        let (_, name) = folder.rsplit_once('/').unwrap_or(("", folder));
        let manifest = "package.license.workspace = true\nlints.workspace = true";
        Package {
            name: name.to_owned(),
            folder: folder.to_owned(),
            description: Some("Something".to_owned()),
            manifest: manifest.parse().expect("a manifest"),
            dependencies: Vec::new(),
            sources: vec![source(folder, "src/lib.rs", "//! Something.\n")],
        }
    }

    fn source(folder: &str, path: &str, text: &str) -> Source {
        Source {
            path: format!("{folder}/{path}"),
            text: text.to_owned(),
        }
    }

    fn with_dependency(folder: &str, name: &str, development: bool) -> Package {
        let name = name.to_owned();
        let dependencies = vec![Dependency { name, development }];
        Package {
            dependencies,
            ..package(folder)
        }
    }

    fn with_manifest(folder: &str, manifest: &str) -> Package {
        Package {
            manifest: manifest.parse().expect("a manifest"),
            ..package(folder)
        }
    }

    fn with_source(folder: &str, path: &str, text: &str) -> Package {
        Package {
            sources: vec![source(folder, path, text)],
            ..package(folder)
        }
    }

    #[track_caller]
    fn expect(packages: impl IntoIterator<Item = Package>, expected: &[&str]) {
        let packages = packages.into_iter().collect();
        let found = check(&Workspace { packages });
        let found: Vec<String> = found.iter().map(Violation::to_string).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn this_workspace_is_tidy() {
        let found = check(&Workspace::load().expect("this workspace"));
        let found: Vec<String> = found.iter().map(Violation::to_string).collect();
        assert!(found.is_empty(), "\n{}", found.join("\n"));
    }

    #[test]
    fn arrows_follow_the_layers() {
        let arrow = |from: &str, to: &str, development| {
            [
                with_dependency(from, to, development),
                package(&format!("crates/{to}")),
            ]
        };
        expect(arrow("crates/latentia-nn", "latentia-tensor", false), &[]);
        expect(arrow("crates/latentia-nn", "latentia-testing", true), &[]);
        expect(arrow("benches", "latentia-testing", false), &[]);
        expect(
            arrow("crates/latentia-nn", "latentia-data", false),
            &[
                "crates/latentia-nn/Cargo.toml: `latentia-nn` depends on `latentia-data`, \
               may depend on `latentia-tensor`",
            ],
        );
        expect(
            arrow("crates/latentia-tensor", "latentia-testing", false),
            &[
                "crates/latentia-tensor/Cargo.toml: `latentia-tensor` depends on `latentia-testing`, \
               may depend on no crate of this workspace",
            ],
        );
        expect(
            [package("crates/latentia-web")],
            &[
                "crates/latentia-web/Cargo.toml: `latentia-web` has no layer, \
               give it one in `xtask/src/tidy.rs`",
            ],
        );
    }

    #[test]
    fn folders_have_the_name_of_their_crate() {
        let moved = Package {
            folder: "crates/neural".to_owned(),
            ..package("crates/latentia-nn")
        };
        expect(
            [moved],
            &["crates/neural/Cargo.toml: holds the crate `latentia-nn`, \
               its folder would be `crates/latentia-nn`"],
        );
    }

    #[test]
    fn faer_and_the_network_have_one_place() {
        let names = |folder: &str, path: &str, text: &str| with_source(folder, path, text);
        expect(
            [
                names("crates/latentia-tensor", "src/linalg.rs", "use faer::Par;"),
                names("crates/latentia-cli", "src/fetch.rs", "use ureq::Agent;"),
                names("benches", "benches/gemm.rs", "use faer::Par;"),
                names(
                    "crates/latentia-cli",
                    "tests/a.rs",
                    "use std::net::TcpListener;",
                ),
            ],
            &[],
        );
        expect(
            [
                names(
                    "crates/latentia-tensor",
                    "src/gemm.rs",
                    "\nuse faer::Par;\n",
                ),
                names(
                    "crates/latentia-data",
                    "src/url.rs",
                    "use std::net::TcpStream;",
                ),
            ],
            &[
                "crates/latentia-tensor/src/gemm.rs:2: names `faer::`, \
                 only `crates/latentia-tensor/src/linalg.rs` may",
                "crates/latentia-data/src/url.rs:1: names `std::net`, \
                 only `crates/latentia-cli/src/fetch.rs` may",
            ],
        );
    }

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
    fn manifests_are_complete() {
        let bare = Package {
            description: None,
            ..with_manifest("benches", "package.license = \"MIT\"")
        };
        expect(
            [bare],
            &[
                "benches/Cargo.toml: has no `description`, one line on what it is for would be right",
                "benches/Cargo.toml: has a licence of its own or none, \
                 `license.workspace = true` would be right",
                "benches/Cargo.toml: does not take the lints of the workspace, \
                 `lints.workspace = true` would be right",
            ],
        );
    }

    #[test]
    fn files_are_short() {
        let long = "\n".repeat(501);
        let tests = format!("{}#[cfg(test)]\nmod tests {{\n{long}}}", "\n".repeat(500));
        expect([with_source("benches", "src/lib.rs", &tests)], &[]);
        expect([with_source("benches", "tests/all.rs", &long)], &[]);
        expect(
            [with_source("benches", "src/lib.rs", &long)],
            &["benches/src/lib.rs: has 501 lines before its tests, at most 500 would be right"],
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

    #[test]
    fn versions_stand_at_the_root() {
        let manifest = "
            package.license.workspace = true
            lints.workspace = true
            dependencies.a.workspace = true
            dependencies.b = { workspace = true, features = [\"c\"] }
            dependencies.d = \"1\"
            dev-dependencies.e = { path = \"../e\" }
            target.'cfg(unix)'.build-dependencies.f.version = \"2\"";
        let line = |name| {
            format!(
                "benches/Cargo.toml: has its own source of `{name}`, `{name}.workspace = true` \
                 and a line in the root's `Cargo.toml` would be right"
            )
        };
        let lines = [line("f"), line("d"), line("e")];
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        expect([with_manifest("benches", manifest)], &lines);
    }
}
