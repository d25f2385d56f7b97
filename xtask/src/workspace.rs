//! A workspace, read from Cargo and from the disk.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::source::Source;

/// All packages of a workspace.
#[derive(Debug)]
pub struct Workspace {
    /// In Cargo's order.
    pub packages: Vec<Package>,
}

/// One package.
#[derive(Debug)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its folder from the root of the workspace, with `/`.
    pub folder: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its `Cargo.toml`.
    pub manifest: toml::Table,
    /// What it depends on.
    pub dependencies: Vec<Dependency>,
    /// Its Rust files: those of the library, the program, the tests, the benches and the examples.
    pub sources: Vec<Source>,
}

/// A package that another one depends on.
#[derive(Debug)]
pub struct Dependency {
    /// Name of the package, whatever the code calls it.
    pub name: String,
    /// Whether only tests, benches and examples need it.
    pub development: bool,
}

impl Package {
    /// Path of its `Cargo.toml` from the root of the workspace.
    pub fn manifest_path(&self) -> String {
        format!("{}/Cargo.toml", self.folder)
    }

    /// Whether a registry may have it.
    pub fn is_published(&self) -> bool {
        let package = self.manifest.get("package");
        let publish = package.and_then(|package| package.get("publish"));
        publish.and_then(toml::Value::as_bool) != Some(false)
    }

    /// Whether it is one of the product's crates, not a tool beside them.
    pub fn is_crate(&self) -> bool {
        self.folder.starts_with("crates/")
    }
}

impl Workspace {
    /// Reads the workspace in the folder `root`.
    pub fn load(root: &Path) -> anyhow::Result<Self> {
        let output = cargo_in(root, "metadata")
            .args(["--format-version", "1", "--no-deps"])
            .stderr(Stdio::inherit())
            .output()
            .context("could not run cargo")?;
        ensure!(
            output.status.success(),
            "`cargo metadata` failed with {}",
            output.status
        );
        let metadata: Value = serde_json::from_slice(&output.stdout)?;
        let root = PathBuf::from(text(&metadata, "workspace_root")?);
        let packages = list(&metadata, "packages")?
            .iter()
            .map(|package| Package::read(package, &root));
        Ok(Self {
            packages: packages.collect::<anyhow::Result<_>>()?,
        })
    }
}

impl Package {
    fn read(metadata: &Value, root: &Path) -> anyhow::Result<Self> {
        let manifest = PathBuf::from(text(metadata, "manifest_path")?);
        let folder = manifest
            .parent()
            .context("a manifest lies in a folder")?
            .to_owned();
        let mut sources = Vec::new();
        read_sources(&folder, root, &mut sources)?;
        let dependencies = list(metadata, "dependencies")?.iter().map(|dependency| {
            Ok(Dependency {
                name: text(dependency, "name")?.to_owned(),
                development: dependency["kind"] == "dev",
            })
        });
        Ok(Self {
            name: text(metadata, "name")?.to_owned(),
            version: text(metadata, "version")?.to_owned(),
            folder: relative(&folder, root)?,
            description: metadata["description"].as_str().map(str::to_owned),
            manifest: read(&manifest)?
                .parse()
                .with_context(|| format!("`{}` is not TOML", manifest.display()))?,
            dependencies: dependencies.collect::<anyhow::Result<_>>()?,
            sources,
        })
    }
}

/// Runs cargo's `verb` on this workspace, with the arguments of both lists.
pub fn cargo(verb: &str, arguments: &[&str], more: &[OsString]) -> anyhow::Result<()> {
    let status = command(verb)?
        .args(arguments)
        .args(more)
        .status()
        .context("could not run cargo")?;
    ensure!(status.success(), "`cargo {verb}` failed with {status}");
    Ok(())
}

/// A command of the cargo that runs this program, on this workspace from any folder.
pub fn command(verb: &str) -> anyhow::Result<Command> {
    Ok(cargo_in(&root()?, verb))
}

/// A command of the same cargo, on the workspace in the folder `root`.
fn cargo_in(root: &Path, verb: &str) -> Command {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    let manifest = root.join("Cargo.toml");
    command.arg(verb).arg("--manifest-path").arg(manifest);
    command
}

/// The folder of this workspace.
pub fn root() -> anyhow::Result<PathBuf> {
    // At run time rather than `env!`: a program that was built elsewhere would look there.
    let folder = env::var_os("CARGO_MANIFEST_DIR")
        .context("the variable `CARGO_MANIFEST_DIR` is not set, use `cargo xtask`")?;
    Ok(Path::new(&folder).join(".."))
}

fn text<'a>(value: &'a Value, key: &str) -> anyhow::Result<&'a str> {
    value[key]
        .as_str()
        .with_context(|| format!("`cargo metadata` gave no text `{key}`"))
}

fn list<'a>(value: &'a Value, key: &str) -> anyhow::Result<&'a [Value]> {
    value[key]
        .as_array()
        .map(Vec::as_slice)
        .with_context(|| format!("`cargo metadata` gave no list `{key}`"))
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("could not read `{}`", path.display()))
}

fn relative(path: &Path, root: &Path) -> anyhow::Result<String> {
    let path = path
        .strip_prefix(root)
        .with_context(|| format!("`{}` is outside the workspace", path.display()))?;
    let names: Vec<_> = path.iter().map(OsStr::to_string_lossy).collect();
    Ok(names.join("/"))
}

/// Adds the Rust files below `folder`, in the order of their names.
fn read_sources(folder: &Path, root: &Path, sources: &mut Vec<Source>) -> anyhow::Result<()> {
    let entries = fs::read_dir(folder)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("could not read `{}`", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            // A package below another one is none of its files.
            if path.ends_with("target") || path.join("Cargo.toml").is_file() {
                continue;
            }
            read_sources(&path, root, sources)?;
        } else if path.extension() == Some(OsStr::new("rs")) {
            sources.push(Source {
                path: relative(&path, root)?,
                text: read(&path)?,
            });
        }
    }
    Ok(())
}
