//! Fully connected layer.

use std::ops::Range;

use latentia_tensor::{
    Accumulate, MatrixMut, MatrixRef, add_column_sums, matmul_nn, matmul_nt, matmul_tn,
};

use crate::layer::{Layer, Parameter, ParameterSpec, Pass, Trace};
use crate::{Activation, Initializer};

/// `y = f(x W + b)` with a weight of shape `[inputs, outputs]` and a bias of shape `[1, outputs]`.
#[derive(Clone, Debug)]
pub struct Dense {
    inputs: usize,
    outputs: usize,
    activation: Activation,
    initializer: Initializer,
}

impl Dense {
    /// A layer from `inputs` to `outputs` numbers.
    pub fn new(
        inputs: usize,
        outputs: usize,
        activation: Activation,
        initializer: Initializer,
    ) -> Self {
        Self {
            inputs,
            outputs,
            activation,
            initializer,
        }
    }
}

impl Layer for Dense {
    fn name(&self) -> String {
        format!("dense {}", self.activation.name())
    }

    fn inputs(&self) -> usize {
        self.inputs
    }

    fn outputs(&self) -> usize {
        self.outputs
    }

    fn saved(&self) -> usize {
        if self.activation.slope_needs_input() {
            self.outputs
        } else {
            0
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        vec![
            ParameterSpec::learned("weight", self.inputs, self.outputs, self.initializer),
            ParameterSpec::learned("bias", 1, self.outputs, Initializer::Zeros),
        ]
    }

    fn forward(
        &self,
        parameters: &[Parameter],
        _pass: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        saved: MatrixMut<'_>,
        _scratch: &mut [f32],
    ) {
        let [weight, bias] = [&parameters[0].value, &parameters[1].value];
        matmul_nn(y.reborrow(), Accumulate::Replace, x, weight.view());
        self.activation.forward(y, bias.as_slice(), saved);
    }

    fn backward(
        &self,
        parameters: &[Parameter],
        trace: Trace<'_>,
        mut dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
        _scratch: &mut [f32],
        _sums: &mut [f32],
    ) {
        self.activation
            .backward(dy.reborrow(), trace.y, trace.saved);
        if let Some(dx) = dx {
            let weight = parameters[0].value.view();
            matmul_nt(dx, Accumulate::Replace, dy.as_ref(), weight);
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
        if index == 0 {
            return matmul_tn(out, accumulate, trace.x.columns(rows), dz);
        }
        if accumulate == Accumulate::Replace {
            out.as_mut_slice().fill(0.0);
        }
        add_column_sums(out.as_mut_slice(), dz);
    }
}
