//! What a part computes in evaluation, as operations that other frameworks have too.
//!
//! A [`Graph`] is plain data: inputs, constants, and nodes of an [`Operation`] each, in the order in which they are computed. Parts add
//! to it what they do ([`Layer::describe`](crate::Layer::describe), [`Likelihood::describe_mean`](crate::Likelihood::describe_mean));
//! whoever writes it in a format of its own, as ONNX, knows operations and no parts.
//!
//! A value is an array with an element for each example along its first axis, which no shape here counts: a row of 784 elements has
//! shape `[784]`, feature maps `[channels, height, width]`. A constant is the same for all examples. Shapes that differ are broadcast as in
//! NumPy, the last axes beside each other.
//!
//! ```
//! use latentia_nn::graph::{Graph, Operation, Type};
//! use latentia_nn::layers::Dense;
//! use latentia_nn::{Activation, Chain, Initializer};
//!
//! let dense = Dense::new(3, 2, Activation::Relu, Initializer::Glorot);
//! let chain = Chain::new(vec![Box::new(dense)], 42)?;
//!
//! let mut graph = Graph::default();
//! let x = graph.input("x", &[3], Type::F32);
//! let y = chain.describe(0..1, x, &mut graph, |layer| format!("layer.{layer}"))?;
//! graph.output("y", y);
//! let operations: Vec<&Operation> = graph.nodes().iter().map(|node| &node.operation).collect();
//! assert_eq!(operations, [&Operation::Gemm, &Operation::Relu]);
//! assert_eq!(graph.shape(y), [2]);
//! assert_eq!(graph.constants()[0].name, "layer.0.weight");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod arithmetic;
mod operation;
mod undescribed;

pub use operation::{Operation, Sliding, Type};
pub use undescribed::Undescribed;

/// A value of a graph, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value(usize);

/// Operations from inputs to outputs; see the [module](self).
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Shape and type of every value.
    values: Vec<(Vec<usize>, Type)>,
    inputs: Vec<Named>,
    constants: Vec<Constant>,
    nodes: Vec<Node>,
    outputs: Vec<Named>,
    /// The part that is being described.
    part: String,
}

/// An input or an output.
#[derive(Clone, Debug)]
pub struct Named {
    /// What it is called.
    pub name: String,
    /// Its value.
    pub value: Value,
}

/// An array that is the same for all examples.
#[derive(Clone, Debug)]
pub struct Constant {
    /// The part that it belongs to and its name there, `encoder.0.weight`; others may have the same.
    pub name: String,
    /// Its value.
    pub value: Value,
    /// Its elements, the last axis fastest.
    pub data: Data,
}

/// Elements of a constant.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// Single precision.
    F32(Vec<f32>),
    /// Double precision.
    F64(Vec<f64>),
    /// Whole numbers.
    I64(Vec<i64>),
}

/// An operation on values.
#[derive(Clone, Debug)]
pub struct Node {
    /// What is computed.
    pub operation: Operation,
    /// Of what, in ONNX's order.
    pub inputs: Vec<Value>,
    /// What comes of it.
    pub outputs: Vec<Value>,
    /// The part that it belongs to: `encoder.0`.
    pub part: String,
}

impl Graph {
    /// What is computed from.
    pub fn inputs(&self) -> &[Named] {
        &self.inputs
    }

    /// The constants.
    pub fn constants(&self) -> &[Constant] {
        &self.constants
    }

    /// The nodes, each behind those that it needs.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// What is computed.
    pub fn outputs(&self) -> &[Named] {
        &self.outputs
    }

    /// How many values there are: their [numbers](Self::number) are lower.
    pub fn values(&self) -> usize {
        self.values.len()
    }

    /// The number of a value.
    pub fn number(&self, value: Value) -> usize {
        value.0
    }

    /// The shape of a value, without the axis of the examples.
    pub fn shape(&self, value: Value) -> &[usize] {
        &self.values[value.0].0
    }

    /// What the elements of a value are.
    pub fn element(&self, value: Value) -> Type {
        self.values[value.0].1
    }

    /// Whether a value is the same for all examples: it has no axis of them.
    pub fn is_constant(&self, value: Value) -> bool {
        self.constants.iter().any(|own| own.value == value)
    }

