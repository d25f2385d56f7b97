//! One fully connected layer for all positions.

use std::ops::Range;

use latentia_tensor::{Accumulate, MatrixMut, MatrixRef};

use super::activation::Activation;
use super::dense::Dense;
use crate::Shape;
use crate::layer::{
    BackwardMemory, ForwardMemory, Initializer, Layer, Memory, Parameter, ParameterSpec, Pass,
    Trace,
};

/// The same [`Dense`] layer at each of the positions that a row is cut into, `y_p = f(x_p W + b)`: a position-wise layer (Vaswani et al.
/// 2017), which is a convolution with a kernel of 1 over rows with channels last.
///
/// Shapes: `x` `[rows, positions · inputs]`, `y` `[rows, positions · outputs]`, the weight `[inputs, outputs]`, the bias `[1, outputs]`.
#[derive(Clone, Debug)]
pub struct PositionWise {
    positions: usize,
    dense: Dense,
}

impl PositionWise {
    /// From `inputs` to `outputs` elements at each of `positions` positions.
    pub fn new(
        positions: usize,
        [inputs, outputs]: [usize; 2],
        activation: Activation,
        initializer: Initializer,
    ) -> Self {
        Self {
            positions,
            dense: Dense::new(inputs, outputs, activation, initializer),
        }
    }

    /// A row for each position.
    fn cut<'a>(&self, rows: MatrixRef<'a>) -> MatrixRef<'a> {
        let (count, cols) = (rows.rows() * self.positions, rows.cols() / self.positions);
        MatrixRef::new(rows.span(), count, cols)
    }

    fn cut_mut<'a>(&self, rows: &'a mut MatrixMut<'_>) -> MatrixMut<'a> {
        let (count, cols) = (rows.rows() * self.positions, rows.cols() / self.positions);
        MatrixMut::new(rows.as_mut_slice(), count, cols)
    }

    fn cut_trace<'a>(&self, trace: Trace<'a>) -> Trace<'a> {
        Trace {
            x: self.cut(trace.x),
            y: self.cut(trace.y),
            saved: self.cut(trace.saved),
            ..trace
        }
    }
}

impl Layer for PositionWise {
    fn name(&self) -> String {
        format!("{} at {} positions", self.dense.name(), self.positions)
    }

    fn inputs(&self) -> usize {
        self.positions * self.dense.inputs()
    }

    fn output(&self) -> Shape {
        Shape::Flat(self.positions * self.dense.output().elements())
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        self.dense.parameters()
    }

    fn memory(&self) -> Memory {
        let own = self.dense.memory();
        Memory {
            saved: self.positions * own.saved,
            ..own
        }
    }

    fn multiplications(&self) -> usize {
        self.positions.saturating_mul(self.dense.multiplications())
    }

    fn forward(
        &self,
        parameters: &[Parameter],
        pass: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        mut memory: ForwardMemory<'_>,
    ) {
        let memory = ForwardMemory {
            saved: self.cut_mut(&mut memory.saved),
            workspace: memory.workspace,
        };
        let y = self.cut_mut(&mut y);
        self.dense.forward(parameters, pass, self.cut(x), y, memory);
    }

    fn backward(
        &self,
        parameters: &[Parameter],
        trace: Trace<'_>,
        mut dy: MatrixMut<'_>,
        mut dx: Option<MatrixMut<'_>>,
        memory: BackwardMemory<'_>,
    ) {
        let (trace, dy) = (self.cut_trace(trace), self.cut_mut(&mut dy));
        let dx = dx.as_mut().map(|dx| self.cut_mut(dx));
        self.dense.backward(parameters, trace, dy, dx, memory);
    }

    fn gradient(
        &self,
        index: usize,
        rows: Range<usize>,
        trace: Trace<'_>,
        dy: MatrixRef<'_>,
        accumulate: Accumulate,
        out: MatrixMut<'_>,
    ) {
        let (trace, dy) = (self.cut_trace(trace), self.cut(dy));
        self.dense.gradient(index, rows, trace, dy, accumulate, out);
    }
}
