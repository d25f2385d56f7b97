//! Arguments of `sample`, `traverse` and `interpolate`.

use std::path::PathBuf;

use clap::{Args as Group, ValueEnum};

use super::reading::ReadingArgs;

/// Arguments of `sample`.
#[derive(Debug, Group)]
#[command(
    after_help = "Examples:\n  latentia sample runs/vae-20/model.safetensors -n 100 -o samples.png\n  \
                  latentia sample runs/features/model.safetensors --prior mixture -o samples.png\n  \
                  latentia sample runs/conv-vq-vae/model.safetensors --save drawn.safetensors -o digits.png\n  \
                  latentia sample runs/conditional-vae/model.safetensors --label 7 -o sevens.png\n  \
                  latentia sample runs/table-vae/model.safetensors -n 1000 -o rows.csv"
)]
pub struct SampleArgs {
    /// The model file
    pub model: PathBuf,
    /// How many examples
    #[arg(short = 'n', long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub count: u32,
    /// What codes are drawn from: the `prior` of a variational model, or what is fitted to codes of any model, a `mixture`, a `flow`, the
    /// lines between neighbours (`knn`) or a `hypersphere`, of a code from a codebook also an `autoregressive` prior of its indices [default:
    /// what --save kept, else `autoregressive` of a code from a codebook, `prior` of others]
    #[arg(long, value_enum, hide_possible_values = true)]
    pub prior: Option<Prior>,
    /// Write the model with what is fitted, a .safetensors: `sample` then draws from it without data. Compressed files go on needing the
    /// model that they were made with
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
    /// Gaussians in the mixture [default: 10]
    #[arg(long, value_name = "K", allow_negative_numbers = true, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub components: Option<u8>,
    /// What is fitted to: the training part of it [default: the model's data]
    #[arg(long)]
    pub data: Option<String>,
    /// Seed of the draw
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub seed: u64,
    /// Class of the examples, for a model that is conditioned on classes: a number from 0, or a label of its table [default: each in turn]
    #[arg(long, value_name = "CLASS", allow_hyphen_values = true)]
    pub label: Option<String>,
    /// Draw each number from the likelihood instead of taking its mean, as it is always done of a table with learned scales
    #[arg(long)]
    pub draw: bool,
    /// Where to write: .npy, .csv and .parquet hold all, a .png at most 1000
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Where data is looked for and how it is read.
    #[command(flatten)]
    pub reading: ReadingArgs,
}

/// What codes are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Prior {
    /// What a variational model is trained with: the standard normal distribution, or a prior that was learned with it
    #[value(alias = "normal")]
    Prior,
    /// A mixture of Gaussians, fitted to the codes of examples; for every model
    Mixture,
    /// A normalising flow, fitted likewise
    Flow,
    /// Places between a code of an example and one of its nearest neighbours
    Knn,
    /// A sphere around the mean of the codes of examples, as far from it as they are
    Hypersphere,
    /// A distribution of the indices of a code from a codebook, each given those before it
    Autoregressive,
}

/// Arguments of `traverse`.
#[derive(Debug, Group)]
pub struct TraverseArgs {
    /// The model file
    pub model: PathBuf,
    /// Steps from -3 to 3 along a dimension
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = clap::value_parser!(u16).range(2..=100))]
    pub steps: u16,
    /// Class of the examples, for a model that is conditioned on classes: a number from 0, or a label of its table [default: 0]
    #[arg(long, value_name = "CLASS", allow_hyphen_values = true)]
    pub label: Option<String>,
    /// Where to write: .png, .npy, .csv or .parquet
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
    /// Where to write: .png, .npy, .csv or .parquet
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Where data is looked for and how it is read.
    #[command(flatten)]
    pub reading: ReadingArgs,
}
