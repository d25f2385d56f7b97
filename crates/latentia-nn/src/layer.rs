//! What a layer is.

use std::fmt::Debug;
use std::ops::Range;

use latentia_tensor::{Accumulate, Matrix, MatrixMut, MatrixRef, Noise};

use crate::engine::step::{Moments, WorkedBlock};
mod initializer;

pub use initializer::Initializer;

use crate::Shape;

/// One part of a chain: a function of rows with parameters, and its gradients.
///
/// A layer is called for one block of rows at a time, from several threads at once, so it keeps nothing: what backward
/// needs is in the block's own memory, what is learned is in the parameters.
///
/// Shapes: `x` and `dx` `[rows, inputs]`, `y` and `dy` `[rows · copies, outputs]`, `saved` `[rows · copies, saved]`, `scratch`
/// `[scratch]`, `sums` `[sums]`.
pub trait Layer: Debug + Send + Sync {
    /// What a person calls it, with its numbers.
    fn name(&self) -> String;

    /// Numbers in a row of the input.
    fn inputs(&self) -> usize;

    /// Numbers in a row of the output.
    fn outputs(&self) -> usize;

    /// The shape of a row of the output.
    fn shape(&self) -> Shape {
        Shape::Flat(self.outputs())
    }

    /// `[channels, height, width]` of what each row of the layer's `weight` multiplies, where that is a part of a picture.
    fn filter(&self) -> Option<[usize; 3]> {
        None
    }

    /// Numbers a row that backward needs beside input and output.
    fn saved(&self) -> usize {
        0
    }

    /// Numbers of memory that a block lends to forward and backward, whatever is in it.
    fn scratch(&self) -> usize {
        0
    }

    /// Numbers in which backward leaves the block's part of the gradients, where it is cheaper to sum them there.
    fn sums(&self) -> usize {
        0
    }

    /// Multiplications for one row, forward.
    fn work(&self) -> usize {
        let learned = self.parameters().into_iter().filter(|p| p.learned);
        learned.map(|p| p.rows.saturating_mul(p.cols)).sum()
    }

    /// How many sums over the whole batch the layer must know before it goes forward, and as many before it goes backward; 0
    /// where no example depends on another.
    fn couples(&self) -> usize {
        0
    }

    /// How many layers before this one the row is whose input is added to this layer's: 1 is the layer just before.
    fn joins(&self) -> Option<usize> {
        None
    }

    /// Rows of output for each row of input: 1, but for layers that draw several samples of a row. Those of one row follow
    /// each other.
    fn copies(&self, _mode: Mode) -> usize {
        1
    }

    /// What the layer learns or keeps count of.
    fn parameters(&self) -> Vec<ParameterSpec> {
        Vec::new()
    }

    /// Writes the block's part of the sums that [`Self::forward`] will find in [`Pass::batch`]: `[couples]`.
    fn couple(&self, _x: MatrixRef<'_>, _sums: &mut [f64]) {}

    /// Computes `y` from `x`, and writes `saved`.
    fn forward(
        &self,
        parameters: &[Parameter],
        pass: Pass<'_>,
        x: MatrixRef<'_>,
        y: MatrixMut<'_>,
        saved: MatrixMut<'_>,
        scratch: &mut [f32],
    );

    /// Writes the block's part of the sums that [`Self::backward`] will find in [`Trace::coupled`]: `[couples]`. `dy` is handed
    /// on as it is left.
    fn couple_back(
        &self,
        _parameters: &[Parameter],
        _trace: Trace<'_>,
        _dy: MatrixMut<'_>,
        _sums: &mut [f64],
    ) {
    }

    /// Computes `dx` from `dy`, and writes `sums`. `dy` is free for the layer's use and is handed to [`Self::gradient`] as it
    /// is left.
    fn backward(
        &self,
        parameters: &[Parameter],
        trace: Trace<'_>,
        dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
        scratch: &mut [f32],
        sums: &mut [f32],
    );

    /// Writes or adds the gradient of rows `rows` of parameter `index`, summed over the examples of one block; for a
    /// statistic, the sum that [`Self::renew`] is handed.
    fn gradient(
        &self,
        _index: usize,
        _rows: Range<usize>,
        _trace: Trace<'_>,
        _dy: MatrixRef<'_>,
        _accumulate: Accumulate,
        _out: MatrixMut<'_>,
    ) {
    }

    /// Brings the statistics among `parameters` up to date with `sums`, what [`Self::gradient`] summed over the batch, one
    /// for each parameter. `batch` is what the layer met.
    fn renew(&self, _parameters: &mut [Parameter], _sums: &[Moments], _batch: Batch<'_>) {}
}

/// What forward left behind for one block of rows.
#[derive(Clone, Copy, Debug)]
pub struct Trace<'a> {
    /// The layer's input.
    pub x: MatrixRef<'a>,
    /// Its output.
    pub y: MatrixRef<'a>,
    /// What it kept beside them.
    pub saved: MatrixRef<'a>,
    /// The block's part of the gradients, where backward has left it.
    pub sums: &'a [f32],
    /// What the layer knows of the batch.
    pub coupled: Coupled<'a>,
}

impl<'a> Trace<'a> {
    /// Of a layer that neither sums gradients by itself nor couples examples.
    pub fn new(x: MatrixRef<'a>, y: MatrixRef<'a>, saved: MatrixRef<'a>) -> Self {
        Self {
            x,
            y,
            saved,
            sums: &[],
            coupled: Coupled::default(),
        }
    }
}

/// Sums of a layer that couples examples: those of [`Layer::couple`], then those of [`Layer::couple_back`]. Empty where the
/// layer does not, or is not trained.
#[derive(Clone, Copy, Debug, Default)]
pub struct Coupled<'a> {
    /// Over the block.
    pub block: &'a [f64],
    /// Over the batch.
    pub batch: &'a [f64],
}

