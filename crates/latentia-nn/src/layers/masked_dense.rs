//! Fully connected layer of which each position sees those before it.

use std::ops::Range;

use latentia_tensor::{
    Accumulate, Matrix, MatrixMut, MatrixRef, add_column_sums, matmul_nn, matmul_nt, sum_matmul_tn,
    update,
};

use super::activation::Activation;
use crate::Shape;
use crate::layer::{
    BackwardMemory, ForwardMemory, Initializer, Layer, Memory, Parameter, ParameterSpec, Pass,
    Trace,
};

/// Rows that are worked on at a time.
const TILE_ROWS: usize = 64;

/// Which positions of the input one of the output depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mask {
    /// Those before it: the first such layer of a chain.
    Before,
    /// Those before it and its own: layers behind one of [`Self::Before`].
    UpTo,
}

/// A fully connected layer of an autoregressive network, `y_p = f(x_S(p) W_p + b_p)`, where `S(p)` are the last `reach` of the positions
/// before `p`, or up to it: the masked layer of Germain, Gregor, Murray and Larochelle 2015 (MADE), with as many units of each degree, in
/// order. Where the first layer of a chain has [`Mask::Before`] and others [`Mask::UpTo`], its output at a position is a function of the
/// input before that position alone.
///
/// What a mask would make zero is neither stored nor multiplied: the weight has the rows of `W_0`, then those of `W_1`, and so on.
///
/// Shapes: `x` `[rows, positions · inputs]`, `y` `[rows, positions · outputs]`, the weight `[Σ |S(p)| · inputs, outputs]`, the bias
/// `[1, positions · outputs]`.
#[derive(Clone, Debug)]
pub struct MaskedDense {
    positions: usize,
    inputs: usize,
    outputs: usize,
    mask: Mask,
    reach: usize,
    activation: Activation,
}

impl MaskedDense {
    /// From `inputs` to `outputs` elements at each of `positions` positions, which see `reach` of those before them at most.
    pub fn new(
        positions: usize,
        [inputs, outputs]: [usize; 2],
        (mask, reach): (Mask, usize),
        activation: Activation,
    ) -> Self {
        Self {
            positions,
            inputs,
            outputs,
            mask,
            reach,
            activation,
        }
    }

    /// The elements of a row of the input that position `position` of the output depends on.
    fn seen(&self, position: usize) -> Range<usize> {
        let end = match self.mask {
            Mask::Before => position,
            Mask::UpTo => position + 1,
        };
        let first = end.saturating_sub(self.reach);
        first * self.inputs..end * self.inputs
    }

    /// Each position with the elements that it depends on and its rows of the weight.
    fn blocks(&self) -> impl Iterator<Item = (usize, Range<usize>, Range<usize>)> {
        let mut end = 0;
        (0..self.positions).map(move |position| {
            let (seen, first) = (self.seen(position), end);
            end += seen.len();
            (position, seen, first..end)
        })
    }

    /// The weight of the elements `rows` of it.
    fn weight<'a>(&self, parameters: &'a [Parameter], rows: &Range<usize>) -> MatrixRef<'a> {
        let elements = rows.start * self.outputs..rows.end * self.outputs;
        let weight = &parameters[0].value.as_slice()[elements];
        MatrixRef::new(weight, rows.len(), self.outputs)
    }

    /// The elements of a row of the output at a position.
    fn own(&self, position: usize) -> Range<usize> {
        position * self.outputs..(position + 1) * self.outputs
    }

    /// The most elements that a position depends on.
    fn most_seen(&self) -> usize {
        self.seen(self.positions.saturating_sub(1)).len()
    }

    /// Computes the output at `position` alone, for sampling position by position: columns of `y` from those of `x` before them, as
    /// [`Layer::forward`] does all.
    pub fn forward_at(
        &self,
        position: usize,
        parameters: &[Parameter],
        x: MatrixRef<'_>,
        y: &mut Matrix,
    ) {
        let (rows, own) = (x.rows(), self.own(position));
        let before = self.blocks().nth(position);
        let Some((_, seen, weight)) = before else {
            return;
        };
        let mut sums = Matrix::zeros(rows, self.outputs);
        let weight = self.weight(parameters, &weight);
        matmul_nn(
            sums.view_mut(),
            Accumulate::Replace,
            x.columns(seen),
            weight,
        );
        let bias = &parameters[1].value.as_slice()[own.clone()];
        let mut saved = Matrix::zeros(rows, self.activation.saved(self.outputs));
        self.activation
            .forward(sums.view_mut(), bias, saved.view_mut());
        let mut y = y.view_mut();
        for (y, sums) in y.iter_rows_mut().zip(sums.view().iter_rows()) {
            y[own.clone()].copy_from_slice(sums);
        }
    }
}

