//! Arguments of `sweep`.

use std::path::PathBuf;

use clap::Args as Group;

use super::columns::ColumnArgs;
use super::examples::ExampleArgs;
use super::reading::ReadingArgs;
use super::training::TrainArgs;
use super::values::{positive, seed, share, whole};

/// Arguments of `sweep`.
#[derive(Debug, Group)]
#[command(after_help = "\
Examples:
  latentia sweep --data people.csv --latent 2,4,8 --seed 1,2,3
  latentia sweep --preset vae-20 --learning-rate 3e-4,1e-3 --set model.objective.beta=1,4
  latentia sweep --data people.csv --latent 2,4,8 --set training.batch-size=16,64 --random 3
  latentia sweep --data people.csv --latent 2,8 --measure r2_median --json
  latentia sweep --preset mnist --latent 8,16,32 --learning-rate 3e-4,1e-3,3e-3 --halving

A run is trained for each combination of the values into a folder of its own, as many at a time as there are threads. The same command goes on after an \
interruption, however it came; further values add to what is there. The table has the median of the measure over the seeds, the least \
first, and its range; sweep.csv has every run.")]
pub struct SweepArgs {
    /// What to train; see `latentia presets`
    #[arg(long, value_name = "NAME", conflicts_with = "config")]
    pub preset: Option<String>,
    /// A file in the format of a preset
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Values for a key of the preset, as `latentia presets NAME` prints it; again for further ones
    #[arg(long, value_name = "KEY=VALUE,...")]
    pub set: Vec<String>,
    /// What to train on [default: what the preset names]
    #[arg(long)]
    pub data: Option<String>,
    /// What the examples are to be reconstructed as: a second DATA [default: themselves]
    #[arg(long, value_name = "DATA")]
    pub target: Option<String>,
    /// How data becomes examples.
    #[command(flatten)]
    pub examples: ExampleArgs,
    /// What the columns of a table are.
    #[command(flatten)]
    pub columns: ColumnArgs,
    /// Where to write, a folder for each run and sweep.csv [default: sweeps/PRESET, or sweeps/PRESET-DATA]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Passes over the training examples
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<u32>)]
    pub epochs: Option<u32>,
    /// Hold out this share of the examples to measure the model on, drawn by the seed, or of windows of a series the last; of data without a
    /// test part
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, value_parser = share)]
    pub test: Option<f64>,
    /// Widths of the code
    #[arg(long, value_name = "N,...", value_delimiter = ',', allow_negative_numbers = true, value_parser = whole::<usize>)]
    pub latent: Vec<usize>,
    /// Examples in a batch
    #[arg(long, value_name = "N,...", value_delimiter = ',', allow_negative_numbers = true, value_parser = whole::<usize>)]
    pub batch_size: Vec<usize>,
    /// Step sizes of the optimiser
    #[arg(long, value_name = "X,...", value_delimiter = ',', allow_negative_numbers = true, value_parser = positive)]
    pub learning_rate: Vec<f32>,
    /// Seeds: each combination is trained with every one
    #[arg(long, value_name = "N,...", value_delimiter = ',', default_value = "42", allow_negative_numbers = true, value_parser = seed)]
    pub seed: Vec<u64>,
    /// Train N of the combinations, drawn at random, instead of all
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<usize>)]
    pub random: Option<usize>,
    /// Seed of that drawing
    #[arg(long, value_name = "N", requires = "random", default_value_t = 42, allow_negative_numbers = true, value_parser = seed)]
    pub random_seed: u64,
    /// Train all combinations for a part of their epochs, the best 1 in N of them for N times as many, and so on, until the best have all epochs:
    /// successive halving
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "3", require_equals = true, value_parser = clap::value_parser!(u32).range(2..=100))]
    pub halving: Option<u32>,
    /// Runs that are trained beside each other, among which the threads are divided; the results do not depend on it [default: one a thread]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<usize>)]
    pub parallel: Option<usize>,
    /// The measure that is to be small: a key of `latentia evaluate --json`, or of one that is to be great with a minus before it, as in
    /// -r2_median [default: what the preset expects, else the loss of validation]
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    pub measure: Option<String>,
    /// Train more than 1,000 runs
    #[arg(long)]
    pub yes: bool,
    /// Replace runs of other settings or other data in the folder
    #[arg(long)]
    pub force: bool,
    /// Print one JSON object to stdout
    #[arg(long)]
    pub json: bool,
    /// Where data is looked for and how it is read.
    #[command(flatten)]
    pub reading: ReadingArgs,
}

impl SweepArgs {
    /// The arguments of `train` that all runs have in common.
    pub fn train(&self) -> TrainArgs {
        TrainArgs {
            preset: self.preset.clone(),
            config: self.config.clone(),
            set: Vec::new(),
            from: None,
            data: self.data.clone(),
            target: self.target.clone(),
            examples: self.examples,
            columns: self.columns.clone(),
            out: None,
            epochs: self.epochs,
            test: self.test,
            batch_size: None,
            learning_rate: None,
            latent: None,
            members: None,
            seed: 42,
            checkpoint_every: None,
            live: false,
            tensorboard: false,
            command: None,
            resume: None,
            force: false,
            json: false,
            reading: self.reading.clone(),
        }
    }
}
