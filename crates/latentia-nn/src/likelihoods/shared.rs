//! Outputs that all rows share.

use std::ops::Range;

use latentia_tensor::loss::counts::LIBRARY;
use latentia_tensor::{Accumulate, MatrixMut, MatrixRef};

use crate::Shape;
use crate::graph::{Graph, Operation, Undescribed, Value};
use crate::layer::{
    BackwardMemory, ForwardMemory, Initializer, Layer, Parameter, ParameterRole, ParameterSpec,
    Pass, Trace,
};

/// Appends the same elements to every row, `y = [x, θ]`: what a likelihood knows of all rows, learned or a
/// [statistic](ParameterRole::Statistic). They begin at 0.
///
/// Shapes: `x` `[rows, n]`, `y` `[rows, n + |θ|]`; the parameters are rows, and follow one another in `θ`.
#[derive(Clone, Debug)]
pub struct Shared {
    width: usize,
    name: String,
    parameters: Vec<ParameterSpec>,
}

impl Shared {
    /// Appends to rows of `width` learned logarithms of scales, one for all elements or one for each column: `log-scale`, `[1, scales]`.
    pub fn scales(width: usize, scales: usize) -> Self {
        let name = match scales {
            1 => "shared scale".into(),
            scales => format!("shared scales, {scales}"),
        };
        let parameters = vec![row(ParameterRole::Shift, "log-scale", scales)];
        Self {
            width,
            name,
            parameters,
        }
    }

    /// Appends to rows of `width` learned logarithms of dispersions, one for each column or none, `log-dispersion`, `[1, dispersions]`,
    /// and the mean and standard deviation of the logarithm of the library size over the training examples, `library`, `[1, 2]`.
    pub fn library(width: usize, dispersions: usize) -> Self {
        let library = row(ParameterRole::Statistic, "library", LIBRARY);
        let (name, parameters) = match dispersions {
            0 => ("library size".into(), vec![library]),
            dispersions => {
                let learned = row(ParameterRole::Shift, "log-dispersion", dispersions);
                let name = format!("library size, dispersions, {dispersions}");
                (name, vec![learned, library])
            }
        };
        Self {
            width,
            name,
            parameters,
        }
    }

    /// How many elements are appended.
    fn appended(&self) -> usize {
        let each = self.parameters.iter().map(|own| own.cols);
        each.fold(0, usize::saturating_add)
    }
}

fn row(role: ParameterRole, name: &'static str, cols: usize) -> ParameterSpec {
    ParameterSpec::new(role, name, [1, cols], Initializer::Zeros)
}

impl Layer for Shared {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn inputs(&self) -> usize {
        self.width
    }

    fn output(&self) -> Shape {
        Shape::Flat(self.width.saturating_add(self.appended()))
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        self.parameters.clone()
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
        index: usize,
        _rows: Range<usize>,
        _trace: Trace<'_>,
        dy: MatrixRef<'_>,
        accumulate: Accumulate,
        mut out: MatrixMut<'_>,
    ) {
        let before: usize = self.parameters[..index].iter().map(|own| own.cols).sum();
        for (at, out) in (self.width + before..).zip(out.as_mut_slice()) {
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
        let padded = graph.node(Operation::Pad(self.appended()), &[x]);
        let mut shared = vec![0.0; self.width];
        for parameter in parameters {
            shared.extend(parameter.value.as_slice());
        }
        let shared = graph.constant("shared", &[shared.len()], shared);
        Ok(graph.add(padded, shared))
    }
}
