//! What can be asked for.

mod compression;
mod values;

use std::path::PathBuf;

use clap::{ArgGroup, Args as Group, Parser, Subcommand, ValueEnum};

pub use compression::{CompressArgs, DecompressArgs};

use crate::progress::Every;
use values::{class, memory, positive, seed, size, whole};

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

    /// Refuse a folder with a picture that cannot be read, instead of leaving it out
    #[arg(long, global = true)]
    pub strict: bool,

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

DATA is a name (see `latentia data list`) or a path: .npy, .csv, IDX, plain or gzip, .bin of CIFAR-10, \
or a folder of PNG and JPEG files, one folder within for each class where there are classes. Where a \
model is used, a name may end in :train or :test.";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train a model and write it to a folder
    Train(TrainArgs),
    /// Measure a model, beside PCA of the same dimension
    Evaluate(EvaluateArgs),
    /// Turn examples into codes
    Encode(EncodeArgs),
    /// Turn codes into examples
    Decode(DecodeArgs),
    /// Encode and decode examples
    Reconstruct(ReconstructArgs),
    /// Spoil examples and let the model restore them
    Denoise(DenoiseArgs),
    /// Find the examples that a model explains worst
    Detect(DetectArgs),
    /// Draw new examples
    Sample(SampleArgs),
    /// Decode the prior along each dimension of the code
    Traverse(TraverseArgs),
    /// Decode the line between two codes
    Interpolate(InterpolateArgs),
    /// Draw what a model looks for, and where a reconstruction errs
    Explain(ExplainArgs),
    /// Write examples as a compressed file
    Compress(CompressArgs),
    /// Bring the examples of a compressed file back
    Decompress(DecompressArgs),
    /// Show what a model is made of and how it was trained
    Inspect(InspectArgs),
    /// List the presets, or print one as TOML
    Presets(PresetsArgs),
    /// List, fetch or describe data sets
    #[command(subcommand)]
    Data(DataCommand),
}

/// How pictures become examples.
#[derive(Clone, Copy, Debug, Group)]
pub struct PictureArgs {
    /// Size of examples from a folder of pictures, which are cut around their centre and resized, as in 64 or 48x64 [default: theirs, if it is one of at most 256 a side, else 64]
    #[arg(long, value_name = "N|HxW", allow_negative_numbers = true, value_parser = size)]
    pub image_size: Option<(usize, usize)>,
    /// Make the pictures of a folder grey
    #[arg(long, alias = "gray")]
    pub grey: bool,
}

/// Arguments of `train`.
#[derive(Debug, Group)]
#[command(after_help = "\
Examples:
  latentia train                                     digits, in seconds
  latentia train --preset mnist --out runs/m         a preset on all of MNIST
  latentia train --data people.csv --latent 2        a table
  latentia train --data photos --image-size 32       pictures in a folder
  latentia presets features > my.toml; latentia train --config my.toml
  latentia train --preset mnist --resume             go on after an interruption")]
pub struct TrainArgs {
    /// What to train; see `latentia presets`
    #[arg(long, value_name = "NAME", conflicts_with = "config")]
    pub preset: Option<String>,
    /// A file in the format of a preset
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to train on [default: what the preset names]
    #[arg(long)]
    pub data: Option<String>,
    /// How pictures become examples.
    #[command(flatten)]
    pub pictures: PictureArgs,
    /// Where to write [default: runs/NAME]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Passes over the training examples
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<u32>)]
    pub epochs: Option<u32>,
    /// Examples in a batch
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<usize>)]
    pub batch_size: Option<usize>,
    /// Step size of the optimiser
    #[arg(long, value_name = "X", allow_negative_numbers = true, value_parser = positive)]
    pub learning_rate: Option<f32>,
    /// Width of the code
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<usize>)]
    pub latent: Option<usize>,
    /// Seed of initial values, order and noise: the same seed gives the same bits
    #[arg(long, value_name = "N", default_value_t = 42, allow_negative_numbers = true, value_parser = seed)]
    pub seed: u64,
    /// Save a checkpoint, from which --resume goes on, every N batches, or every N seconds as in 30s [default: at the end of each epoch, at most once a second]
    #[arg(long, value_name = "N|Ns", allow_negative_numbers = true)]
    pub checkpoint_every: Option<Every>,
    /// Go on with the run in the folder
    #[arg(long, conflicts_with = "force")]
    pub resume: bool,
    /// Replace the model in the folder
    #[arg(long)]
    pub force: bool,
    /// Print one JSON object to stdout
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `evaluate`.
#[derive(Debug, Group)]
#[command(
    after_help = "Example:\n  latentia evaluate runs/features/model.safetensors --json\n\n\
                  Where the data has classes and a training part, classifiers of the codes, of PCA's components and of the \
                  raw numbers are trained on it and measured too: 15 seconds on all of MNIST with two cores."
)]
pub struct EvaluateArgs {
    /// The model file
    pub model: PathBuf,
    /// What to measure on [default: the test part of the model's data]
    #[arg(long)]
    pub data: Option<String>,
    /// Samples for each example behind the likelihood of a variational model
    #[arg(long, value_name = "K", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub importance_samples: u32,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `encode`.
#[derive(Debug, Group)]
#[command(
    after_help = "Example:\n  latentia encode runs/digits/model.safetensors mnist-mini:train -o codes.npy"
)]
pub struct EncodeArgs {
    /// The model file
    pub model: PathBuf,
    /// The examples
    pub data: String,
    /// Where to write the codes, one row an example: .npy or .csv
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
}

