//! `cargo xtask reproduce denoising`: does training on corrupted examples restore them better?

use std::fs::{self, File};
use std::io::{BufReader, BufWriter};
use std::path::Path;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::model::{number, text, train};
use crate::program::Program;
use crate::workspace::root;

/// Maximum ratio of the error to that of a model of the same size that was trained on clean examples.
const AT_MOST: f64 = 0.7;

/// Fraction of the pixels that are set to 0.
const MASKING: &str = "0.3";

/// Trains the preset `denoising`, and the same without corruption, and lets both restore the same corrupted test images.
pub fn run(program: &Program, epochs: Option<u32>) -> anyhow::Result<()> {
    let folder = root()?.join("target/reproduce");
    fs::create_dir_all(&folder)?;
    let mut preset: toml::Table = program.run(&["presets", "denoising"])?.output.parse()?;
    let model = preset.get_mut("model").and_then(toml::Value::as_table_mut);
    let corruption = model.and_then(|model| model.remove("corruption"));
    ensure!(corruption.is_some(), "preset `denoising` has no corruption");
    let plain = folder.join("plain.toml");
    fs::write(&plain, toml::to_string(&preset)?)?;
    let plain = text(plain)?;

    let mut errors = Vec::new();
    let mut pictures = Vec::new();
    for (name, source) in [
        ("denoising-1", ["--preset", "denoising"]),
        ("denoising-plain-1", ["--config", &plain]),
    ] {
        let arguments = [&source[..], &["--seed", "1"]].concat();
        let (model, _) = train(program, name, &arguments, epochs)?;
        let picture = text(folder.join(format!("{name}.png")))?;
        let call = [
            "denoise",
            &model,
            "mnist",
            "--masking",
            MASKING,
            "-o",
            &picture,
            "--json",
        ];
        let report: Value = serde_json::from_str(&program.run(&call)?.output)?;
        errors.push(number(&report["denoised_mse"], "denoised_mse")?);
        pictures.push(picture);
    }
    let both = folder.join("denoising.png");
    side_by_side(&pictures, &both)?;
    let ratio = errors[0] / errors[1];
    let reached = ratio <= AT_MOST;
    println!(
        "denoising: MSE {:.5} of restored test images, {:.5} by a plain autoencoder: ratio {ratio:.3}, at most {AT_MOST}{}",
        errors[0],
        errors[1],
        if reached { "" } else { "  MISSED" },
    );
    println!("  denoising beside plain: {}", both.display());
    ensure!(reached, "missed: denoising");
    Ok(())
}

/// Joins grey or colour images of one height side by side.
fn side_by_side(pictures: &[String], out: &Path) -> anyhow::Result<()> {
    let mut parts = Vec::new();
    for path in pictures {
        let file =
            BufReader::new(File::open(path).with_context(|| format!("cannot read `{path}`"))?);
        let mut reader = png::Decoder::new(file).read_info()?;
        let mut pixels = vec![
            0;
            reader
                .output_buffer_size()
                .context("a picture beyond memory")?
        ];
        let frame = reader.next_frame(&mut pixels)?;
        pixels.truncate(frame.buffer_size());
        parts.push((frame, pixels));
    }
    let (first, _) = parts.first().context("no pictures to draw")?;
    let alike = |other: &png::OutputInfo| {
        (other.height, other.color_type, other.bit_depth)
            == (first.height, first.color_type, first.bit_depth)
    };
    ensure!(
        parts.iter().all(|(frame, _)| alike(frame)),
        "pictures of different kinds"
    );
    let width = parts.iter().map(|(frame, _)| frame.width).sum();
    let file = File::create(out).with_context(|| format!("cannot write `{}`", out.display()))?;
    let mut encoder = png::Encoder::new(BufWriter::new(file), width, first.height);
    encoder.set_color(first.color_type);
    encoder.set_depth(first.bit_depth);
    let mut rows = Vec::new();
    for row in 0..first.height as usize {
        for (frame, pixels) in &parts {
            rows.extend_from_slice(&pixels[row * frame.line_size..][..frame.line_size]);
        }
    }
    encoder.write_header()?.write_image_data(&rows)?;
    Ok(())
}
