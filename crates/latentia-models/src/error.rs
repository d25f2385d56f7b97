//! What can go wrong with a model.

use std::error::Error;
use std::fmt::{Display, Formatter, Result as Written};
use std::io;
use std::path::PathBuf;

use latentia_nn::{ChainError, InvalidSpec, SpecError};

/// Anyone's own error.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// What can go wrong with a model: its specification, its data, its training, its file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A layer of one part is out of range.
    #[error("{part}: {source}")]
    Layer {
        /// `encoder` or `decoder`.
        part: &'static str,
        /// Which layer, and why.
        source: SpecError,
    },
    /// Layers that are no chain.
    #[error("{0}")]
    Chain(#[from] ChainError),
    /// Two parts that do not fit each other.
    #[error("{part} {seen}; {valid}")]
    Part {
        /// The part of the specification.
        part: &'static str,
        /// What it says.
        seen: String,
        /// What would be valid.
        valid: String,
    },
    /// A unit that the code does not have.
    #[error("unit {unit} is none of the code's {units}, which count from 0")]
    Unit {
        /// The unit asked for.
        unit: usize,
        /// How many there are.
        units: usize,
    },
    /// A unit of the code that no input changes.
    #[error(
        "unit {unit} does not depend on the input here; it may be dead: try another, or another seed"
    )]
    DeadUnit {
        /// The unit asked for.
        unit: usize,
    },
    /// An input that is to be found along gradients, where some of its elements have none.
    #[error(
        "an input that makes a unit large is found along gradients, which categories and booleans do not have, as column `{column}`"
    )]
    NoInputGradient {
        /// The first such column.
        column: String,
    },
    /// Codes from a prior that the code does not have.
    #[error("code is {code} and has no prior{}", if *to_sample { " to sample from" } else { "" })]
    NoPrior {
        /// The kind of the code.
        code: &'static str,
        /// Whether samples were wanted, which a [`crate::Mixture`] of the model's codes has too.
        to_sample: bool,
    },
    /// A hyperparameter of the training that is out of range.
    #[error("`{name}` is {seen}; it must be {valid}")]
    Option {
        /// Its name.
        name: &'static str,
        /// Its value.
        seen: String,
        /// What would be valid.
        valid: &'static str,
    },
    /// Indices of a codebook's vectors that make no code.
    #[error("{seen}; {valid}")]
    Indices {
        /// What there is.
        seen: String,
        /// What would be valid.
        valid: String,
    },
    /// Examples of another width than the model's.
    #[error("the data has {seen} values an example, the model takes {expected}")]
    Width {
        /// Elements of an example of the data.
        seen: usize,
        /// Elements of an example of the model.
        expected: usize,
    },
    /// Memory for codes that is not as large as the codes.
    #[error("the memory for codes has shape {seen:?}; these codes have shape {expected:?}")]
    CodesShape {
        /// Rows and columns of the memory.
        seen: [usize; 2],
        /// Rows and columns of the codes.
        expected: [usize; 2],
    },
    /// Examples that a likelihood gives no probability.
    #[error(
        "`{needs}` needs values in [0, 1], but the data, after preprocessing, ranges from {low} to {high}; {hint}"
    )]
    Range {
        /// The likelihood, or the preprocessing.
        needs: &'static str,
        /// Smallest value.
        low: f32,
        /// Largest value.
        high: f32,
        /// What would help.
        hint: &'static str,
    },
    /// A value that is no number, or infinite.
    #[error(
        "the data has a value that is not finite in example {row}, column {column} (both counted from 0); remove the example, or \
         fill the value in"
    )]
    NonFinite {
        /// Number of the first such example.
        row: usize,
        /// The first such column of it.
        column: usize,
    },
    /// Examples with values so large that their squares, or what a layer makes of them, are infinite in single precision.
    #[error(
        "the data, after preprocessing, has a value of {value:?}, whose square is too large for `{likelihood}`; values up to \
         {largest:e} are taken: use preprocessing `standardise` or `min-max`"
    )]
    TooLarge {
        /// The likelihood.
        likelihood: &'static str,
        /// The value of the largest magnitude.
        value: f32,
        /// The largest magnitude that is taken.
        largest: f32,
    },
    /// Examples whose classes a conditional model cannot take.
    #[error("the model is conditioned on one of {classes} classes, but {seen}")]
    Labels {
        /// Classes that the model knows.
        classes: usize,
        /// What the examples have instead.
        seen: String,
    },
    /// Examples that are no 8-bit data.
    #[error(
        "`{likelihood}` needs 8-bit data, multiples of 1/255 in [0, 1], but the data, after preprocessing, has a value of \
         {value}; store it as bytes, or use likelihood `gaussian-learned-scale`"
    )]
    NotBytes {
        /// The likelihood.
        likelihood: &'static str,
        /// A value that is no multiple of 1/255 in `[0, 1]`.
        value: f32,
    },
    /// Examples that are no counts.
    #[error(
        "`{likelihood}` needs counts, whole numbers from 0 to {largest}, but the data has {value} in example {row}, column {column} (both \
         counted from 0){name}; give it the counts themselves, neither normalised nor logarithms{hint}"
    )]
    NotCounts {
        /// The likelihood.
        likelihood: &'static str,
        /// A value that is no count.
        value: f32,
        /// The largest count.
        largest: f32,
        /// Number of the first such example.
        row: usize,
        /// The first such column of it.
        column: usize,
        /// The column's name in words, where it has one.
        name: String,
        /// What would help beside that.
        hint: &'static str,
    },
    /// Nothing to work on.
    #[error("there are no examples to {purpose}")]
    NoExamples {
        /// What they were wanted for.
        purpose: &'static str,
    },
    /// Fewer examples than a measure needs.
    #[error("{seen} examples are too few to {purpose}: at least {least}")]
    TooFew {
        /// How many there are.
        seen: usize,
        /// How many there must be.
        least: usize,
        /// What they were wanted for.
        purpose: &'static str,
    },
    /// Scores and known anomalies that say nothing of a ranking.
    #[error("{seen}; {valid}")]
    Ranking {
        /// What there is.
        seen: String,
        /// What would be valid.
        valid: &'static str,
    },
    /// Factors that say nothing of the codes at hand.
    #[error("{seen}; {valid}")]
    Factors {
        /// What there is.
        seen: String,
        /// What would be valid.
        valid: &'static str,
    },
    /// A loss that is not finite, once more after all rollbacks.
    #[error(
        "{cause}; going back {rollbacks} times with half the learning rate did not help: \
         try a smaller learning rate than {learning_rate:?}{}",
        if *clips { "" } else { ", or `clip-norm`" }
    )]
    Diverged {
        /// What happened the last time.
        cause: NonFiniteLoss,
        /// How often the run had gone back.
        rollbacks: u32,
        /// Learning rate at the end.
        learning_rate: f32,
        /// Whether gradients were clipped by their norm.
        clips: bool,
    },
    /// Work that trains, ended by whoever asked for it.
    #[error("interrupted")]
    Interrupted,
    /// Examples that cannot be read.
    #[error("cannot read the examples: {0}")]
    Examples(#[from] io::Error),
    /// Codes that whoever asked for them could not take.
    #[error("cannot write the codes: {0}")]
    Codes(io::Error),
    /// A parameter that is to be set.
    #[error("`{name}` {problem}")]
    Weight {
        /// Its name.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// Weights of another program that are not those of the model.
    #[error("the weights do not fit the model: {}", problems.join("; "))]
    Import {
        /// What is missing, left over, or of another shape.
        problems: Vec<String>,
    },
    /// A part that is no module of PyTorch.
    #[error("{part} has no counterpart in `torch.nn`; ONNX takes any model")]
    NotInTorch {
        /// The part.
        part: String,
    },
    /// Settings of a model's own parts that no file can hold.
    #[error("the settings that describe the model cannot be stored: {0}")]
    Settings(serde_json::Error),
    /// A model that no file can describe.
    #[error(
        "the model is made of parts that nothing describes; say how to build it again with `described_as` before it is saved"
    )]
    Undescribed,
    /// A text that is no specification.
    #[cfg(feature = "train")]
    #[error("{0}")]
    Toml(#[from] toml::de::Error),
    /// A file that cannot be read.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file that cannot be written.
    #[error("cannot write `{path}`: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A checkpoint of a run with another model, other hyperparameters or another seed.
    #[error("`{path}` belongs to another run: {difference}")]
    OtherRun {
        /// The file.
        path: PathBuf,
        /// The first value in which the runs differ, by its key.
        difference: String,
    },
    /// A checkpoint of a run on other training data.
    #[error("`{path}` belongs to other training data")]
    OtherData {
        /// The file.
        path: PathBuf,
    },
    /// A checkpoint that has changed since it was written, or is none.
    #[error("`{path}` {problem}")]
    DamagedCheckpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A file that is not what it should be.
    #[error("`{path}` {problem}")]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

/// A loss that is not finite, and where it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct NonFiniteLoss {
    /// The loss seen.
    pub loss: f64,
    /// Epoch, from 1.
    pub epoch: u32,
    /// Batch in the epoch, from 1; the last one too when validation after it found out.
    pub batch: usize,
    /// Where it began, in words: a layer by its part, number and name, and what of it was not finite.
    pub origin: String,
}

impl Display for NonFiniteLoss {
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        let Self {
            loss,
            epoch,
            batch,
            origin,
        } = self;
        write!(
            f,
            "the loss became {loss} in epoch {epoch}, batch {batch}; it began in {origin}"
        )
    }
}

impl ModelError {
    /// A part that does not fit, by what is wrong with it and what would be valid.
    pub(crate) fn part(part: &'static str) -> impl FnOnce(InvalidSpec) -> Self {
        move |(seen, valid)| Self::Part { part, seen, valid }
    }

    /// The same error of an example whose number in other data is `place` of its own.
    pub(crate) fn of_example(mut self, place: impl Fn(usize) -> usize) -> Self {
        if let Self::NonFinite { row, .. } | Self::NotCounts { row, .. } = &mut self {
            *row = place(*row);
        }
        self
    }
}
