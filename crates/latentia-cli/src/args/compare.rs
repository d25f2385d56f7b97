//! Arguments of `compare`.

use std::path::PathBuf;

use clap::Args as Group;

/// Arguments of `compare`.
#[derive(Debug, Group)]
#[command(after_help = "\
Examples:
  latentia compare runs/digits runs/mnist
  latentia compare sweeps/table-people/*/ -o compare.html
  latentia compare runs/* --csv > runs.csv

Shown is what differs: data, seed, keys of the preset; then losses of the epoch whose weights a model has, in its likelihood's unit, \
its parameters, and how many epochs were run. A chart has the loss of validation over the epochs, or that of training where there is no \
other.")]
pub struct CompareArgs {
    /// Folders of runs, or model files
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// Draw the losses over each other: .svg or .html
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Print one JSON object to stdout
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Print CSV to stdout
    #[arg(long)]
    pub csv: bool,
}
