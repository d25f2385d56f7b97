//! The commands.

use clap::Subcommand;

use super::codes::{DecodeArgs, EncodeArgs, ReconstructArgs};
use super::compare::CompareArgs;
use super::completions::{CompletionsArgs, ManArgs};
use super::compression::{CompressArgs, DecompressArgs};
use super::datasets::DataCommand;
use super::detection::DetectArgs;
use super::evaluation::{DenoiseArgs, EvaluateArgs};
use super::explanation::ExplainArgs;
use super::export::ExportArgs;
use super::generation::{InterpolateArgs, SampleArgs, TraverseArgs};
use super::import::ImportArgs;
use super::imputation::ImputeArgs;
use super::inspection::{InspectArgs, PresetsArgs};
use super::report::ReportArgs;
use super::sweep::SweepArgs;
use super::training::TrainArgs;

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train a model and write it to a folder
    Train(TrainArgs),
    /// Train a model for each combination of some settings, and say which is best
    Sweep(SweepArgs),
    /// Show how runs differ, and their losses over each other
    Compare(CompareArgs),
    /// Measure a model, beside PCA of the same dimension
    Evaluate(EvaluateArgs),
    /// Turn examples into codes
    Encode(EncodeArgs),
    /// Turn codes into examples
    Decode(DecodeArgs),
    /// Encode and decode examples
    Reconstruct(ReconstructArgs),
    /// Corrupt examples and let the model restore them
    Denoise(DenoiseArgs),
    /// Find the examples that do not belong, and say why
    Detect(DetectArgs),
    /// Fill the gaps of a table
    Impute(ImputeArgs),
    /// Draw new examples
    Sample(SampleArgs),
    /// Decode the prior along each dimension of the code
    Traverse(TraverseArgs),
    /// Decode the line between two codes
    Interpolate(InterpolateArgs),
    /// Draw what a model looks for, and where a reconstruction errs
    Explain(ExplainArgs),
    /// Show a model as a page of one file, in which the decoder itself runs
    Report(ReportArgs),
    /// Write a model as ONNX, for other programs to run
    Export(ExportArgs),
    /// Make a model of weights that PyTorch learned
    Import(ImportArgs),
    /// Write examples as a compressed file
    Compress(CompressArgs),
    /// Bring the examples of a compressed file back
    Decompress(DecompressArgs),
    /// Show what a model is made of and how it was trained
    Inspect(InspectArgs),
    /// List the presets, or print one as TOML
    Presets(PresetsArgs),
    /// Print what makes a shell complete the arguments
    Completions(CompletionsArgs),
    /// Write the manual pages into a folder
    #[command(hide = true)]
    Man(ManArgs),
    /// List, fetch or describe data sets
    #[command(subcommand)]
    Data(DataCommand),
}
