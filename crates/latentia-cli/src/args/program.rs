//! The program's own arguments, and those of every command.

use std::path::PathBuf;

use clap::Parser;

use super::command::Command;
use super::tables::TableArgs;
use super::values::memory;

/// Trains, measures and uses autoencoders.
#[derive(Debug, Parser)]
#[command(name = "latentia", version, after_help = EXAMPLES, arg_required_else_help = true)]
pub struct Args {
    /// Where named data sets are looked for first
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// Threads to use; the result does not depend on it [default: all cores]
    #[arg(long, global = true, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,

    /// Memory for examples, as in 512M or 4G; what does not fit is read from the disk each time
    #[arg(long, global = true, value_name = "SIZE", default_value = "1G", allow_negative_numbers = true, value_parser = memory)]
    pub memory: usize,

    /// Refuse a folder with a file that is no picture or cannot be read, instead of leaving it out, and pictures that a model would
    /// have to change; with --follow, end at the first row that cannot be scored
    #[arg(long, global = true)]
    pub strict: bool,

    /// Say nothing but warnings and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,

    /// How tables are read.
    #[command(flatten)]
    pub table: TableArgs,

    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  latentia train                                   an autoencoder of digits, in seconds
  latentia train --data people.csv --latent 2      a table of numbers, as two numbers a row
  latentia evaluate runs/digits/model.safetensors  every measure, beside PCA
  latentia encode MODEL photos.npy -o codes.npy    features
  latentia presets                                 what else can be trained

DATA is a name (see `latentia data list`) or a path: .npy, .npz, .parquet, .csv or .tsv, IDX, plain or gzip, .bin of CIFAR-10, \
a picture (PNG, JPEG, WebP, BMP, TIFF, GIF) or a folder of them, whose first folders within are classes, or - for standard input. Where a \
model is used, a name may end in :train or :test.";