impl Layer for MaskedDense {
    fn name(&self) -> String {
        let (positions, activation) = (self.positions, self.activation.name());
        format!("masked dense {activation} at {positions} positions")
    }

    fn inputs(&self) -> usize {
        self.positions * self.inputs
    }

    fn output(&self) -> Shape {
        Shape::Flat(self.positions * self.outputs)
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let rows = self.blocks().map(|(_, seen, _)| seen.len()).sum();
        let weight = ParameterSpec::weight(rows, self.outputs, Initializer::He);
        // Those of a position that sees half of the others.
        let fans = [(self.most_seen() / 2).max(1), self.outputs];
        let bias = ParameterSpec::bias(self.positions * self.outputs);
        vec![ParameterSpec { fans, ..weight }, bias]
    }

    fn memory(&self) -> Memory {
        Memory {
            saved: self.activation.saved(self.positions * self.outputs),
            workspace: TILE_ROWS * self.most_seen().max(self.outputs),
            ..Memory::default()
        }
    }

    fn forward(
        &self,
        parameters: &[Parameter],
        _pass: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        memory: ForwardMemory<'_>,
    ) {
        for first in (0..x.rows()).step_by(TILE_ROWS) {
            let rows = TILE_ROWS.min(x.rows() - first);
            let x = rows_of(x, first, rows);
            let sums = &mut memory.workspace[..rows * self.outputs];
            for (position, seen, weight) in self.blocks() {
                let weight = self.weight(parameters, &weight);
                let out = MatrixMut::new(sums, rows, self.outputs);
                matmul_nn(out, Accumulate::Replace, x.columns(seen), weight);
                for (row, sums) in sums.chunks(self.outputs).enumerate() {
                    y.row_mut(first + row)[self.own(position)].copy_from_slice(sums);
                }
            }
        }
        let bias = parameters[1].value.as_slice();
        self.activation.forward(y, bias, memory.saved);
    }

    fn backward(
        &self,
        parameters: &[Parameter],
        trace: Trace<'_>,
        mut dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
        memory: BackwardMemory<'_>,
    ) {
        self.activation
            .backward(dy.reborrow(), trace.y, trace.saved);
        let Some(mut dx) = dx else { return };
        dx.as_mut_slice().fill(0.0);
        for first in (0..dx.rows()).step_by(TILE_ROWS) {
            let rows = TILE_ROWS.min(dx.rows() - first);
            let dy = rows_of(dy.as_ref(), first, rows);
            for (position, seen, weight) in self.blocks() {
                if seen.is_empty() {
                    continue;
                }
                let weight = self.weight(parameters, &weight);
                let sums = &mut memory.workspace[..rows * seen.len()];
                let out = MatrixMut::new(sums, rows, seen.len());
                let own = dy.columns(self.own(position));
                matmul_nt(out, Accumulate::Replace, own, weight);
                for (row, sums) in sums.chunks(seen.len()).enumerate() {
                    let dx = &mut dx.row_mut(first + row)[seen.clone()];
                    update(dx, sums, |dx, sum| dx + sum);
                }
            }
        }
    }

    fn gradient(
        &self,
        index: usize,
        rows: Range<usize>,
        trace: Trace<'_>,
        dz: MatrixRef<'_>,
        accumulate: Accumulate,
        mut out: MatrixMut<'_>,
    ) {
        if index == 1 {
            if accumulate == Accumulate::Replace {
                out.as_mut_slice().fill(0.0);
            }
            return add_column_sums(out.as_mut_slice(), dz);
        }
        for (position, seen, weight) in self.blocks() {
            let first = weight.start.max(rows.start);
            let end = weight.end.min(rows.end);
            if first >= end {
                continue;
            }
            let before = first - weight.start;
            let x = seen.start + before..seen.start + before + (end - first);
            let elements = (first - rows.start) * self.outputs..(end - rows.start) * self.outputs;
            let own = &mut out.as_mut_slice()[elements];
            let own = MatrixMut::new(own, end - first, self.outputs);
            let product = (trace.x.columns(x), dz.columns(self.own(position)));
            sum_matmul_tn(own, accumulate, &[product]);
        }
    }
}

/// Some rows of those that follow each other without a gap.
fn rows_of(all: MatrixRef<'_>, first: usize, rows: usize) -> MatrixRef<'_> {
    let cols = all.cols();
    MatrixRef::new(&all.span()[first * cols..][..rows * cols], rows, cols)
}
