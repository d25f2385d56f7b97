//! `cargo xtask reproduce lossy`: fewer bytes than JPEG and WebP at equal peak signal-to-noise ratio.

use std::fmt::Write;
use std::fs;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::{number, train};
use crate::program::Program;
use crate::workspace::root;

/// The model whose codes are stored.
const PRESET: &str = "deep";

/// The data, as far as they are here.
const DATA: [&str; 2] = ["mnist", "fashion-mnist"];

/// Qualities of the curve. The last is beyond what JPEG and WebP can be asked for.
const QUALITIES: [&str; 5] = ["100", "75", "50", "25", "1"];

/// One format at one quality.
struct Point {
    name: String,
    /// Bytes an image, with all headers and without those that every file has.
    bytes: f64,
    without_headers: Option<f64>,
    psnr: f64,
}

/// Trains a model for each of the data and draws its sizes beside JPEG's and WebP's.
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
        fs::write(&picture, curve(&points)?)?;
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

/// The size of the drawing, and its margins.
const SIZE: [f64; 2] = [640.0, 400.0];
const MARGIN: f64 = 50.0;

/// One line of a curve: its name, its colour, and its points as bytes and decibels.
type Line = (&'static str, &'static str, Vec<(f64, f64)>);

/// Peak signal-to-noise ratio over bytes an image, on a logarithmic scale, as SVG.
fn curve(points: &[Vec<Point>]) -> anyhow::Result<String> {
    let line = |at: usize, bytes: fn(&Point) -> Option<f64>| {
        let points = points.iter().filter_map(|formats| formats.get(at));
        points
            .filter_map(|p| Some((bytes(p)?, p.psnr)))
            .collect::<Vec<_>>()
    };
    let all: [Line; 5] = [
        ("latentia", "#c0392b", line(0, |p| Some(p.bytes))),
        ("JPEG", "#2c5f8a", line(1, |p| Some(p.bytes))),
        (
            "JPEG, headers apart",
            "#8fb3d1",
            line(1, |p| p.without_headers),
        ),
        ("WebP", "#3d7a4a", line(2, |p| Some(p.bytes))),
        (
            "WebP, headers apart",
            "#9bc7a3",
            line(2, |p| p.without_headers),
        ),
    ];
    let values = || all.iter().flat_map(|(_, _, points)| points);
    let range = |of: fn(&(f64, f64)) -> f64| {
        let (low, high) = values()
            .map(of)
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
                (low.min(x), high.max(x))
            });
        (low, high)
    };
    let (least, most) = range(|p| p.0);
    let (low, high) = range(|p| p.1);
    let (first, last) = (least.log2().floor(), most.log2().ceil());
    let (low, high) = (low.floor(), high.ceil());
    let x =
        |bytes: f64| MARGIN + (bytes.log2() - first) / (last - first) * (SIZE[0] - 2.0 * MARGIN);
    let y = |psnr: f64| SIZE[1] - MARGIN - (psnr - low) / (high - low) * (SIZE[1] - 2.0 * MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
        SIZE[0], SIZE[1]
    );
    let bottom = SIZE[1] - MARGIN;
    for exponent in first as i32..=last as i32 {
        let bytes = f64::from(exponent).exp2();
        let at = x(bytes);
        writeln!(
            svg,
            "<path d=\"M{at:.1} {MARGIN}V{bottom}\" stroke=\"#ddd\"/><text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{bytes}</text>",
            bottom + 18.0
        )?;
    }
    for psnr in low as i32..=high as i32 {
        let at = y(f64::from(psnr));
        writeln!(
            svg,
            "<path d=\"M{MARGIN} {at:.1}H{}\" stroke=\"#ddd\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{psnr}</text>",
            SIZE[0] - MARGIN,
            MARGIN - 6.0,
            at + 4.0
        )?;
    }
    writeln!(
        svg,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">bytes an image</text><text x=\"{MARGIN}\" y=\"{}\">PSNR, dB</text>",
        SIZE[0] / 2.0,
        SIZE[1] - 10.0,
        MARGIN - 14.0
    )?;
    for (row, (name, colour, points)) in all.iter().enumerate() {
        let path: Vec<String> = points
            .iter()
            .map(|&(bytes, psnr)| format!("{:.1} {:.1}", x(bytes), y(psnr)))
            .collect();
        writeln!(
            svg,
            "<path d=\"M{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            path.join("L")
        )?;
        let at = MARGIN + 16.0 * row as f64 + 8.0;
        writeln!(
            svg,
            "<path d=\"M{} {at}h20\" stroke=\"{colour}\" stroke-width=\"2\"/><text x=\"{}\" y=\"{}\">{name}</text>",
            SIZE[0] - 220.0,
            SIZE[0] - 194.0,
            at + 4.0
        )?;
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}
