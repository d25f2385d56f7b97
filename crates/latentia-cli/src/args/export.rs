//! Arguments of `export`.

use std::path::PathBuf;

use clap::{Args as Group, ValueEnum};

use super::values::share;

/// Arguments of `export`.
#[derive(Debug, Group)]
#[command(after_help = "\
Examples:
  latentia export runs/digits/model.safetensors -o digits.onnx
  latentia export MODEL -o encoder.onnx --part encode
  latentia export MODEL -o detector.onnx --part score --false-alarm 0.05

The file is ONNX of opset 18, for any number of examples at once. Values go in and come out on the data's own scale, pixels from 0 to 1: the \
preprocessing is inside. A row of a table has an element for each column that is learned from: a number (less its column's \
offset), 0 or 1, the number of a level, NaN where it is missing; the property `latentia.schema` of the file has offsets and levels. With --columns each column is an input \
by its name.

With --layout torch the weights are written as PyTorch's state dict, and a program that defines its module and reads them is printed:
  latentia export MODEL -o weights.safetensors --layout torch > autoencoder.py")]
pub struct ExportArgs {
    /// The model file
    pub model: PathBuf,
    /// Where to write: .onnx, or .safetensors with --layout torch
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Write weights as another program has them, not ONNX: `torch`
    #[arg(long, value_enum, hide_possible_values = true, conflicts_with_all = ["part", "columns", "bytes", "rule"])]
    pub layout: Option<ExportLayout>,
    /// What the file computes of an example, to `reconstruct` or `encode` it, to `decode` a code, or the `score` of `detect`
    #[arg(long, value_enum, default_value_t, hide_possible_values = true)]
    pub part: ExportPart,
    /// Take the columns of a table by their names, numbers in f64 and levels as text, each `[batch, 1]`, and give them so
    #[arg(long)]
    pub columns: bool,
    /// Take pixels as bytes, u8 from 0 to 255; they come out from 0 to 1
    #[arg(long, conflicts_with = "columns")]
    pub bytes: bool,
    /// Of a score, flag so that of examples that belong at most this share is flagged [default: 0.01]
    #[arg(long, value_name = "RATE", group = "rule", allow_negative_numbers = true, value_parser = share)]
    pub false_alarm: Option<f64>,
    /// Of a score, flag the examples that score above this
    #[arg(
        long,
        value_name = "SCORE",
        group = "rule",
        allow_negative_numbers = true
    )]
    pub threshold: Option<f64>,
}

/// Whose layout weights have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportLayout {
    /// PyTorch's
    Torch,
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
    /// From examples to the score of `detect`, its p-value, and whether it is flagged
    Score,
}