/// What a forward pass is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Training: examples are corrupted, numbers dropped, codes sampled.
    Train,
    /// Measuring a likelihood: codes are sampled, nothing else is random.
    Sample,
    /// Nothing is random: a code is its mean.
    Use,
}

/// One run of a chain over a block of rows.
#[derive(Clone, Copy, Debug)]
pub struct Pass<'a> {
    /// What it is for.
    pub mode: Mode,
    /// The noise of this layer.
    pub noise: Noise,
    /// Number in the batch of the first row of this layer's output.
    pub first_row: u32,
    /// Epochs trained so far, whole and begun; only [`Mode::Train`] may depend on it.
    pub epochs: f64,
    /// The class of each example of the block; empty where examples have none.
    pub labels: &'a [u8],
    /// Rows that are added to the input, for a layer that [joins](Layer::joins) them.
    pub joined: Option<MatrixRef<'a>>,
    /// Sums over the batch, for a layer that [couples](Layer::couples) its examples; empty where it is not trained.
    pub batch: &'a [f64],
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
            joined: None,
            batch: &[],
        }
    }
}

/// What a layer met in one step, block by block.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    pub(crate) blocks: &'a [WorkedBlock],
    pub(crate) layer: usize,
    /// Noise of the layer that no row has used.
    pub noise: Noise,
}

impl<'a> Batch<'a> {
    /// What the layer left behind for each block of examples, in order.
    pub fn traces(self) -> impl Iterator<Item = Trace<'a>> {
        let blocks = self.blocks.iter();
        blocks.map(move |worked| worked.block.trace(self.layer))
    }
}

/// A parameter that a layer asks for.
#[derive(Clone, Copy, Debug)]
pub struct ParameterSpec {
    /// Whether an optimiser learns it, or the layer renews it as a statistic of what it meets.
    pub learned: bool,
    /// `weight` or `bias`, or what else the field calls it.
    pub name: &'static str,
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub cols: usize,
    /// Its first values.
    pub initializer: Initializer,
    /// How many numbers of the input one of the output depends on, and how many of the output one of the input reaches: what
    /// first values are scaled by.
    pub fans: [usize; 2],
}

impl ParameterSpec {
    /// A matrix that is learned, of whose rows and columns the fans are.
    pub fn learned(name: &'static str, rows: usize, cols: usize, initializer: Initializer) -> Self {
        Self {
            learned: true,
            name,
            rows,
            cols,
            initializer,
            fans: [rows, cols],
        }
    }

    /// A statistic that the layer renews.
    pub fn statistic(
        name: &'static str,
        rows: usize,
        cols: usize,
        initializer: Initializer,
    ) -> Self {
        Self {
            learned: false,
            ..Self::learned(name, rows, cols, initializer)
        }
    }
}

/// Numbers that are learned, or that a layer keeps as statistics.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Whether an optimiser learns it, or the layer renews it.
    pub learned: bool,
    /// `weight` or `bias`, or what else the field calls it.
    pub name: &'static str,
    /// The numbers.
    pub value: Matrix,
}
