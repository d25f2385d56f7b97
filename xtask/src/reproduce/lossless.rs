//! `cargo xtask reproduce lossless` and `lossless-binary`: every byte of MNIST's test images, in as few bits as the model says.

use std::f64::consts::LN_2;

use anyhow::ensure;
use serde_json::Value;

use super::model::{evaluate, number, text, train};
use crate::program::Program;
use crate::workspace::root;

/// Maximum excess of the coded size over the model's `-ELBO`, as a fraction; headers and initial bits are counted apart.
const MOST_EXCESS: f64 = 0.01;

/// A result to reach.
pub struct Lossless {
    pub preset: &'static str,
    /// Maximum bits per dimension of the whole file.
    pub at_most: f64,
    /// Further options of `compress`.
    pub options: &'static [&'static str],
    pub source: &'static str,
}

/// All results of this kind.
pub const ALL: [Lossless; 2] = [
    Lossless {
        preset: "lossless-binary",
        at_most: 0.20,
        options: &["--binarise"],
        source: "Townsend, Bird and Barber 2019: 0.19",
    },
    Lossless {
        preset: "lossless",
        at_most: 1.41,
        options: &[],
        source: "Townsend, Bird and Barber 2019: 1.41; Bit-Swap (Kingma, Abbeel and Ho 2019): 1.29",
    },
];

impl Lossless {
    /// Trains the preset, compresses and decompresses the test images, and prints the size beside other formats'.
    pub fn run(&self, program: &Program, epochs: Option<u32>) -> anyhow::Result<()> {
        let Self {
            preset, at_most, ..
        } = self;
        let arguments = ["--preset", preset, "--seed", "1"];
        let (model, _) = train(program, &format!("{preset}-1"), &arguments, epochs)?;
        let evaluation = evaluate(program, &model, &["--importance-samples", "10"])?;
        let elbo = number(&evaluation["elbo_nats"], "elbo_nats")?;

        let folder = root()?.join("target/reproduce");
        let file = text(folder.join(format!("{preset}.ltc")))?;
        let back = text(folder.join(format!("{preset}.npy")))?;
        let call = [
            &[
                "compress",
                &model,
                "mnist",
                "--lossless",
                "--report",
                "--json",
                "-o",
                &file,
            ][..],
            self.options,
        ];
        let report: Value = serde_json::from_str(&program.run(&call.concat())?.output)?;
        program.run(&["decompress", &file, "--model", &model, "-o", &back])?;
        // A second file of what came back is the first one again only if not a bit was lost.
        let again = text(folder.join(format!("{preset}-again.ltc")))?;
        program.run(&["compress", &model, &back, "--lossless", "-o", &again])?;
        ensure!(
            std::fs::read(&file)? == std::fs::read(&again)?,
            "{preset}: what came back is not what was compressed"
        );

        let bits = number(&report["bits_per_dim"], "bits_per_dim")?;
        let size = 8.0 * number(&report["bytes"], "bytes")?;
        let examples = number(&report["examples"], "examples")?;
        let apart = 8.0 * number(&report["container_bytes"], "container_bytes")?
            + number(&report["initial_bits"], "initial_bits")?;
        let bound = -elbo / LN_2 * examples;
        let excess = (size - apart) / bound - 1.0;
        println!(
            "{preset}: {bits:.4} bits a dimension of {examples} images, at most {at_most}{}",
            if bits <= *at_most { "" } else { "  MISSED" }
        );
        println!(
            "  -ELBO {:.2} nats: {:.0} bits; coded in {:.0}, {:+.2}%, and {apart:.0} bits of headers and first codes",
            -elbo,
            bound,
            size - apart,
            100.0 * excess
        );
        let raw = number(&report["raw_bytes"], "raw_bytes")? / 1e6;
        println!(
            "  {:.1} MB/s to compress, {:.1} MB/s to decompress",
            raw / number(&report["compress_seconds"], "compress_seconds")?,
            raw / number(&report["decompress_seconds"], "decompress_seconds")?
        );
        for format in report["formats"].as_array().into_iter().flatten() {
            println!(
                "  {:<24} {:>9} bytes  {:.4}",
                format["name"].as_str().unwrap_or_default(),
                number(&format["bytes"], "bytes")?,
                number(&format["bits_per_dim"], "bits_per_dim")?
            );
        }
        println!("  the model: {} bytes", report["model_bytes"]);
        println!("  expected by {}", self.source);
        let reached = epochs.is_some() || (bits <= *at_most && excess.abs() <= MOST_EXCESS);
        ensure!(reached, "missed: {preset}");
        Ok(())
    }
}
