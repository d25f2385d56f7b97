//! Fully connected layer.

use std::ops::Range;

use latentia_tensor::{
    Accumulate, MatrixMut, MatrixRef, add_column_sums, matmul_nn, matmul_nt, matmul_packed,
    sum_matmul_tn,
};
use serde::{Deserialize, Serialize};

use super::activation::Activation;
use super::kind::LayerKind;
use super::sizes::Sizes;
use super::stack::{LayerStack, positive};
use crate::Shape;
use crate::graph::{Graph, Operation, Undescribed, Value};
use crate::invalid_spec::InvalidSpec;
use crate::layer::{
    Abilities, BackwardMemory, ForwardMemory, Initializer, Layer, Memory, PackedWeight, Parameter,
    ParameterSpec, Pass, Trace,
};

/// A [`Dense`] layer as a user writes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DenseSpec {
    /// Elements in a row of the output; left out, as many as an example has, as the likelihood asks for at the end of a
    /// decoder, or as a `reshape` behind it that leaves its sizes open makes feature maps of. Example: `units = 32`
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<usize>,
    /// The function applied to the output. Example: `activation = "relu"`
    #[serde(default)]
    pub activation: Activation,
    /// How the weight is drawn before training. Example: `initializer = "he"`
    #[serde(default)]
    pub initializer: Initializer,
}

impl LayerKind for DenseSpec {
    fn name(&self) -> &'static str {
        "dense"
    }

    fn add_to(&self, stack: &mut LayerStack, width: usize) -> Result<(), InvalidSpec> {
        let (inputs, units) = (stack.shape().elements(), self.units.unwrap_or(width));
        positive("units", units)?;
        stack.add(Dense::new(inputs, units, self.activation, self.initializer));
        Ok(())
    }

    fn sizes(&self, _axis: usize, _size: Option<usize>) -> Option<Sizes> {
        None
    }

    fn activation(&self) -> Activation {
        self.activation
    }

    fn is_dense(&self) -> bool {
        true
    }

    fn has_width(&self) -> bool {
        true
    }

    fn set_width(&mut self, width: usize) {
        self.units = Some(width);
    }
}

/// `y = f(x W + b)` with a weight of shape `[inputs, outputs]` and a bias of shape `[1, outputs]`.
#[derive(Clone, Debug)]
pub struct Dense {
    inputs: usize,
    outputs: usize,
    activation: Activation,
    initializer: Initializer,
}

impl Dense {
    /// A layer from `inputs` to `outputs` elements.
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

    fn output(&self) -> Shape {
        Shape::Flat(self.outputs)
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        vec![
            ParameterSpec::weight(self.inputs, self.outputs, self.initializer),
            ParameterSpec::bias(self.outputs),
        ]
    }

    fn abilities(&self) -> Abilities<'_> {
        Abilities {
            multiplied_by: Some(0),
            ..Abilities::default()
        }
    }

    fn memory(&self) -> Memory {
        Memory {
            saved: self.activation.saved(self.outputs),
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
        let (weight, bias) = (&parameters[0], &parameters[1].value);
        let replace = Accumulate::Replace;
        match &weight.packed {
            Some(PackedWeight {
                forward: Some(packed),
                ..
            }) => matmul_packed(y.reborrow(), replace, x, packed),
            _ => matmul_nn(y.reborrow(), replace, x, weight.value.view()),
        }
        self.activation.forward(y, bias.as_slice(), memory.saved);
    }

    fn backward(
        &self,
        parameters: &[Parameter],
        trace: Trace<'_>,
        mut dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
        _memory: BackwardMemory<'_>,
    ) {
        self.activation
            .backward(dy.reborrow(), trace.y, trace.saved);
        if let Some(dx) = dx {
            let (weight, replace) = (&parameters[0], Accumulate::Replace);
            match &weight.packed {
                Some(PackedWeight {
                    backward: Some(transposed),
                    ..
                }) => matmul_packed(dx, replace, dy.as_ref(), transposed),
                _ => matmul_nt(dx, replace, dy.as_ref(), weight.value.view()),
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
        if index == 0 {
            return sum_matmul_tn(out, accumulate, &[(trace.x.columns(rows), dz)]);
        }
        if accumulate == Accumulate::Replace {
            out.as_mut_slice().fill(0.0);
        }
        add_column_sums(out.as_mut_slice(), dz);
    }

    fn describe(
        &self,
        graph: &mut Graph,
        parameters: &[Parameter],
        inputs: &[Value],
    ) -> Result<Value, Undescribed> {
        let x = graph.flat(inputs[0]);
        let weight = parameters[0].describe(graph, &[self.inputs, self.outputs]);
        let bias = parameters[1].describe(graph, &[self.outputs]);
        let y = graph.node(Operation::Gemm, &[x, weight, bias]);
        Ok(self.activation.describe(graph, y))
    }
}