    /// Begins the description of the part `name`, to which all that follows belongs.
    pub fn begin(&mut self, name: impl Into<String>) {
        self.part = name.into();
    }

    /// An input, an array of `shape` for each example; the one of that name, where there is one.
    pub fn input(&mut self, name: &str, shape: &[usize], element: Type) -> Value {
        let known = self.inputs.iter().find(|own| own.name == name);
        if let Some(known) = known {
            return known.value;
        }
        let value = self.value(shape.to_vec(), element);
        let name = name.into();
        self.inputs.push(Named { name, value });
        value
    }

    /// The class of each example, counted from 0: the input `label`, whole numbers of shape `[]`.
    pub fn label(&mut self) -> Value {
        self.input("label", &[], Type::I64)
    }

    /// Makes a value an output.
    pub fn output(&mut self, name: &str, value: Value) {
        let name = name.into();
        self.outputs.push(Named { name, value });
    }

    /// A constant of the part that is being described, of as many elements as its shape has.
    pub fn constant(&mut self, name: &str, shape: &[usize], data: impl Into<Data>) -> Value {
        let data = data.into();
        let element = data.element();
        let value = self.value(shape.to_vec(), element);
        let name = match self.part.as_str() {
            "" => name.into(),
            part => format!("{part}.{name}"),
        };
        self.constants.push(Constant { name, value, data });
        value
    }

    /// What an operation makes of `inputs`; of several outputs the first.
    pub fn node(&mut self, operation: Operation, inputs: &[Value]) -> Value {
        self.node_outputs(operation, inputs)[0]
    }

    /// All that an operation makes of `inputs`.
    pub fn node_outputs(&mut self, operation: Operation, inputs: &[Value]) -> Vec<Value> {
        let of: Vec<(&[usize], Type)> = (inputs.iter())
            .map(|&input| (self.shape(input), self.element(input)))
            .collect();
        let outputs = operation.outputs(&of);
        let outputs: Vec<Value> = outputs
            .into_iter()
            .map(|(shape, element)| self.value(shape, element))
            .collect();
        self.nodes.push(Node {
            operation,
            inputs: inputs.to_vec(),
            outputs: outputs.clone(),
            part: self.part.clone(),
        });
        outputs
    }

    /// `x` as an array of `shape`, of as many elements.
    pub fn reshape(&mut self, x: Value, shape: &[usize]) -> Value {
        if self.shape(x) == shape {
            return x;
        }
        // Of what was reshaped before, that is undone.
        let made = self.nodes.iter().find(|node| node.outputs.contains(&x));
        match made {
            Some(Node {
                operation: Operation::Reshape(_),
                inputs,
                ..
            }) => self.reshape(inputs[0], shape),
            _ => self.node(Operation::Reshape(shape.to_vec()), &[x]),
        }
    }

    /// The same graph without what no output needs.
    #[must_use]
    pub fn without_unused(mut self) -> Self {
        let mut needed = vec![false; self.values.len()];
        for output in &self.outputs {
            needed[output.value.0] = true;
        }
        for node in self.nodes.iter().rev() {
            if node.outputs.iter().any(|output| needed[output.0]) {
                node.inputs.iter().for_each(|input| needed[input.0] = true);
            }
        }
        let nodes = self.nodes.into_iter();
        self.nodes = nodes
            .filter(|node| node.outputs.iter().any(|output| needed[output.0]))
            .collect();
        self.constants.retain(|constant| needed[constant.value.0]);
        self
    }

    fn value(&mut self, shape: Vec<usize>, element: Type) -> Value {
        self.values.push((shape, element));
        Value(self.values.len() - 1)
    }
}

impl Data {
    /// What the elements are.
    pub fn element(&self) -> Type {
        match self {
            Self::F32(_) => Type::F32,
            Self::F64(_) => Type::F64,
            Self::I64(_) => Type::I64,
        }
    }
}

impl From<Vec<f32>> for Data {
    fn from(values: Vec<f32>) -> Self {
        Self::F32(values)
    }
}

impl From<Vec<f64>> for Data {
    fn from(values: Vec<f64>) -> Self {
        Self::F64(values)
    }
}

impl From<Vec<i64>> for Data {
    fn from(values: Vec<i64>) -> Self {
        Self::I64(values)
    }
}
