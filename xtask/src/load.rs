//! `cargo xtask load [--python PATH] [--rows N]`: trains on ten million rows of 32 columns, as NPY, as CSV, and as CSV with a category
//! and gaps, and encodes them, beside Keras, which reads the first two.
//!
//! Needs 9 GB of disk under `target`.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use serde_json::Value;

use crate::checks::record;
use crate::program::{Program, Run, run as run_command};
use crate::workspace::root;

const ROWS: usize = 10_000_000;
const COLS: usize = 32;

/// Latent variables that a row is generated from.
const LATENTS: usize = 8;

/// Levels of the category.
const KINDS: [&str; 4] = ["low", "below", "above", "high"];

/// Batch size, of ours and of Keras.
const BATCH: &str = "256";

/// Writes the files, runs all and records the results.
pub fn run(arguments: &[OsString]) -> anyhow::Result<()> {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let (mut python, mut rows) = (None, ROWS);
    for pair in words.chunks(2) {
        match pair {
            ["--python", path] => python = Some(*path),
            ["--rows", number] => rows = number.parse().context("--rows takes a whole number")?,
            _ => bail!("it goes `load [--python PATH] [--rows N]`"),
        }
    }
    let folder = root()?.join("target/load");
    fs::create_dir_all(&folder)?;
    let files = ["rows.npy", "rows.csv", "mixed.csv"].map(|name| folder.join(name));
    write_files(rows, &files)?;
    let program = Program::build()?;
    for (kind, data) in ["npy", "csv", "mixed"].into_iter().zip(&files) {
        let path = |path: &Path| path.display().to_string();
        let (data, out, codes) = (
            path(data),
            path(&folder.join("run")),
            path(&folder.join("codes.npy")),
        );
        let train = program.run(&[
            "train",
            "--preset",
            "table",
            "--data",
            &data,
            "--epochs",
            "1",
            "--batch-size",
            BATCH,
            "--force",
            "--json",
            "--out",
            &out,
        ])?;
        let report: Value = serde_json::from_str(&train.output)?;
        let epoch = report["epoch_seconds"][0]
            .as_f64()
            .context("no seconds of the epoch")?;
        let model = format!("{out}/model.safetensors");
        let encode = program.run(&["encode", &model, &data, "-o", &codes])?;
        let ours = format!(
            "{rows} rows: train {:.1} s, {epoch:.1} of them the epoch, {} MB; encode {:.1} s, {} MB",
            train.seconds,
            megabytes(&train),
            encode.seconds,
            megabytes(&encode),
        );
        let theirs = match python {
            Some(python) if kind != "mixed" => keras(python, &data, &codes)?,
            _ => String::new(),
        };
        println!("{kind}: {ours}{theirs}");
        if rows == ROWS {
            record(&format!("load {kind}"), &format!("{ours}{theirs}"))?;
        }
    }
    Ok(())
}

fn keras(python: &str, data: &str, codes: &str) -> anyhow::Result<String> {
    let script = root()?.join("benches/peers/keras_load.py");
    let run = run_command(Command::new(python).arg(script).args([data, BATCH, codes]))?;
    let report: Value = serde_json::from_str(run.output.trim())?;
    let seconds = |name: &str| report[name].as_f64().unwrap_or(f64::NAN);
    Ok(format!(
        ". Keras {}: all {:.1} s, reading {:.1}, the epoch {:.1}, encoding {:.1}, {} MB",
        report["version"].as_str().unwrap_or_default(),
        run.seconds,
        seconds("read"),
        seconds("fit"),
        seconds("predict"),
        megabytes(&run),
    ))
}

fn megabytes(run: &Run) -> String {
    run.peak_bytes
        .map_or("?".into(), |bytes| format!("{:.0}", bytes as f64 / 1e6))
}

/// Writes rows that are a nonlinear function of a few latent variables plus noise; CSV rounds them to five digits. In the last file
/// the first column is a category, and every 29th value is missing.
fn write_files(rows: usize, [npy, csv, mixed]: &[PathBuf; 3]) -> anyhow::Result<()> {
    let mut state = 1u64;
    // A sum of four uniform variates is approximately normal.
    let mut normal = || {
        let mut sum = -2.0;
        for _ in 0..4 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            sum += (state >> 40) as f32 / (1 << 24) as f32;
        }
        1.7 * sum
    };
    let weights: Vec<f32> = (0..LATENTS * COLS).map(|_| 0.5 * normal()).collect();
    let mut npy = BufWriter::new(File::create(npy)?);
    let mut csv = BufWriter::new(File::create(csv)?);
    let mut mixed = BufWriter::new(File::create(mixed)?);
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {COLS}), }}");
    npy.write_all(b"\x93NUMPY\x01\x00")?;
    npy.write_all(&(header.len() as u16).to_le_bytes())?;
    npy.write_all(header.as_bytes())?;
    let names: Vec<String> = (0..COLS).map(|col| format!("x{col}")).collect();
    writeln!(csv, "{}", names.join(","))?;
    writeln!(mixed, "{}", names.join(","))?;
    let mut latents = [0.0; LATENTS];
    for row in 0..rows {
        latents.fill_with(&mut normal);
        for col in 0..COLS {
            let signal: f32 = latents
                .iter()
                .zip(&weights[col * LATENTS..])
                .map(|(a, b)| a * b)
                .sum();
            let value = signal.tanh() + 0.05 * normal();
            npy.write_all(&value.to_le_bytes())?;
            let comma = if col > 0 { "," } else { "" };
            write!(csv, "{comma}{value:.5}")?;
            match (row * COLS + col) % 29 {
                0 => write!(mixed, "{comma}")?,
                _ if col == 0 => write!(
                    mixed,
                    "{}",
                    KINDS[((value + 1.0) * 2.0).clamp(0.0, 3.0) as usize]
                )?,
                _ => write!(mixed, "{comma}{value:.5}")?,
            }
        }
        writeln!(csv)?;
        writeln!(mixed)?;
    }
    npy.flush()?;
    mixed.flush()?;
    Ok(csv.flush()?)
}
