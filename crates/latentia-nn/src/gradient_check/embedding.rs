//! Examples as parameters, so that the gradient with respect to them is one of the step's.

use std::ops::Range;

use latentia_tensor::{Accumulate, MatrixMut, MatrixRef, update};

use crate::Shape;
use crate::layer::{
    BackwardMemory, ForwardMemory, Initializer, Layer, Parameter, ParameterRole, ParameterSpec,
    Pass, Trace,
};

/// Row `x` of a learned table for each input `x`, an index: the examples are parameters, and the gradient with respect to them is
/// computed as that of any other.
#[derive(Debug)]
pub(super) struct Embedding {
    pub(super) rows: usize,
    pub(super) width: usize,
}

impl Layer for Embedding {
    fn name(&self) -> String {
        "input".into()
    }

    fn inputs(&self) -> usize {
        1
    }

    fn output(&self) -> Shape {
        Shape::Flat(self.width)
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let (role, shape) = (ParameterRole::Weight, [self.rows, self.width]);
        vec![ParameterSpec::new(role, "input", shape, Initializer::Zeros)]
    }

    fn forward(
        &self,
        parameters: &[Parameter],
        _pass: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        _memory: ForwardMemory<'_>,
    ) {
        for (x, y) in x.iter_rows().zip(y.iter_rows_mut()) {
            y.copy_from_slice(parameters[0].value.row(x[0] as usize));
        }
    }

    fn backward(
        &self,
        _parameters: &[Parameter],
        _trace: Trace<'_>,
        _dy: MatrixMut<'_>,
        _dx: Option<MatrixMut<'_>>,
        _memory: BackwardMemory<'_>,
    ) {
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
            let row = x[0] as usize;
            if rows.contains(&row) {
                update(out.row_mut(row - rows.start), dy, |out, dy| out + dy);
            }
        }
    }
}
