//! What can be asked for: a file for each group of commands, and [`Args`] above them all.

mod checkpoint_interval;
mod codes;
mod columns;
mod command;
mod compression;
mod datasets;
mod detection;
mod evaluation;
mod examples;
mod explanation;
mod export;
mod generation;
mod imputation;
mod inspection;
mod program;
mod tables;
mod training;
mod values;

pub use checkpoint_interval::CheckpointInterval;
pub use codes::{DecodeArgs, EncodeArgs, ReconstructArgs};
pub use columns::ColumnArgs;
pub use command::Command;
pub use compression::{CompressArgs, DecompressArgs};
pub use datasets::{DataCommand, FetchArgs, InfoArgs};
pub use detection::DetectArgs;
pub use evaluation::{DenoiseArgs, EVALUATION_SEED, EvaluateArgs};
pub use examples::ExampleArgs;
pub use explanation::ExplainArgs;
pub use export::{ExportArgs, ExportPart};
pub use generation::{InterpolateArgs, Prior, SampleArgs, TraverseArgs};
pub use imputation::ImputeArgs;
pub use inspection::{InspectArgs, PresetsArgs};
pub use program::Args;
pub use tables::TableArgs;
pub use training::TrainArgs;
