//! Arguments of `report`.

use std::path::PathBuf;

use clap::Args as Group;

use super::reading::ReadingArgs;
use super::values::file_size;

/// Arguments of `report`.
#[derive(Debug, Group)]
#[command(after_help = "\
Examples:
  latentia report runs/vae-2/model.safetensors -o report.html
  latentia report MODEL new.csv -o report.html
  latentia report MODEL mnist:train -o report.html --max-size 2M

The page is one file that a browser opens without a network or a server: the latent space with every example in it, the decoder itself, \
which decodes whatever point is clicked, measures beside PCA, losses of the training, and the strangest examples. Nothing in it is \
sent anywhere. Where it were larger than --max-size, examples are left out, evenly, and it says so. A likelihood has 1 sample \
an example; `latentia evaluate` takes more.")]
pub struct ReportArgs {
    /// The model file
    pub model: PathBuf,
    /// The examples that it is shown by [default: the test part of the model's data]
    pub data: Option<String>,
    /// Where to write: .html
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// The largest that the file may be, as in 500K or 10M
    #[arg(long, value_name = "SIZE", default_value = "10M", allow_negative_numbers = true, value_parser = file_size)]
    pub max_size: usize,
    /// Where data is looked for and how it is read.
    #[command(flatten)]
    pub reading: ReadingArgs,
}
