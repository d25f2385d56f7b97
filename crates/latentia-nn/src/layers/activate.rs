//! An activation by itself, and behind a skip connection.

use latentia_tensor::{MatrixMut, MatrixRef, update};

use serde::{Deserialize, Serialize};

use super::activation::Activation;
use super::kind::LayerKind;
use super::stack::LayerStack;
use crate::Shape;
use crate::graph::{Graph, Undescribed, Value};
use crate::invalid_spec::InvalidSpec;
use crate::layer::{
    Abilities, BackwardMemory, ForwardMemory, Layer, Memory, Parameter, Pass, Trace,
};

/// An [`Activate`] layer as a user writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ActivationSpec {
    /// The function. Example: `activation = "tanh"`
    pub activation: Activation,
}

impl LayerKind for ActivationSpec {
    fn name(&self) -> &'static str {
        "activation"
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    fn add_to(&self, stack: &mut LayerStack, _width: usize) -> Result<(), InvalidSpec> {
        stack.add(Activate::new(stack.shape(), self.activation));
        Ok(())
    }

    fn activation(&self) -> Activation {
        self.activation
    }
}

/// `y = f(x)`, or `y = f(x + s)` where `s` is the input of a layer before: the end of a residual block (He et al. 2016).
#[derive(Clone, Debug)]
pub struct Activate {
    shape: Shape,
    activation: Activation,
    skip_connection: Option<usize>,
}

impl Activate {
    /// `y = f(x)` of rows of shape `shape`.
    pub fn new(shape: Shape, activation: Activation) -> Self {
        Self {
            shape,
            activation,
            skip_connection: None,
        }
    }

    /// The end of a residual block of `layers` layers, at least one, from rows of shape `shape` to such rows.
    pub fn residual(shape: Shape, activation: Activation, layers: usize) -> Self {
        Self {
            skip_connection: Some(layers),
            ..Self::new(shape, activation)
        }
    }
}

impl Layer for Activate {
    fn name(&self) -> String {
        let activation = self.activation.name();
        match self.skip_connection {
            None => activation.into(),
            Some(1) => format!("add input of the layer before, {activation}"),
            Some(layers) => format!("add input of {layers} layers before, {activation}"),
        }
    }

    fn inputs(&self) -> usize {
        self.shape.elements()
    }

    fn output(&self) -> Shape {
        self.shape
    }

    fn memory(&self) -> Memory {
        Memory {
            saved: self.activation.saved(self.inputs()),
            ..Memory::default()
        }
    }

    fn abilities(&self) -> Abilities<'_> {
        Abilities {
            skip_connection: self.skip_connection,
            ..Abilities::default()
        }
    }

    fn forward(
        &self,
        _parameters: &[Parameter],
        pass: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        memory: ForwardMemory<'_>,
    ) {
        y.as_mut_slice().copy_from_slice(x.span());
        if let Some(skipped) = pass.skipped {
            update(y.as_mut_slice(), skipped.span(), |y, s| y + s);
        }
        self.activation.apply(y, memory.saved);
    }

    fn backward(
        &self,
        _parameters: &[Parameter],
        trace: Trace<'_>,
        mut dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
        _memory: BackwardMemory<'_>,
    ) {
        self.activation
            .backward(dy.reborrow(), trace.y, trace.saved);
        if let Some(mut dx) = dx {
            dx.as_mut_slice().copy_from_slice(dy.as_mut_slice());
        }
    }

    fn describe(
        &self,
        graph: &mut Graph,
        _parameters: &[Parameter],
        inputs: &[Value],
    ) -> Result<Value, Undescribed> {
        let x = match inputs {
            [x, skipped] => {
                let shape = graph.shape(*x).to_vec();
                let skipped = graph.reshape(*skipped, &shape);
                graph.add(*x, skipped)
            }
            inputs => inputs[0],
        };
        Ok(self.activation.describe(graph, x))
    }
}
