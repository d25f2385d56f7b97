//! Arguments of `evaluate` and `denoise`.

use std::path::PathBuf;

use clap::Args as Group;

use super::reading::ReadingArgs;
use super::values::{seed, share, whole};

/// Seed of the samples behind a likelihood, where none is asked for: a measure repeats to the bit.
pub const EVALUATION_SEED: u64 = 0;

/// Arguments of `evaluate`.
#[derive(Debug, Group)]
#[command(
    after_help = "Examples:\n  latentia evaluate runs/features/model.safetensors --json\n  \
                  latentia evaluate runs/anomaly-people/model.safetensors --data new.csv --anomalies outlier\n  \
                  latentia evaluate MODEL --data iris.csv --anomalies species --anomalous virginica\n  \
                  latentia evaluate MODEL --data normal.csv --anomalies broken.csv\n\n\
                  Where the data has classes and a training part, classifiers of the codes, of PCA's components and of the \
                  raw values are trained on it and measured too: 9 seconds on all of MNIST with two cores.\n\n\
                  The likelihood of a variational model, `nll_nats`, is estimated from samples. Its standard error, \
                  `nll_standard_error`, is that of a mean over examples, their deviation over the square root of their number: how \
                  far it would be from that of endlessly many such examples. Another --seed draws other samples of the \
                  same examples, and shows how far these alone move it.\n\n\
                  With --anomalies, the model's detector scores the examples as `latentia detect` does; a model without one is scored by \
                  its plain loss, without a threshold. The area under the ROC curve, average precision beside that of a random order, \
                  precision among the highest scores and, of the examples that are flagged, recall, false-alarm rate and precision have \
                  95 % intervals by 1,000 bootstrap samples."
)]
pub struct EvaluateArgs {
    /// The model file
    pub model: PathBuf,
    /// What to measure on [default: the test part of the model's data]
    #[arg(long)]
    pub data: Option<String>,
    /// What the examples are to be reconstructed as, for a model that was trained with --target
    #[arg(long, value_name = "DATA", conflicts_with = "anomalies")]
    pub target: Option<String>,
    /// Samples for each example behind the likelihood of a variational model
    #[arg(long, value_name = "K", default_value_t = 100, conflicts_with = "anomalies", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub importance_samples: u32,
    /// Seed of these samples, and of bootstrap samples
    #[arg(long, value_name = "N", default_value_t = EVALUATION_SEED, allow_negative_numbers = true, value_parser = seed)]
    pub seed: u64,
    /// Measure instead how well known anomalies are told from other examples: those that a column of the data says are some, by its
    /// name or number from 1, or, without names of columns, `class`, their labels; or else all examples of a second DATA
    #[arg(long, value_name = "COLUMN|DATA")]
    pub anomalies: Option<String>,
    /// What that column says of an anomaly, all other values being normal [default: `1`, `true`, `yes`, `anomaly`, `anomalous`,
    /// `outlier` or `o`, where the others are `0`, `false`, `no`, `normal`, `inlier` or `n`]
    #[arg(
        long,
        value_name = "VALUE",
        requires = "anomalies",
        allow_hyphen_values = true
    )]
    pub anomalous: Option<String>,
    /// Flag so that of examples that belong at most this share is flagged [default: 0.01]
    #[arg(long, value_name = "RATE", requires = "anomalies", allow_negative_numbers = true, value_parser = share)]
    pub false_alarm: Option<f64>,
    /// How many of the highest scores to look for anomalies among [default: as many as there are anomalies]
    #[arg(short, long, value_name = "N", requires = "anomalies", value_parser = whole::<usize>)]
    pub k: Option<usize>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Where data is looked for and how it is read.
    #[command(flatten)]
    pub reading: ReadingArgs,
}

/// Arguments of `denoise`.
#[derive(Debug, Group)]
#[command(
    after_help = "Examples:\n  latentia denoise runs/denoising/model.safetensors mnist -o restored.png\n  \
                  latentia denoise MODEL noisy --target clean -o restored.png\n\n\
                  Noisy examples without clean ones to compare with are restored by `latentia reconstruct`."
)]
pub struct DenoiseArgs {
    /// The model file
    pub model: PathBuf,
    /// The examples, clean, or noisy beside --target
    pub data: String,
    /// The clean examples of noisy ones, of pictures those of the same names
    #[arg(long, value_name = "DATA", conflicts_with = "corruption")]
    pub target: Option<String>,
    /// Set this share of the values to 0 [default: what the model was trained on]
    #[arg(long, value_name = "RATE", group = "corruption")]
    pub masking: Option<f32>,
    /// Set this share of the values to 0 or 1
    #[arg(long, value_name = "RATE", group = "corruption")]
    pub salt_and_pepper: Option<f32>,
    /// Add normal noise of this standard deviation
    #[arg(long, value_name = "DEVIATION", group = "corruption")]
    pub gaussian: Option<f32>,
    /// Seed of the noise
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub seed: u64,
    /// Where to draw examples, corrupted below, restored below those: a .png
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// How many examples the picture shows
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub count: u16,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Where data is looked for and how it is read.
    #[command(flatten)]
    pub reading: ReadingArgs,
}
