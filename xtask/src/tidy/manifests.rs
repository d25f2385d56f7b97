//! Manifests take from the workspace what is the same for all.

use toml::{Table, Value};

use super::violation::Violation;
use crate::workspace::Workspace;

/// Every manifest says what the package is for, and takes licence and lints from the workspace.
pub fn manifests(workspace: &Workspace) -> Vec<Violation> {
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

/// Versions stand in one table, at the root.
pub fn versions(workspace: &Workspace) -> Vec<Violation> {
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
    use crate::tidy::testing::{expect, with_manifest};
    use crate::workspace::Package;

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
