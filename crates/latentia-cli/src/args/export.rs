//! Arguments of `export`.

use std::path::PathBuf;

use clap::{Args as Group, ValueEnum};

/// Arguments of `export`.
#[derive(Debug, Group)]
#[command(after_help = "\
Examples:
  latentia export runs/digits/model.safetensors -o digits.onnx
  latentia export MODEL -o encoder.onnx --part encode

The file is ONNX of opset 18, for any number of examples at once. Values go in and come out on the data's own scale, pixels from 0 to 1: the \
preprocessing is inside. A row of a table has an element for each column that is learned from: a number (less its column's \
offset), 0 or 1, the number of a level, NaN where it is missing; `latentia inspect --json` and the file's properties have the levels.")]
pub struct ExportArgs {
    /// The model file
    pub model: PathBuf,
    /// Where to write: .onnx
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// What the file computes
    #[arg(long, value_enum, default_value_t)]
    pub part: ExportPart,
}

/// What of a model is exported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ExportPart {
    /// From examples to reconstructions
    #[default]
    Reconstruct,
    /// From examples to codes
    Encode,
    /// From codes to examples
    Decode,
}
