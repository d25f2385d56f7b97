//! Arguments of `detect`.

use std::path::PathBuf;

use clap::Args as Group;

use super::columns::ColumnArgs;
use super::reading::ReadingArgs;
use super::values::{seed, share};

/// Arguments of `detect`.
#[derive(Debug, Group)]
#[command(after_help = "\
Examples:
  latentia detect --train people.csv                  fit and score one table
  latentia detect --train normal.csv new.csv -o found.csv
  latentia detect runs/anomaly-people/model.safetensors new.csv --false-alarm 0.05
  latentia detect MODEL new.csv -o found.html         a chart of the scores and the strangest rows
  tail -f log.csv | latentia detect MODEL - --follow  a line of JSON for each row as it comes

A score tells how little an example looks like the training examples: by its reconstruction, by the values \
of its columns, by its code. Examples are flagged by scores of rows that the model did not learn from: of rows that \
belong, --false-alarm is the share that is flagged. A p-value is the share of such rows that score as high. \
A reason is a column that makes the score fall when it takes the value that the model expects by the others; \
its share is that of all falls.")]
pub struct DetectArgs {
    /// The model file, where none is trained
    pub model: Option<PathBuf>,
    /// The examples [default: those of --train]
    pub data: Option<String>,
    /// Train a model on these examples first
    #[arg(long, value_name = "DATA")]
    pub train: Option<String>,
    /// What to train [default: what suits the data, `anomaly` for a table]
    #[arg(long, value_name = "NAME", requires = "train")]
    pub preset: Option<String>,
    /// Average the scores of so many models [default: what the preset says, 1]
    #[arg(long, value_name = "N", requires = "train", value_parser = clap::value_parser!(u32).range(1..=64))]
    pub members: Option<u32>,
    /// Seed of the training
    #[arg(long, value_name = "N", default_value_t = 42, requires = "train", allow_negative_numbers = true, value_parser = seed)]
    pub seed: u64,
    /// Write the trained model, a .safetensors
    #[arg(long, value_name = "FILE", requires = "train")]
    pub save: Option<PathBuf>,
    /// What the columns of a table are, where it is trained on.
    #[command(flatten)]
    pub columns: ColumnArgs,
    /// Examples that belong, for a model file without a detector
    #[arg(long, value_name = "DATA", conflicts_with = "train")]
    pub reference: Option<String>,
    /// Flag so that of examples that belong at most this share is flagged [default: 0.01]
    #[arg(long, value_name = "RATE", group = "rule", allow_negative_numbers = true, value_parser = share)]
    pub false_alarm: Option<f64>,
    /// Flag this share of the examples, the strangest
    #[arg(long, value_name = "SHARE", group = "rule", allow_negative_numbers = true, value_parser = share)]
    pub contamination: Option<f64>,
    /// Flag the examples that score above this
    #[arg(
        long,
        value_name = "SCORE",
        group = "rule",
        allow_negative_numbers = true
    )]
    pub threshold: Option<f64>,
    /// Flag so that of the flagged examples at most this share belongs, on average (Benjamini and Hochberg 1995)
    #[arg(long, value_name = "RATE", group = "rule", allow_negative_numbers = true, value_parser = share)]
    pub fdr: Option<f64>,
    /// Give reasons for every example, not just for those that are flagged or listed
    #[arg(long)]
    pub explain: bool,
    /// How many of the strangest examples to list, or to draw
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub count: u16,
    /// Where to write: .csv, .parquet and .jsonl have all examples in order with p-values, flags and reasons, .npy their scores; .html
    /// and .svg draw the scores; a .png has the strangest pictures above their reconstructions
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Of a series, write the score of each time step too, the mean over the windows that cover it: .csv, .parquet or .npy
    #[arg(long, value_name = "FILE")]
    pub steps: Option<PathBuf>,
    /// Score the rows of a table, a CSV on standard input, as they come: one JSON object a line; with --strict, end at the first row that
    /// cannot be scored
    #[arg(long, conflicts_with_all = ["output", "steps", "count", "json", "contamination", "fdr", "explain"])]
    pub follow: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Leave ids, paths and labels out
    #[arg(long)]
    pub no_ids: bool,
    /// Where data is looked for and how it is read.
    #[command(flatten)]
    pub reading: ReadingArgs,
}
