//! An activation by itself, and the end of a residual block.

use latentia_tensor::{MatrixMut, MatrixRef, update};

use crate::layer::{Layer, Parameter, Pass, Trace};
use crate::{Activation, Shape};

/// `y = f(x)`, or `y = f(x + s)` where `s` is the input of a layer before: the end of a residual block (He et al. 2016).
#[derive(Clone, Debug)]
pub struct Activate {
    shape: Shape,
    activation: Activation,
    joins: Option<usize>,
}

impl Activate {
    /// `y = f(x)` of rows of shape `shape`.
    pub fn new(shape: Shape, activation: Activation) -> Self {
        Self {
            shape,
            activation,
            joins: None,
        }
    }

    /// The end of a residual block of `layers` layers, at least one, from rows of shape `shape` to such rows.
    pub fn residual(shape: Shape, activation: Activation, layers: usize) -> Self {
        Self {
            joins: Some(layers),
            ..Self::new(shape, activation)
        }
    }
}

impl Layer for Activate {
    fn name(&self) -> String {
        let activation = self.activation.name();
        match self.joins {
            None => activation.into(),
            Some(1) => format!("add input of the layer before, {activation}"),
            Some(layers) => format!("add input of {layers} layers before, {activation}"),
        }
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

    fn saved(&self) -> usize {
        match self.activation.slope_needs_input() {
            true => self.outputs(),
            false => 0,
        }
    }

    fn joins(&self) -> Option<usize> {
        self.joins
    }

    fn forward(
        &self,
        _parameters: &[Parameter],
        pass: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        saved: MatrixMut<'_>,
        _scratch: &mut [f32],
    ) {
        y.as_mut_slice().copy_from_slice(x.span());
        if let Some(joined) = pass.joined {
            update(y.as_mut_slice(), joined.span(), |y, s| y + s);
        }
        self.activation.apply(y, saved);
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
        self.activation
            .backward(dy.reborrow(), trace.y, trace.saved);
        if let Some(mut dx) = dx {
            dx.as_mut_slice().copy_from_slice(dy.as_mut_slice());
        }
    }
}
