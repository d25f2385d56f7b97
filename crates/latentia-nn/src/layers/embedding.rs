//! Indices as vectors.

use std::ops::Range;

use latentia_tensor::{Accumulate, ElementKind, MatrixMut, MatrixRef};

use crate::Shape;
use crate::layer::{
    BackwardMemory, ForwardMemory, Initializer, Layer, Parameter, ParameterSpec, Pass, Trace,
};

/// Each index of a row becomes the row of a table that it counts, `y_p = E[x_p]` at each of its positions: what a one-hot element for
/// each index and a weight that all positions share would make of it. What counts no row of the table becomes zeros, and has no gradient;
/// indices have none.
///
/// Shapes: `x` `[rows, positions]`, `y` `[rows, positions · dimension]`, the parameter `[indices, dimension]`.
#[derive(Clone, Debug)]
pub struct Embedding {
    positions: usize,
    indices: usize,
    dimension: usize,
}

impl Embedding {
    /// Vectors of `dimension` elements for `positions` indices from `0..indices` a row.
    pub fn new(positions: usize, indices: usize, dimension: usize) -> Self {
        Self {
            positions,
            indices,
            dimension,
        }
    }

    /// Which row of the table an element of the input counts.
    fn index(&self, x: f32) -> Option<usize> {
        let levels = self.indices;
        ElementKind::Category { levels }.level(x)
    }
}

impl Layer for Embedding {
    fn name(&self) -> String {
        format!("embedding, {} in {}", self.indices, self.dimension)
    }

    fn inputs(&self) -> usize {
        self.positions
    }

    fn output(&self) -> Shape {
        Shape::Flat(self.positions * self.dimension)
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let weight = ParameterSpec::weight(self.indices, self.dimension, Initializer::He);
        // Of all indices one is there.
        let fans = [1, self.dimension];
        vec![ParameterSpec { fans, ..weight }]
    }

    fn multiplications(&self) -> usize {
        0
    }

    fn forward(
        &self,
        parameters: &[Parameter],
        _pass: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        _memory: ForwardMemory<'_>,
    ) {
        let table = &parameters[0].value;
        for (y, x) in y.iter_rows_mut().zip(x.iter_rows()) {
            for (y, &x) in y.chunks_mut(self.dimension).zip(x) {
                match self.index(x) {
                    Some(index) => y.copy_from_slice(table.row(index)),
                    None => y.fill(0.0),
                }
            }
        }
    }

    fn backward(
        &self,
        _parameters: &[Parameter],
        _trace: Trace<'_>,
        _dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
        _memory: BackwardMemory<'_>,
    ) {
        if let Some(mut dx) = dx {
            dx.as_mut_slice().fill(0.0);
        }
    }

    fn gradient(
        &self,
        _index: usize,
        rows: Range<usize>,
        trace: Trace<'_>,
        dy: MatrixRef<'_>,
        accumulate: Accumulate,
        mut out: MatrixMut<'_>,
    ) {
        if accumulate == Accumulate::Replace {
            out.as_mut_slice().fill(0.0);
        }
        for (x, dy) in trace.x.iter_rows().zip(dy.iter_rows()) {
            for (&x, dy) in x.iter().zip(dy.chunks(self.dimension)) {
                if let Some(index) = self.index(x).filter(|index| rows.contains(index)) {
                    let sum = out.row_mut(index - rows.start).iter_mut();
                    sum.zip(dy).for_each(|(sum, dy)| *sum += dy);
                }
            }
        }
    }
}
