//! The program's own arguments, and those of every command.

use clap::Parser;

use super::command::Command;

/// Trains, measures and uses autoencoders.
#[derive(Debug, Parser)]
#[command(name = "latentia", version, after_help = EXAMPLES, arg_required_else_help = true)]
pub struct Args {
    /// Threads to use; the result does not depend on it [default: all cores]
    #[arg(long, global = true, display_order = 900, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,

    /// Say nothing but warnings and errors
    #[arg(short, long, global = true, display_order = 901)]
    pub quiet: bool,

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
