//! Dropout.

use latentia_tensor::{MatrixMut, MatrixRef, update};

use crate::Shape;
use crate::layer::{Layer, Mode, Parameter, Pass, Trace};

/// In training, each number is set to zero with probability `rate` and divided by `1 - rate` otherwise, so that the mean
/// stays; in use, `y = x` (Srivastava et al. 2014).
#[derive(Clone, Debug)]
pub struct Dropout {
    shape: Shape,
    rate: f32,
}

impl Dropout {
    /// Dropout of rows of shape `shape`, with `rate` in `[0, 1)`.
    pub fn new(shape: Shape, rate: f32) -> Self {
        Self { shape, rate }
    }
}

impl Layer for Dropout {
    fn name(&self) -> String {
        format!("dropout {}", self.rate)
    }

    fn inputs(&self) -> usize {
        self.shape.numbers()
    }

    fn outputs(&self) -> usize {
        self.shape.numbers()
    }

    fn shape(&self) -> Shape {
        self.shape
    }

    /// The factor of each number.
    fn saved(&self) -> usize {
        self.shape.numbers()
    }

    fn forward(
        &self,
        _parameters: &[Parameter],
        pass: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        mut saved: MatrixMut<'_>,
        _scratch: &mut [f32],
    ) {
        y.as_mut_slice().copy_from_slice(x.span());
        if pass.mode != Mode::Train {
            return saved.as_mut_slice().fill(1.0);
        }
        let (rate, kept) = (self.rate, 1.0 / (1.0 - self.rate));
        for (row, factors) in (pass.first_row..).zip(saved.iter_rows_mut()) {
            pass.noise.uniform(row, factors);
            for factor in factors {
                *factor = if *factor < rate { 0.0 } else { kept };
            }
        }
        update(y.as_mut_slice(), saved.as_ref().span(), |y, factor| {
            y * factor
        });
    }

    fn backward(
        &self,
        _parameters: &[Parameter],
        trace: Trace<'_>,
        mut dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
        _scratch: &mut [f32],
        _sums: &mut [f32],
    ) {
        let Some(mut dx) = dx else { return };
        dx.as_mut_slice().copy_from_slice(dy.as_mut_slice());
        update(dx.as_mut_slice(), trace.saved.span(), |d, factor| {
            d * factor
        });
    }
}
