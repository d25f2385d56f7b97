//! Arguments of `train`.

use std::path::PathBuf;

use clap::Args as Group;

use super::checkpoint_interval::CheckpointInterval;
use super::columns::ColumnArgs;
use super::examples::ExampleArgs;
use super::reading::ReadingArgs;
use super::run_command::RunCommand;
use super::values::{positive, seed, share, whole};

/// Arguments of `train`.
#[derive(Clone, Debug, Group)]
#[command(after_help = "\
Examples:
  latentia train                                     digits, in seconds
  latentia train --preset mnist --out runs/m         a preset on all of MNIST
  latentia train --data people.csv --latent 2        a table
  latentia train --data people.csv --test 0.1        the same, measured on rows it does not learn from
  latentia train --preset anomaly --data people.csv  what `latentia detect` finds anomalies by
  latentia train --data photos --image-size 32       pictures in a folder
  latentia train --data noisy --target clean         pairs of pictures of the same names
  latentia presets features > my.toml; latentia train --config my.toml
  latentia train --set training.batch-size=64 --set model.encoder.0.units=256
  latentia train --resume runs/mnist                 go on after an interruption
  latentia train --resume runs/mnist --epochs 50     train a complete run further
  latentia train --from runs/mnist/model.safetensors --data mine.npy    begin with a model's weights")]
pub struct TrainArgs {
    /// What to train; see `latentia presets`
    #[arg(long, value_name = "NAME", conflicts_with = "config")]
    pub preset: Option<String>,
    /// A file in the format of a preset
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Another value for a key of the preset, as `latentia presets NAME` prints it; again for further ones
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Begin with the weights of another model, which is trained further; the preset says how [default: the model's own preset]
    #[arg(long, value_name = "MODEL", conflicts_with = "latent")]
    pub from: Option<PathBuf>,
    /// What to train on [default: what the preset names]
    #[arg(long)]
    pub data: Option<String>,
    /// What the examples are to be reconstructed as: a second DATA, of pictures those of the same names, as clean ones of noisy ones
    /// [default: themselves]
    #[arg(long, value_name = "DATA")]
    pub target: Option<String>,
    /// How data becomes examples.
    #[command(flatten)]
    pub examples: ExampleArgs,
    /// What the columns of a table are.
    #[command(flatten)]
    pub columns: ColumnArgs,
    /// Where to write [default: runs/PRESET, or runs/PRESET-DATA, and -2 and so on where that holds a run]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Passes over the training examples
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<u32>)]
    pub epochs: Option<u32>,
    /// Hold out this share of the examples to measure the model on, drawn by --seed, or of windows of a series the last; of data without a
    /// test part. `evaluate` and `report` measure on them too
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, value_parser = share)]
    pub test: Option<f64>,
    /// Examples in a batch
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<usize>)]
    pub batch_size: Option<usize>,
    /// Step size of the optimiser
    #[arg(long, value_name = "X", allow_negative_numbers = true, value_parser = positive)]
    pub learning_rate: Option<f32>,
    /// Width of the code
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<usize>)]
    pub latent: Option<usize>,
    /// Models whose scores `detect` averages [default: what the preset says, 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    pub members: Option<u32>,
    /// Seed of initial values, order and noise: the same seed gives the same bits
    #[arg(long, value_name = "N", default_value_t = 42, allow_negative_numbers = true, value_parser = seed)]
    pub seed: u64,
    /// Save a checkpoint, from which --resume goes on, every N batches, or every N seconds as in 30s [default: at the end of each epoch, at most once a second]
    #[arg(long, value_name = "N|Ns", allow_negative_numbers = true)]
    pub checkpoint_every: Option<CheckpointInterval>,
    /// Renew `report.html` in the run's folder each epoch, at most every ten seconds, for a browser that shows it
    #[arg(long)]
    pub live: bool,
    /// Write the numbers of each epoch also as TensorBoard reads them: `tensorboard --logdir runs`
    #[arg(long)]
    pub tensorboard: bool,
    /// Go on with the run in the folder RUN, with all that it was begun with, or further with --epochs, where it is complete; without RUN
    /// with the one that the same command began
    #[arg(long, value_name = "RUN", conflicts_with = "force")]
    pub resume: Option<Option<PathBuf>>,
    /// Replace the model in the folder
    #[arg(long)]
    pub force: bool,
    /// Print one JSON object to stdout
    #[arg(long)]
    pub json: bool,
    /// Where data is looked for and how it is read.
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// The command that began the run, where it is gone on with by its folder alone.
    #[arg(skip)]
    pub command: Option<RunCommand>,
}

impl TrainArgs {
    /// Whether they are to go on with a run.
    pub fn resumes(&self) -> bool {
        self.resume.is_some()
    }
}
