//! Arguments of `compress` and `decompress`.

use std::path::PathBuf;

use clap::Args as Group;

use super::reading::ReadingArgs;
use super::values::decibels;

/// Arguments of `compress`.
#[derive(Debug, Group)]
#[command(after_help = "\
Examples:
  latentia compress runs/mnist/model.safetensors mnist -o digits.ltc
  latentia compress runs/mnist/model.safetensors mnist -o digits.ltc --psnr-floor 20
  latentia compress runs/lossless/model.safetensors mnist -o digits.ltc --lossless
  latentia compress runs/mnist/model.safetensors mnist --report
  latentia decompress digits.ltc --model runs/mnist/model.safetensors -o digits.npy

Without --lossless, what comes back are reconstructions: codes are stored in cells, the finer the higher \
the quality. At 100 the cells add a thousandth to the error of a reconstruction, at 75 a hundredth, at 50 \
a tenth. With --lossless every byte comes back: by bits back, where the model has a Gaussian code with the \
standard normal prior and a likelihood of 8-bit values (presets `lossless`, `lossless-binary`), else by what the reconstruction errs.")]
pub struct CompressArgs {
    /// The model file
    pub model: PathBuf,
    /// The examples
    pub data: String,
    /// Where to write, as in digits.ltc
    #[arg(short, long, value_name = "FILE", required_unless_present = "report")]
    pub output: Option<PathBuf>,
    /// How finely codes are stored, from 1 to 100 [default: 50, or 100 for codes that are rounded already]
    #[arg(long, value_name = "Q", group = "loss", allow_negative_numbers = true, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub quality: Option<u8>,
    /// Store codes as coarsely as keeps this peak signal-to-noise ratio, for 8-bit values
    #[arg(long, value_name = "DB", group = "loss", allow_negative_numbers = true, value_parser = decibels)]
    pub psnr_floor: Option<f64>,
    /// Give every byte back
    #[arg(long, group = "loss")]
    pub lossless: bool,
    /// Let a model of black and white draw grey values so first; the drawn ones come back
    #[arg(long, requires = "lossless")]
    pub binarise: bool,
    /// Show what other formats need for the same pictures; without -o, nothing is written
    #[arg(long)]
    pub report: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Where data is looked for and how it is read.
    #[command(flatten)]
    pub reading: ReadingArgs,
}

/// Arguments of `decompress`.
#[derive(Debug, Group)]
#[command(after_help = "\
Examples:
  latentia decompress digits.ltc --model runs/mnist/model.safetensors -o digits.npy
  latentia decompress digits.ltc --model runs/mnist/model.safetensors --index 7 -o seven.png")]
pub struct DecompressArgs {
    /// The compressed file
    pub file: PathBuf,
    /// The model file that it was compressed with
    #[arg(long)]
    pub model: PathBuf,
    /// Only the example of this number, from 0; the others are not decoded
    #[arg(long, value_name = "I", allow_negative_numbers = true)]
    pub index: Option<u64>,
    /// Where to write: .npy, .csv and .parquet hold all values, a .png at most 100 pictures; a name without an ending is a
    /// folder of them
    #[arg(short, long, value_name = "OUT")]
    pub output: PathBuf,
}
