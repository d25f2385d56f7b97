//! What a likelihood of counts knows of all rows.

use std::ops::Range;

use latentia_tensor::loss::counts::LIBRARY;
use latentia_tensor::{Accumulate, MatrixMut, MatrixRef};

use crate::Shape;
use crate::graph::{Graph, Operation, Undescribed, Value};
use crate::layer::{
    BackwardMemory, ForwardMemory, Initializer, Layer, Parameter, ParameterRole, ParameterSpec,
    Pass, Trace,
};

/// Appends the same elements to every row, `y = [x, ln θ, m, s]`: learned logarithms of dispersions, one for each column or none, which begin
/// at 0, and the mean and standard deviation of the logarithm of the library size over the training examples, statistics.
///
/// Shapes: `x` `[rows, n]`, `y` `[rows, n + dispersions + 2]`, the parameter `log-dispersion` `[1, dispersions]`, the statistic `library`
/// `[1, 2]`.
#[derive(Clone, Debug)]
pub struct Library {
    width: usize,
    dispersions: usize,
}

impl Library {
    /// A layer that appends `dispersions` learned elements and the statistics to rows of `width`.
    pub fn new(width: usize, dispersions: usize) -> Self {
        Self { width, dispersions }
    }
}

impl Layer for Library {
    fn name(&self) -> String {
        match self.dispersions {
            0 => "library size".into(),
            dispersions => format!("library size, dispersions, {dispersions}"),
        }
    }

    fn inputs(&self) -> usize {
        self.width
    }

    fn output(&self) -> Shape {
        let own = self.dispersions.saturating_add(LIBRARY);
        Shape::Flat(self.width.saturating_add(own))
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let parameter =
            |role, name, cols| ParameterSpec::new(role, name, [1, cols], Initializer::Zeros);
        let library = parameter(ParameterRole::Statistic, "library", LIBRARY);
        match self.dispersions {
            0 => vec![library],
            dispersions => {
                let learned = parameter(ParameterRole::Shift, "log-dispersion", dispersions);
                vec![learned, library]
            }
        }
    }

    fn forward(
        &self,
        parameters: &[Parameter],
        _pass: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        _memory: ForwardMemory<'_>,
    ) {
        for (y, x) in y.iter_rows_mut().zip(x.iter_rows()) {
            let (own, mut rest) = y.split_at_mut(self.width);
            own.copy_from_slice(x);
            for parameter in parameters {
                let own;
                let values = parameter.value.as_slice();
                (own, rest) = rest.split_at_mut(values.len());
                own.copy_from_slice(values);
            }
        }
    }

    fn backward(
        &self,
        _parameters: &[Parameter],
        _trace: Trace<'_>,
        dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
        _memory: BackwardMemory<'_>,
    ) {
        let Some(mut dx) = dx else { return };
        for (dx, dy) in dx.iter_rows_mut().zip(dy.as_ref().iter_rows()) {
            dx.copy_from_slice(&dy[..self.width]);
        }
    }

    fn gradient(
        &self,
        _index: usize,
        _rows: Range<usize>,
        _trace: Trace<'_>,
        dy: MatrixRef<'_>,
        accumulate: Accumulate,
        mut out: MatrixMut<'_>,
    ) {
        for (at, out) in (self.width..).zip(out.as_mut_slice()) {
            let sum: f32 = dy.iter_rows().map(|dy| dy[at]).sum();
            *out = match accumulate {
                Accumulate::Replace => sum,
                Accumulate::Add => *out + sum,
            };
        }
    }

    fn describe(
        &self,
        graph: &mut Graph,
        parameters: &[Parameter],
        inputs: &[Value],
    ) -> Result<Value, Undescribed> {
        let x = graph.flat(inputs[0]);
        let padded = graph.node(Operation::Pad(self.dispersions + LIBRARY), &[x]);
        let mut behind = vec![0.0; self.width];
        for parameter in parameters {
            behind.extend(parameter.value.as_slice());
        }
        let behind = graph.constant("behind", &[behind.len()], behind);
        Ok(graph.add(padded, behind))
    }
}
