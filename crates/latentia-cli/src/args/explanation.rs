//! Arguments of `explain`.

use std::path::PathBuf;

use clap::{ArgGroup, Args as Group};

use super::reading::ReadingArgs;
use super::values::{seed, whole};

/// Arguments of `explain`.
#[derive(Debug, Group)]
#[command(
    group = ArgGroup::new("what").required(true),
    after_help = "\
Examples:
  latentia explain runs/mnist/model.safetensors mnist --index 7 -o errors.png
  latentia explain runs/table-people/model.safetensors people.csv --index 3
  latentia explain runs/conv/model.safetensors --filters -o filters.png
  latentia explain runs/vae-20/model.safetensors --dimension 0,1,2 -o dimensions.png

A picture of DATA shows one example, its reconstruction, and the squared error of each pixel: black is
none, white the largest. Of a row of a table it shows what each column adds to the score that `detect`
gives the row, beside its value and what the model expected; the largest are printed too. Filters are drawn around a grey that stands for 0, each up to its own largest
weight."
)]
pub struct ExplainArgs {
    /// The model file
    pub model: PathBuf,
    /// The examples, of which one is reconstructed
    #[arg(group = "what")]
    pub data: Option<String>,
    /// Number of the example, from 0
    #[arg(long, value_name = "I", default_value_t = 0, conflicts_with_all = ["filters", "dimension"])]
    pub index: usize,
    /// Draw the weights of the first layer
    #[arg(long, group = "what")]
    pub filters: bool,
    /// How many filters to draw, those with the largest weights
    #[arg(short = 'n', long, value_name = "N", default_value_t = 64, requires = "filters", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub count: u16,
    /// Draw the input that makes these dimensions of the code large
    #[arg(long, group = "what", value_name = "D,...", value_delimiter = ',')]
    pub dimension: Vec<usize>,
    /// Steps up the gradient of a dimension
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = whole::<u32>, requires = "dimension")]
    pub steps: u32,
    /// Seed of the noise that an input begins at
    #[arg(long, value_name = "N", default_value_t = 42, value_parser = seed, requires = "dimension")]
    pub seed: u64,
    /// The picture to write, a .png; DATA may go without
    #[arg(short, long, value_name = "FILE", required_unless_present = "data")]
    pub output: Option<PathBuf>,
    /// Print one JSON object to stdout
    #[arg(long)]
    pub json: bool,
    /// Where data is looked for and how it is read.
    #[command(flatten)]
    pub reading: ReadingArgs,
}
