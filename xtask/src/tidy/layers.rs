//! Crates are built on each other along layers, and are found by their names.

use std::collections::HashSet;

use super::violation::Violation;
use crate::workspace::Workspace;

/// The layers: each crate, and the crates of this workspace that it may be built on.
const LAYERS: [(&str, &[&str]); 10] = [
    ("latentia-tensor", &[]),
    ("latentia-nn", &["latentia-tensor"]),
    ("latentia-models", &["latentia-nn", "latentia-tensor"]),
    (
        "latentia-codec",
        &["latentia-models", "latentia-nn", "latentia-tensor"],
    ),
    ("latentia-onnx", &["latentia-models", "latentia-nn"]),
    ("latentia-data", &["latentia-tensor"]),
    ("latentia-mpi", &["latentia-nn"]),
    (
        "latentia",
        &[
            "latentia-codec",
            "latentia-data",
            "latentia-models",
            "latentia-nn",
            "latentia-onnx",
            "latentia-tensor",
        ],
    ),
    (
        "latentia-cli",
        &[
            "latentia-codec",
            "latentia-data",
            "latentia-models",
            "latentia-mpi",
            "latentia-nn",
            "latentia-onnx",
            "latentia-tensor",
        ],
    ),
    // Others use it in their tests only.
    ("latentia-testing", &[]),
];

/// Crates are built on each other along the layers only; tests may use what they like, and so may tools.
pub fn arrows(workspace: &Workspace) -> Vec<Violation> {
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
            let what = format!("`{name}` has no layer, give it one in `xtask/src/tidy/layers.rs`");
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
pub fn folders(workspace: &Workspace) -> Vec<Violation> {
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

#[cfg(test)]
mod tests {
    use crate::tidy::testing::{expect, package, with_dependency};
    use crate::workspace::Package;

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
               give it one in `xtask/src/tidy/layers.rs`",
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
}
