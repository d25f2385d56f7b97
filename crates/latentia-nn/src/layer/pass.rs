//! One run of a layer over a block of rows, and what it leaves behind.

use latentia_tensor::{MatrixMut, MatrixRef, Noise};

/// What a pass is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Training: examples are corrupted, elements dropped, codes sampled.
    Train,
    /// Measuring a likelihood: codes are sampled, nothing else is random.
    Sample,
    /// Measuring a loss on what corruption hides: examples are corrupted and codes sampled, nothing else is random.
    Corrupted,
    /// Nothing is random: a code is its mean.
    Eval,
}

/// One run of a chain over a block of rows, as a layer sees it.
#[derive(Clone, Copy, Debug)]
pub struct Pass<'a> {
    /// What it is for.
    pub mode: Mode,
    /// The noise of this layer.
    pub noise: Noise,
    /// Number in the batch of the first row of this layer's output.
    pub first_row: u32,
    /// Epochs trained so far, fractional within an epoch; only [`Mode::Train`] may depend on it.
    pub epochs: f64,
    /// The class of each example of the block; empty where examples have none.
    pub labels: &'a [u32],
    /// Rows that are added to the input, for a layer with a [skip connection](super::Abilities::skip_connection).
    pub skipped: Option<MatrixRef<'a>>,
    /// Sums over the batch, for a layer with [`super::BatchStatistics`]; empty where it is not trained.
    pub statistics: &'a [f64],
}

impl Pass<'_> {
    /// A pass for `mode` that knows of nothing else.
    pub fn new(mode: Mode) -> Self {
        Self {
            mode,
            noise: Noise::new(0, 0),
            first_row: 0,
            epochs: f64::INFINITY,
            labels: &[],
            skipped: None,
            statistics: &[],
        }
    }
}

/// The memory that a layer asks a block for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    /// Elements a row of output that backward needs beside input and output.
    pub saved: usize,
    /// Elements that forward and backward may use, whatever is in them.
    pub workspace: usize,
    /// Elements in which backward leaves the block's part of the gradients, where it is cheaper to sum them there.
    pub partial_sums: usize,
}

/// Memory of a forward pass.
#[derive(Debug)]
pub struct ForwardMemory<'a> {
    /// What backward needs: `[rows · samples, saved]`.
    pub saved: MatrixMut<'a>,
    /// For any use.
    pub workspace: &'a mut [f32],
}

/// Memory of a backward pass.
#[derive(Debug)]
pub struct BackwardMemory<'a> {
    /// The block's part of the gradients, where the layer sums them by itself; nothing where nobody asks for them, as of a frozen
    /// layer.
    pub partial_sums: Option<&'a mut [f32]>,
    /// For any use.
    pub workspace: &'a mut [f32],
}

/// What a forward pass left behind for one block of rows.
#[derive(Clone, Copy, Debug)]
pub struct Trace<'a> {
    /// The layer's input.
    pub x: MatrixRef<'a>,
    /// Its output.
    pub y: MatrixRef<'a>,
    /// What it saved beside them; the layer's type has typed access to it.
    pub saved: MatrixRef<'a>,
    /// The block's part of the gradients, where backward has left it.
    pub partial_sums: &'a [f32],
    /// What the layer knows of the batch.
    pub statistics: StatisticSums<'a>,
    /// Gradients with respect to `ln p(z)` of each row of the output, on the way back through a layer with a
    /// [learned prior](super::Abilities::log_prior) that is trained; else empty.
    pub log_prior_gradients: &'a [f32],
    /// Factors on the gradients of each row of the output on their way on to the posterior, from a prior that is learned: where the encoder
    /// learns by other [weights](crate::Importance::partially) than what follows the code; else empty.
    pub posterior_factors: &'a [f32],
}

impl<'a> Trace<'a> {
    /// Of a layer that has no partial sums and no statistics of the batch.
    pub fn new(x: MatrixRef<'a>, y: MatrixRef<'a>, saved: MatrixRef<'a>) -> Self {
        Self {
            x,
            y,
            saved,
            partial_sums: &[],
            statistics: StatisticSums::default(),
            log_prior_gradients: &[],
            posterior_factors: &[],
        }
    }
}

/// Sums of a layer with [`super::BatchStatistics`]: those of the way forward, then those of the way back. Empty where it is
/// not trained.
#[derive(Clone, Copy, Debug, Default)]
pub struct StatisticSums<'a> {
    /// Over the block.
    pub block: &'a [f64],
    /// Over the batch.
    pub batch: &'a [f64],
}
