//! One learned scale for all numbers of an output.

use std::ops::Range;

use latentia_tensor::{Accumulate, MatrixMut, MatrixRef};

use crate::Initializer;
use crate::layer::{Layer, Parameter, ParameterSpec, Pass, Trace};

/// Appends a learned number to every row, `y = [x, s]`: the logarithm of the scale that all numbers share, for
/// [`crate::Likelihood::GaussianSharedScale`]. It begins at 0, a scale of 1.
///
/// Shapes: `x` `[rows, n]`, `y` `[rows, n + 1]`, the parameter `log-scale` `[1, 1]`.
#[derive(Clone, Debug)]
pub struct SharedScale {
    width: usize,
}

impl SharedScale {
    /// A layer for rows of `width` numbers.
    pub fn new(width: usize) -> Self {
        Self { width }
    }
}

impl Layer for SharedScale {
    fn name(&self) -> String {
        "shared scale".into()
    }

    fn inputs(&self) -> usize {
        self.width
    }

    fn outputs(&self) -> usize {
        self.width.saturating_add(1)
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        vec![ParameterSpec::learned(
            "log-scale",
            1,
            1,
            Initializer::Zeros,
        )]
    }

    fn forward(
        &self,
        parameters: &[Parameter],
        _pass: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        _saved: MatrixMut<'_>,
        _scratch: &mut [f32],
    ) {
        let log_scale = parameters[0].value.as_slice()[0];
        for (y, x) in y.iter_rows_mut().zip(x.iter_rows()) {
            y[..self.width].copy_from_slice(x);
            y[self.width] = log_scale;
        }
    }

    fn backward(
        &self,
        _parameters: &[Parameter],
        _trace: Trace<'_>,
        dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
        _scratch: &mut [f32],
        _sums: &mut [f32],
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
        let sum: f32 = dy.iter_rows().map(|dy| dy[self.width]).sum();
        let out = &mut out.as_mut_slice()[0];
        *out = match accumulate {
            Accumulate::Replace => sum,
            Accumulate::Add => *out + sum,
        };
    }
}
