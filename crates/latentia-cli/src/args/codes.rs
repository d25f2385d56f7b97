//! Arguments of `encode`, `decode` and `reconstruct`.

use std::path::PathBuf;

use clap::Args as Group;

use super::reading::ReadingArgs;

/// Arguments of `encode`.
#[derive(Debug, Group)]
#[command(after_help = "Examples:
  latentia encode runs/digits/model.safetensors mnist-mini:train -o codes.npy
  latentia encode runs/digits/model.safetensors mnist-mini:test -o codes.svg   points, coloured by class")]
pub struct EncodeArgs {
    /// The model file
    pub model: PathBuf,
    /// The examples
    pub data: String,
    /// Where to write the codes, one row an example: .npy, .csv or .parquet; .svg and .html draw them as points coloured by class, codes
    /// of more than two numbers along their two principal components
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Leave ids, paths and labels out of the .csv or .parquet
    #[arg(long)]
    pub no_ids: bool,
    /// Where data is looked for and how it is read.
    #[command(flatten)]
    pub reading: ReadingArgs,
}

/// Arguments of `decode`.
#[derive(Debug, Group)]
pub struct DecodeArgs {
    /// The model file
    pub model: PathBuf,
    /// The codes, one row an example: .npy, .csv or .parquet
    pub codes: String,
    /// Where to write: a .png shows examples; .npy, .csv and .parquet hold all
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Class of the examples, for a model that is conditioned on classes: a number from 0, or a label of its table [default: each in turn]
    #[arg(long, value_name = "CLASS", allow_hyphen_values = true)]
    pub label: Option<String>,
    /// How many examples a picture shows at most
    #[arg(short = 'n', long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub count: u16,
    /// Where data is looked for and how it is read.
    #[command(flatten)]
    pub reading: ReadingArgs,
}

/// Arguments of `reconstruct`.
#[derive(Debug, Group)]
pub struct ReconstructArgs {
    /// The model file
    pub model: PathBuf,
    /// The examples
    pub data: String,
    /// Where to write: a .png shows originals above reconstructions; .npy, .csv and .parquet hold all reconstructions; a name without an
    /// ending is a folder of them, as pictures under their names
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// How many examples a picture shows
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub count: u16,
    /// Leave ids, paths and labels out of the .csv or .parquet
    #[arg(long)]
    pub no_ids: bool,
    /// Where data is looked for and how it is read.
    #[command(flatten)]
    pub reading: ReadingArgs,
}