/// Arguments of `decode`.
#[derive(Debug, Group)]
pub struct DecodeArgs {
    /// The model file
    pub model: PathBuf,
    /// The codes, one row an example: .npy or .csv
    pub codes: String,
    /// Where to write: a .png shows examples; .npy and .csv hold all
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Class of the examples, for a model that is conditioned on classes [default: each in turn]
    #[arg(long, value_name = "CLASS", allow_negative_numbers = true, value_parser = class)]
    pub label: Option<u8>,
    /// How many examples a picture shows at most
    #[arg(short = 'n', long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub count: u16,
}

/// Arguments of `reconstruct`.
#[derive(Debug, Group)]
pub struct ReconstructArgs {
    /// The model file
    pub model: PathBuf,
    /// The examples
    pub data: String,
    /// Where to write: a .png shows originals above reconstructions; .npy and .csv hold all reconstructions
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// How many examples a picture shows
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub count: u16,
}

/// Arguments of `explain`.
#[derive(Debug, Group)]
#[command(
    group = ArgGroup::new("what").required(true),
    after_help = "\
Examples:
  latentia explain runs/mnist/model.safetensors mnist --index 7 -o errors.png
  latentia explain runs/conv/model.safetensors --filters -o filters.png
  latentia explain runs/vae-20/model.safetensors --dimension 0,1,2 -o dimensions.png

A picture of DATA shows one example, its reconstruction, and the squared error of each pixel: black is
none, white the largest. Filters are drawn around a grey that stands for 0, each up to its own largest
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
    /// Draw the input that makes these dimensions of the code large
    #[arg(long, group = "what", value_name = "D,...", value_delimiter = ',')]
    pub dimension: Vec<usize>,
    /// Steps up the gradient of a dimension
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = whole::<u32>, requires = "dimension")]
    pub steps: u32,
    /// Seed of the noise that an input begins at
    #[arg(long, value_name = "N", default_value_t = 42, value_parser = seed, requires = "dimension")]
    pub seed: u64,
    /// The picture to write, a .png
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Print one JSON object to stdout
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `denoise`.
#[derive(Debug, Group)]
#[command(
    after_help = "Example:\n  latentia denoise runs/denoising/model.safetensors mnist -o restored.png\n\n\
                  Examples that are noisy already are restored by `latentia reconstruct`."
)]
pub struct DenoiseArgs {
    /// The model file
    pub model: PathBuf,
    /// The examples, clean
    pub data: String,
    /// Set this share of the numbers to 0 [default: what the model was trained on]
    #[arg(long, value_name = "RATE", group = "corruption")]
    pub masking: Option<f32>,
    /// Set this share of the numbers to 0 or 1
    #[arg(long, value_name = "RATE", group = "corruption")]
    pub salt_and_pepper: Option<f32>,
    /// Add normal noise of this standard deviation
    #[arg(long, value_name = "DEVIATION", group = "corruption")]
    pub gaussian: Option<f32>,
    /// Seed of the noise
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub seed: u64,
    /// Where to draw spoilt examples above restored ones: a .png
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// How many examples the picture shows
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub count: u16,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `detect`.
#[derive(Debug, Group)]
#[command(
    after_help = "Example:\n  latentia detect runs/table/model.safetensors people.csv -o scores.csv\n\n\
                  A score is the loss of an example's reconstruction: high where it does not look like the training examples."
)]
pub struct DetectArgs {
    /// The model file
    pub model: PathBuf,
    /// The examples
    pub data: String,
    /// How many of the worst examples to list, or to draw
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub count: u16,
    /// Where to write: .npy or .csv hold the scores of all examples in order, a .png the worst above their reconstructions
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `sample`.
#[derive(Debug, Group)]
#[command(
    after_help = "Examples:\n  latentia sample runs/vae-20/model.safetensors -n 100 -o samples.png\n  \
                  latentia sample runs/features/model.safetensors --prior mixture -o samples.png\n  \
                  latentia sample runs/conditional-vae/model.safetensors --label 7 -o sevens.png"
)]
pub struct SampleArgs {
    /// The model file
    pub model: PathBuf,
    /// How many examples
    #[arg(short = 'n', long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub count: u32,
    /// What codes are drawn from: the `normal` prior of a variational model, or a `mixture` fitted to codes of any model
    #[arg(long, value_enum, default_value_t = Prior::Normal, hide_possible_values = true)]
    pub prior: Prior,
    /// Gaussians in the mixture [default: 10]
    #[arg(long, value_name = "K", allow_negative_numbers = true, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub components: Option<u8>,
    /// What the mixture is fitted to: the training part of it [default: the model's data]
    #[arg(long)]
    pub data: Option<String>,
    /// Seed of the draw
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub seed: u64,
    /// Class of the examples, for a model that is conditioned on classes [default: each in turn]
    #[arg(long, value_name = "CLASS", allow_negative_numbers = true, value_parser = class)]
    pub label: Option<u8>,
    /// Draw each number from the likelihood instead of taking its mean
    #[arg(long)]
    pub draw: bool,
    /// Where to write: .npy and .csv hold all, a .png at most 1000
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
}

