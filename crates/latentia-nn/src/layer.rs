//! What a layer is.

use std::fmt::Debug;
use std::ops::Range;

use latentia_tensor::{Accumulate, Matrix, MatrixMut, MatrixRef, Noise};

use crate::Initializer;

/// One part of a chain: a function of rows with parameters, and its gradients.
///
/// A layer is called for one block of rows at a time, from several threads at once, so it keeps nothing: what backward
/// needs is in the block's own memory, what is learned is in the parameters.
///
/// Shapes: `x` `[rows, inputs]`, `y` and `dy` `[rows, outputs]`, `saved` `[rows, saved]`, `dx` `[rows, inputs]`.
pub trait Layer: Debug + Send + Sync {
    /// What a person calls it, with its numbers.
    fn name(&self) -> String;

    /// Numbers in a row of the input.
    fn inputs(&self) -> usize;

    /// Numbers in a row of the output.
    fn outputs(&self) -> usize;

    /// Numbers a row that backward needs beside input and output.
    fn saved(&self) -> usize {
        0
    }

    /// What the layer learns.
    fn parameters(&self) -> Vec<ParameterSpec> {
        Vec::new()
    }

    /// Computes `y` from `x`, and writes `saved`.
    fn forward(
        &self,
        parameters: &[Parameter],
        pass: Pass,
        x: MatrixRef<'_>,
        y: MatrixMut<'_>,
        saved: MatrixMut<'_>,
    );

    /// The layer's own term of the objective: what a block of rows adds to the mean over the batch.
    fn penalty(&self, _trace: Trace<'_>, _terms: Terms) -> f64 {
        0.0
    }

    /// Computes `dx` from `dy`, and adds the slope of [`Self::penalty`]. `dy` is free for the layer's use and is handed to
    /// [`Self::gradient`] as it is left.
    fn backward(
        &self,
        parameters: &[Parameter],
        terms: Terms,
        trace: Trace<'_>,
        dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
    );

    /// Writes or adds the gradient of rows `rows` of parameter `index`, summed over the examples of one block.
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
pub struct Pass {
    /// What it is for.
    pub mode: Mode,
    /// The noise of this layer.
    pub noise: Noise,
    /// Number in the batch of the block's first row.
    pub first_row: u32,
}

/// What the terms of the objective depend on beside the examples.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Examples in the batch.
    pub batch: usize,
    /// Weight in force of a code's divergence from its prior.
    pub kl_weight: f32,
}

/// A parameter that a layer asks for.
#[derive(Clone, Copy, Debug)]
pub struct ParameterSpec {
    /// `weight` or `bias`.
    pub name: &'static str,
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub cols: usize,
    /// Its first values.
    pub initializer: Initializer,
}

/// Numbers that are learned.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// `weight` or `bias`.
    pub name: &'static str,
    /// The numbers.
    pub value: Matrix,
}
