//! `cargo xtask report [--program PATH]`: pages of `latentia report`, opened in Chromium and used by a script for Node.
//!
//! Models are trained for a moment. Their pages, and pictures of these, stay in `target/report/`.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail, ensure};

use crate::program::Program;
use crate::program::run as run_command;
use crate::reproduce::model::text;
use crate::workspace::root;

/// What opens the pages and uses them.
const SCRIPT: &str = "crates/latentia-cli/tests/page/check.mjs";

/// What Chromium is called.
pub const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// A name, and what is trained for it; `WAVES` is a table of as many rows as a page shows points.
const MODELS: [(&str, &str); 9] = [
    ("vae-2", "--preset vae-2 --data mnist-mini --epochs 4"),
    ("vae-20", "--preset vae-20 --data mnist-mini --epochs 4"),
    ("conv-vae", "--preset conv-vae --data mnist-mini --epochs 1"),
    (
        "conditional-vae",
        "--preset conditional-vae --data mnist-mini --epochs 4",
    ),
    (
        "conv-vq-vae",
        "--preset conv-vq-vae --data mnist-mini --epochs 1",
    ),
    (
        "every-layer",
        "--config crates/latentia-onnx/tests/every_layer.toml --data mnist-mini --epochs 1",
    ),
    (
        "table-vae",
        "--preset table-vae --data docs/data/penguins.csv --epochs 30",
    ),
    ("table", "--preset table --data WAVES --epochs 1"),
    (
        "series",
        "--preset series --data WAVES --window 32 --epochs 1",
    ),
];

/// Rows of the table.
const ROWS: u16 = 20_000;

/// Enough for every decoder here.
const SIZE: &str = "20M";

/// Trains, writes pages and has them used.
pub fn run(arguments: &[OsString]) -> anyhow::Result<()> {
    let root = root()?;
    let (Some(chromium), Some(node)) = (find(&BROWSERS), find(&["node"])) else {
        println!("Chromium or Node is not here: pages are not opened");
        return Ok(());
    };
    let program = match arguments {
        [] => Program::build()?.path().to_owned(),
        [flag, path] if flag == "--program" => path.into(),
        _ => bail!("usage: cargo xtask report [--program PATH]"),
    };
    let folder = root.join("target/report");
    fs::create_dir_all(&folder)?;
    let waves = folder.join("waves.csv");
    fs::write(&waves, waves_csv())?;
    let waves = text(waves)?;
    let mut pages = Vec::new();
    for (name, how) in MODELS {
        let (out, page) = (folder.join(name), folder.join(format!("{name}.html")));
        let how = how.split(' ').map(|word| match word {
            "WAVES" => &waves,
            word => word,
        });
        let mut train = Command::new(&program);
        train.current_dir(&root).arg("train").args(how);
        run_command(train.arg("--force").arg("--out").arg(&out))?;
        let mut report = Command::new(&program);
        report
            .current_dir(&root)
            .arg("report")
            .arg(out.join("model.safetensors"));
        run_command(report.args(["--max-size", SIZE, "-o"]).arg(&page))?;
        pages.push(page);
    }
    let mut check = Command::new(node);
    check
        .arg(root.join(SCRIPT))
        .arg(chromium)
        .arg(&folder)
        .args(pages);
    let status = check
        .status()
        .with_context(|| format!("could not run {check:?}"))?;
    ensure!(status.success(), "a page is not as it should be");
    println!("look at them: `target/report/`");
    Ok(())
}

/// The first of some programs that is here.
pub fn find(names: &[&str]) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    let found = |name| env::split_paths(&folders).map(move |folder| folder.join(name));
    let mut all = names.iter().flat_map(found);
    all.find(|path| path.is_file())
}

/// Two waves, the second half as high, and their product.
fn waves_csv() -> String {
    let line = |step: u16| {
        let angle = f64::from(step) / 9.0;
        let (flow, pressure) = (angle.sin(), 0.5 * (1.7 * angle).cos());
        format!("{flow:.4},{pressure:.4},{:.4}\n", flow * pressure)
    };
    let head = "flow,pressure,power\n".to_owned();
    [head].into_iter().chain((0..ROWS).map(line)).collect()
}