/// What codes are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Prior {
    /// The standard normal distribution that a variational model is trained with
    Normal,
    /// A mixture of Gaussians, fitted to the codes of examples; for every model
    Mixture,
}

/// Arguments of `traverse`.
#[derive(Debug, Group)]
pub struct TraverseArgs {
    /// The model file
    pub model: PathBuf,
    /// Steps from -3 to 3 along a dimension
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = clap::value_parser!(u16).range(2..=100))]
    pub steps: u16,
    /// Class of the examples, for a model that is conditioned on classes [default: 0]
    #[arg(long, value_name = "CLASS", allow_negative_numbers = true, value_parser = class)]
    pub label: Option<u8>,
    /// Where to write: .png, .npy or .csv
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
}

/// Arguments of `interpolate`.
#[derive(Debug, Group)]
pub struct InterpolateArgs {
    /// The model file
    pub model: PathBuf,
    /// The examples
    pub data: String,
    /// Number of the first example, from 0
    #[arg(long, value_name = "I", default_value_t = 0)]
    pub from: usize,
    /// Number of the last example, from 0
    #[arg(long, value_name = "J", default_value_t = 1)]
    pub to: usize,
    /// Examples on the line, both ends included
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(2..=1000))]
    pub steps: u16,
    /// Where to write: .png, .npy or .csv
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
}

/// Arguments of `inspect`.
#[derive(Debug, Group)]
pub struct InspectArgs {
    /// The model file
    pub model: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `presets`.
#[derive(Debug, Group)]
pub struct PresetsArgs {
    /// The preset to print
    pub name: Option<String>,
}

/// The commands of `data`.
#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// List the named data sets and where they are
    List,
    /// Download a named data set, or take it from a folder
    Fetch(FetchArgs),
    /// Describe a data set, a file or a folder of pictures
    Info {
        /// A name or a path
        data: String,
        /// How pictures become examples.
        #[command(flatten)]
        pictures: PictureArgs,
    },
}

/// Arguments of `data fetch`.
#[derive(Debug, Group)]
pub struct FetchArgs {
    /// The data set
    pub name: String,
    /// Take the files from this folder instead of the network
    #[arg(long, value_name = "DIR")]
    pub from: Option<PathBuf>,
    /// Download from this address instead of the known ones; the names of the files are added to it
    #[arg(long, value_name = "URL", conflicts_with = "from")]
    pub mirror: Option<String>,
    /// Put the set's folder into this one [default: --data-dir, $LATENTIA_DATA_DIR, or the user's cache]
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
}
