//! Results of checks that take too long for every change, recorded with their date in `docs/checks.md`.

use std::fs;
use std::io::ErrorKind;
use std::process::Command;

use anyhow::{Context, ensure};

use crate::workspace::root;

/// The text above the results.
const HEAD: &str = "# Long checks

What takes too long to be run with every change. Each line is the last result of one command, `cargo xtask CHECK`, which writes
it here.

- `fuzz`: inputs that nobody expects, made by libFuzzer from real files (`fuzz/seeds`). A finding would be a panic, an overflow,
  more than 10 seconds or more than 512 MB.
- `package`: every crate built from its package, as Cargo would upload it.
- `sanitise`: the tests of kernels and layers with address sanitiser, which sees what libraries do with memory.
- `load`: ten million rows of 32 floats, learned from and encoded, beside Keras.
- `reproduce`: presets trained to the result that they name, by the seeds that they name; the README's table has these figures.
- `reproduce samples`: samples of a regularised autoencoder beside those of a variational one, in features of a small classifier (the example
  `sample_quality`); it is no FID, whose features are those of Inception.
- `weights`: models of PyTorch and Keras, imported and exported: how far reconstructions are apart.

| check | date | result |
|---|---|---|
";

/// The date, `2026-11-26`.
pub fn today() -> anyhow::Result<String> {
    let today = Command::new("date").arg("+%Y-%m-%d").output()?;
    ensure!(today.status.success(), "`date` does not say what day it is");
    Ok(String::from_utf8(today.stdout)?.trim().into())
}

/// Replaces the result of `check`, with today's date.
pub fn record(check: &str, result: &str) -> anyhow::Result<()> {
    let today = today()?;
    let path = root()?.join("docs/checks.md");
    let old = match fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        old => old?,
    };
    let start = format!("| `{check}` |");
    let row = format!("{start} {today} | {result} |");
    let mut rows: Vec<&str> = old.lines().filter(|line| line.starts_with("| `")).collect();
    rows.retain(|line| !line.starts_with(&start));
    rows.push(&row);
    rows.sort_unstable();
    fs::write(&path, format!("{HEAD}{}\n", rows.join("\n")))
        .with_context(|| format!("cannot write `{}`", path.display()))
}
