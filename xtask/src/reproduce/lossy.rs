//! `cargo xtask reproduce lossy`: fewer bytes than JPEG and WebP at equal peak signal-to-noise ratio.

use std::fs;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::chart::{Line, draw};
use super::model::{number, train};
use crate::program::Program;
use crate::workspace::root;

/// The model whose latents are stored.
const PRESET: &str = "deep";

/// The data sets; those that are not installed are skipped.
const DATA: [&str; 2] = ["mnist", "fashion-mnist"];

/// Qualities of the curve. The last is lower than JPEG and WebP offer.
const QUALITIES: [&str; 5] = ["100", "75", "50", "25", "1"];

/// One format at one quality.
struct Point {
    name: String,
    /// Bytes per image, with all headers and without those that are the same in every file.
    bytes: f64,
    without_headers: Option<f64>,
    psnr: f64,
}

/// Trains a model for each data set and draws its rate-distortion curve beside those of JPEG and WebP.
pub fn run(program: &Program, epochs: Option<u32>) -> anyhow::Result<()> {
    let mut missed = Vec::new();
    for data in DATA {
        if program.run(&["data", "info", data]).is_err() {
            println!("lossy: {data} is not here; `latentia data fetch {data}` brings it");
            continue;
        }
        let arguments = ["--preset", PRESET, "--data", data, "--seed", "1"];
        let (model, _) = train(program, &format!("lossy-{data}-1"), &arguments, epochs)?;
        let mut points: Vec<Vec<Point>> = Vec::new();
        for quality in QUALITIES {
            let call = [
                "compress",
                &model,
                data,
                "--quality",
                quality,
                "--report",
                "--json",
            ];
            let report: Value = serde_json::from_str(&program.run(&call)?.output)?;
            points.push(formats(&report)?);
        }
        println!("lossy, {data}: bytes an image (without constant headers) at equal PSNR");
        for point in &points {
            let cells: Vec<String> = point
                .iter()
                .map(|p| {
                    let apart = p.without_headers.map(|b| format!(" ({b:.1})"));
                    let apart = apart.unwrap_or_default();
                    format!("{} {:.1}{apart} at {:.2} dB", p.name, p.bytes, p.psnr)
                })
                .collect();
            let least = point[1..].iter().all(|p| point[0].bytes < p.bytes);
            println!(
                "  {}{}",
                cells.join("; "),
                if least { "" } else { "  MISSED" }
            );
            if !least {
                missed.push(data);
            }
        }
        let picture = root()?.join(format!("docs/lossy-{data}.svg"));
        fs::write(&picture, curve(&points))?;
        println!("  the curve: {}", picture.display());
    }
    ensure!(missed.is_empty(), "missed: lossy");
    Ok(())
}

fn formats(report: &Value) -> anyhow::Result<Vec<Point>> {
    let examples = number(&report["examples"], "examples")?;
    let formats = report["formats"].as_array().context("no formats")?;
    let point = |format: &Value| {
        Ok(Point {
            name: text_of(&format["name"]),
            bytes: number(&format["bytes"], "bytes")? / examples,
            without_headers: format["bytes_without_headers"]
                .as_f64()
                .map(|bytes| bytes / examples),
            psnr: number(&format["psnr_db"], "psnr_db")?,
        })
    };
    formats.iter().map(point).collect()
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().into()
}

/// Draws a line for each format, with and without the headers that are the same in every file.
fn curve(points: &[Vec<Point>]) -> String {
    let line = |name, colour, at: usize, bytes: fn(&Point) -> Option<f64>| {
        let points = points.iter().filter_map(|formats| formats.get(at));
        let points = points.filter_map(|point| Some((bytes(point)?, point.psnr)));
        Line {
            name,
            colour,
            points: points.collect(),
        }
    };
    draw(vec![
        line("latentia", "#c0392b", 0, |p| Some(p.bytes)),
        line("JPEG", "#2c5f8a", 1, |p| Some(p.bytes)),
        line("JPEG, headers apart", "#8fb3d1", 1, |p| p.without_headers),
        line("WebP", "#3d7a4a", 2, |p| Some(p.bytes)),
        line("WebP, headers apart", "#9bc7a3", 2, |p| p.without_headers),
    ])
}
