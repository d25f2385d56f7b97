//! `cargo xtask package`: packs every crate, builds each from its package, and runs the examples of the library and of its
//! documentation on packages alone.
//!
//! The former are the programs of a package outside of the workspace, whose dependencies are what Cargo would upload.

use std::env;
use std::ffi::OsStr;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, id};

use anyhow::{Context, ensure};

use crate::checks::record;
use crate::workspace::{Package, Workspace, command, root};

/// Packs, builds and runs.
pub fn run() -> anyhow::Result<()> {
    let workspace = Workspace::load(&root()?)?;
    let (published, private): (Vec<&Package>, Vec<&Package>) =
        (workspace.packages.iter()).partition(|package| package.is_published());
    let target = root()?.join("target/packages");
    // Packages are built in a folder for all of them, or each would build what all depend on; and without optimising.
    let pack = |verb, more: &[&str]| {
        let mut cargo = command(verb)?;
        let cargo = cargo.args(["--workspace", "--allow-dirty"]).args(more);
        let cargo = cargo.args(
            private
                .iter()
                .flat_map(|package| ["--exclude", &package.name]),
        );
        succeed(
            cargo
                .env("CARGO_TARGET_DIR", &target)
                .env("CARGO_PROFILE_DEV_DEBUG", "0"),
        )
    };
    forget_packages(&target, &published);
    pack("package", &[])?;
    // Each has just been built: what is left is what the registry would say.
    pack("publish", &["--dry-run", "--no-verify"])?;

    let folder = env::temp_dir().join(format!("latentia-packages-{}", id()));
    let ran = (|| {
        for package in &published {
            unpack(&target, package, &folder)?;
        }
        let programs = write_programs(&published, &folder)?;
        for program in programs {
            println!("{program}");
            succeed(outside(&folder, "run")?.args(["--quiet", "--bin", &program]))?;
        }
        // The program `latentia` has no examples in its documentation.
        let libraries = ["--doc", "--workspace", "--exclude", "latentia-cli"];
        succeed(outside(&folder, "test")?.args(libraries))
    })();
    // A folder that stays is no reason to call the packages wrong.
    let _ = fs::remove_dir_all(&folder);
    ran?;
    let result = format!(
        "{} packages, built and their examples run on packages alone",
        published.len()
    );
    record("package", &result)
}

/// Removes what Cargo has unpacked, and built in `target`, of these packages on an earlier run: it goes by their version, which stays,
/// and would take the sources of then.
fn forget_packages(target: &Path, packages: &[&Package]) {
    let entries = |folder: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect()
    };
    let starts = |path: &Path, start: &str| {
        let name = path.file_name().unwrap_or_default();
        name.to_string_lossy().starts_with(start)
    };
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(env::home_dir()?.join(".cargo")));
    let registry = home.unwrap_or_default().join("registry");
    let hosts = ["src", "cache"].map(|folder| entries(&registry.join(folder)));
    // A registry in a folder has no host before its hash.
    let hosts = hosts.into_iter().flatten().filter(|host| starts(host, "-"));
    let built = target.join("debug/.fingerprint");
    for folder in hosts.chain([built]) {
        for path in entries(&folder) {
            let is_ours = |package: &&Package| starts(&path, &format!("{}-", package.name));
            if packages.iter().any(is_ours) {
                // What cannot be removed is Cargo's to complain of.
                let _ = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
            }
        }
    }
}

fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().context("could not run cargo")?;
    ensure!(status.success(), "{command:?} failed with {status}");
    Ok(())
}

/// A command of cargo on the packages in `folder`. Crates of others are those that the workspace here is built of.
fn outside(folder: &Path, verb: &str) -> anyhow::Result<Command> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args([verb, "--release", "--manifest-path"])
        .arg(folder.join("Cargo.toml"))
        .env("CARGO_TARGET_DIR", root()?.join("target"));
    Ok(command)
}

/// Unpacks what Cargo would upload into `folder`.
fn unpack(target: &Path, package: &Package, folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    let archive = format!("{}-{}.crate", package.name, package.version);
    let archive = target.join("package").join(archive);
    let status = Command::new("tar")
        // As new: archives have one time for all files, by which Cargo would take what was built under this path for fresh.
        .arg("-xzmf")
        .arg(&archive)
        .arg("-C")
        .arg(folder)
        .status()
        .context("could not run tar")?;
    ensure!(status.success(), "`{}` is no archive", archive.display());
    Ok(())
}

/// Writes a package into `folder` whose programs are the examples of the packed `latentia`; returns their names.
fn write_programs(published: &[&Package], folder: &Path) -> anyhow::Result<Vec<String>> {
    let latentia = published.iter().find(|package| package.name == "latentia");
    let latentia = latentia.context("there is no package `latentia`")?;
    let examples = folder.join(unpacked(latentia)).join("examples");
    let mut manifest = String::from(
        "[package]\nname = \"outside\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\nmembers = [\"latentia*\"]\n\n[dependencies]\n",
    );
    writeln!(manifest, "latentia = \"{}\"", latentia.version)?;
    // What examples need beside it; `Cargo.lock` says which version.
    let others = latentia.dependencies.iter();
    for other in others.filter(|dependency| dependency.development) {
        writeln!(manifest, "{} = \"*\"", other.name)?;
    }
    manifest.push_str("\n[patch.crates-io]\n");
    for package in published {
        writeln!(
            manifest,
            "{} = {{ path = \"{}\" }}",
            package.name,
            unpacked(package)
        )?;
    }
    let programs = folder.join("src/bin");
    fs::create_dir_all(&programs)?;
    let mut names = Vec::new();
    for entry in fs::read_dir(&examples)? {
        let path: PathBuf = entry?.path();
        if path.extension() == Some(OsStr::new("rs"))
            && let (Some(name), Some(stem)) = (path.file_name(), path.file_stem())
        {
            fs::copy(&path, programs.join(name))?;
            names.push(stem.to_string_lossy().into_owned());
        }
    }
    names.sort();
    fs::write(folder.join("Cargo.toml"), manifest)?;
    // The versions that everything here is tested with.
    fs::copy(root()?.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    ensure!(!names.is_empty(), "`{}` is empty", examples.display());
    Ok(names)
}

/// The folder that a package unpacks to.
fn unpacked(package: &Package) -> String {
    format!("{}-{}", package.name, package.version)
}
