//! Writes the reference, or checks that it is up to date.

use std::ffi::OsString;
use std::fs;
use std::process::Stdio;

use anyhow::{Context, bail, ensure};

use super::page::page;
use crate::workspace::{command, root};

const SCHEMA: &str = "docs/spec.schema.json";
const PAGE: &str = "docs/spec.md";

/// Writes the schema that the program prints, and the page made of it; with `--check`, fails where a file says something else.
pub fn run(arguments: &[OsString]) -> anyhow::Result<()> {
    let checks = match arguments {
        [] => false,
        [option] if option == "--check" => true,
        _ => bail!("it goes `docs [--check]`"),
    };
    let schema = schema()?;
    let page = page(&serde_json::from_str(&schema)?)?;
    for (name, text) in [(SCHEMA, schema), (PAGE, page)] {
        let path = root()?.join(name);
        if checks {
            let found = fs::read_to_string(&path).unwrap_or_default();
            ensure!(
                found == text,
                "`{name}` is not what the types say: run `cargo xtask docs`"
            );
        } else {
            fs::write(&path, text).with_context(|| format!("cannot write `{name}`"))?;
            println!("wrote {name}");
        }
    }
    Ok(())
}

/// What the program prints.
fn schema() -> anyhow::Result<String> {
    let output = command("run")?
        .args(["--quiet", "--release", "--package", "latentia-cli", "--"])
        .args(["presets", "--schema"])
        .stderr(Stdio::inherit())
        .output()
        .context("could not run cargo")?;
    let status = output.status;
    ensure!(
        status.success(),
        "`latentia presets --schema` failed with {status}"
    );
    Ok(String::from_utf8(output.stdout)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_made_of_the_schema() {
        let read = |name| {
            let path = root().expect("a folder").join(name);
            fs::read_to_string(&path).expect("a file of this repository")
        };
        let schema = serde_json::from_str(&read(SCHEMA)).expect("JSON");
        let page = page(&schema).expect("a page");
        // Not `assert_eq`, which would print both.
        assert!(page == read(PAGE), "run `cargo xtask docs`");
    }
}
