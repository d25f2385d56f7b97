//! Arguments of `impute`.

use std::path::PathBuf;

use clap::Args as Group;

use super::evaluation::EVALUATION_SEED;
use super::reading::ReadingArgs;
use super::values::{seed, whole};

/// Arguments of `impute`.
#[derive(Debug, Group)]
#[command(
    after_help = "Examples:\n  latentia train --preset table-imputation --data people.csv\n  \
                  latentia impute runs/table-imputation-people/model.safetensors people.csv -o filled.csv --report\n\n\
                  What is known stays as it is written. A gap becomes what the model expects from the rest of its row: the mean \
                  of a number, the likeliest level of a category."
)]
pub struct ImputeArgs {
    /// The model file, of a table's columns
    pub model: PathBuf,
    /// The table
    pub data: String,
    /// Where to write the table with its gaps filled: .csv or .parquet
    #[arg(short, long, value_name = "FILE", required_unless_present = "report")]
    pub output: Option<PathBuf>,
    /// Passes through the code: each after the first encodes the row with its gaps filled, and fills them again. One is best where
    /// cells were hidden in training
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true, value_parser = whole::<u32>)]
    pub passes: u32,
    /// Hide a tenth of the known cells first, and tell how far off they are filled, beside the mean and the commonest level
    #[arg(long)]
    pub report: bool,
    /// Seed of what --report hides
    #[arg(long, value_name = "N", default_value_t = EVALUATION_SEED, allow_negative_numbers = true, value_parser = seed)]
    pub seed: u64,
    /// Print the report as one JSON object
    #[arg(long, requires = "report")]
    pub json: bool,
    /// Where data is looked for and how it is read.
    #[command(flatten)]
    pub reading: ReadingArgs,
}
