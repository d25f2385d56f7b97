//! Packages made up for the tests of rules.

use super::check::check;
use super::violation::Violation;
use crate::source::Source;
use crate::workspace::{Dependency, Package, Workspace};

/// A package that keeps all rules.
pub fn package(folder: &str) -> Package {
    let (_, name) = folder.rsplit_once('/').unwrap_or(("", folder));
    let manifest = "package.license.workspace = true\nlints.workspace = true";
    Package {
        name: name.to_owned(),
        version: "0.1.0".to_owned(),
        folder: folder.to_owned(),
        description: Some("Something".to_owned()),
        manifest: manifest.parse().expect("a manifest"),
        dependencies: Vec::new(),
        sources: vec![source(folder, "src/lib.rs", "//! Something.\n")],
    }
}

pub fn source(folder: &str, path: &str, text: &str) -> Source {
    Source {
        path: format!("{folder}/{path}"),
        text: text.to_owned(),
    }
}

pub fn with_dependency(folder: &str, name: &str, development: bool) -> Package {
    let name = name.to_owned();
    let dependencies = vec![Dependency { name, development }];
    Package {
        dependencies,
        ..package(folder)
    }
}

pub fn with_manifest(folder: &str, manifest: &str) -> Package {
    Package {
        manifest: manifest.parse().expect("a manifest"),
        ..package(folder)
    }
}

pub fn with_source(folder: &str, path: &str, text: &str) -> Package {
    with_sources(folder, &[(path, text)])
}

pub fn with_sources(folder: &str, sources: &[(&str, &str)]) -> Package {
    let sources = sources
        .iter()
        .map(|(path, text)| source(folder, path, text));
    Package {
        sources: sources.collect(),
        ..package(folder)
    }
}

#[track_caller]
pub fn expect(packages: impl IntoIterator<Item = Package>, expected: &[&str]) {
    let packages = packages.into_iter().collect();
    let found = check(&Workspace { packages });
    let found: Vec<String> = found.iter().map(Violation::to_string).collect();
    assert_eq!(found, expected);
}
