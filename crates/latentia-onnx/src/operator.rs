//! Operations of a graph as operators of ONNX.

use latentia_nn::graph::{Graph, Node, Operation, Sliding, Type};

use crate::attribute::{float, floats, int, ints, text, texts};
use crate::proto::AttributeProto;

/// The number that ONNX has for a type.
pub(crate) fn type_number(element: Type) -> i32 {
    match element {
        Type::F32 => 1,
        Type::U8 => 2,
        Type::I64 => 7,
        Type::Text => 8,
        Type::Bool => 9,
        Type::F64 => 11,
    }
}

/// The set of operators that `ai.onnx.ml` has.
pub(crate) const ML: &str = "ai.onnx.ml";

/// What an operation is in ONNX.
#[derive(Default)]
pub(crate) struct Operator {
    pub(crate) name: &'static str,
    pub(crate) domain: &'static str,
    pub(crate) attributes: Vec<AttributeProto>,
    /// Constants behind the inputs: whole numbers.
    pub(crate) settings: Vec<Vec<i64>>,
}

/// The operator of a node, but for [`Operation::Resize`] and [`Operation::ScatterElements`], which are not one alone.
pub(crate) fn operator(graph: &Graph, node: &Node) -> Operator {
    let first = graph.shape(node.inputs[0]);
    let behind = |axis: &usize| (axis + 1) as i64;
    let along = |name, axis: &usize| Operator {
        attributes: vec![int("keepdims", 0)],
        settings: vec![vec![behind(axis)]],
        ..simple(name)
    };
    let best = |name| with(name, vec![int("axis", -1), int("keepdims", 0)]);
    match &node.operation {
        Operation::Cast(to) => with("Cast", vec![int("to", type_number(*to).into())]),
        Operation::LeakyRelu { alpha } => with("LeakyRelu", vec![float("alpha", *alpha)]),
        Operation::Conv(window) => with("Conv", sliding(window)),
        Operation::ConvTranspose(window) => {
            let mut attributes = sliding(window);
            attributes.push(ints("output_padding", output_padding(window, first)));
            with("ConvTranspose", attributes)
        }
        Operation::MaxPool(window) => with("MaxPool", sliding(window)),
        Operation::AveragePool(window) => {
            let mut attributes = sliding(window);
            // Up to opset 18 it has no dilations.
            attributes.retain(|own| own.name != "dilations");
            with("AveragePool", attributes)
        }
        Operation::BatchNormalization { epsilon } => {
            with("BatchNormalization", vec![float("epsilon", *epsilon)])
        }
        Operation::InstanceNormalization { epsilon } => {
            with("InstanceNormalization", vec![float("epsilon", *epsilon)])
        }
        Operation::Reshape(shape) => {
            // 0 leaves the examples' axis as it is.
            let sizes = shape.iter().map(|&size| size as i64);
            set("Reshape", vec![[0].into_iter().chain(sizes).collect()])
        }
        Operation::Transpose(order) => {
            let order = order.iter().map(|axis| axis + 1);
            let order = [0].into_iter().chain(order);
            with("Transpose", vec![ints("perm", order)])
        }
        Operation::Concat(axis) => with("Concat", vec![int("axis", behind(axis))]),
        Operation::Slice(axis, [from, to]) => {
            let ends = [*from as i64, *to as i64, behind(axis)];
            set("Slice", ends.map(|own| vec![own]).into())
        }
        Operation::Pad(after) => {
            let mut pads = vec![0; 2 * (first.len() + 1)];
            if let Some(last) = pads.last_mut() {
                *last = *after as i64;
            }
            set("Pad", vec![pads])
        }
        Operation::Gather(axis) => {
            let axis = match graph.is_constant(node.inputs[0]) {
                true => *axis as i64,
                false => behind(axis),
            };
            with("Gather", vec![int("axis", axis)])
        }
        Operation::ReduceMean(axis) => along("ReduceMean", axis),
        Operation::ReduceSum(axis) => along("ReduceSum", axis),
        Operation::ReduceMax(axis) => along("ReduceMax", axis),
        Operation::ArgMax => best("ArgMax"),
        Operation::ArgMin => best("ArgMin"),
        Operation::TopK { k, largest } => Operator {
            attributes: vec![int("axis", -1), int("largest", i64::from(*largest))],
            ..set("TopK", vec![vec![*k as i64]])
        },
        Operation::LabelEncoder(levels) => encoder(levels),
        Operation::LabelDecoder(levels) => decoder(levels),
        operation => simple(elementwise(operation)),
    }
}

/// From texts to numbers.
fn encoder(levels: &[String]) -> Operator {
    let numbers = (0..levels.len()).map(|level| level as f32).collect();
    let attributes = vec![
        texts("keys_strings", levels),
        floats("values_floats", numbers),
        float("default_float", f32::NAN),
    ];
    Operator {
        domain: ML,
        ..with("LabelEncoder", attributes)
    }
}

/// From numbers to texts.
fn decoder(levels: &[String]) -> Operator {
    let attributes = vec![
        ints("keys_int64s", 0..levels.len()),
        texts("values_strings", levels),
        text("default_string", ""),
    ];
    Operator {
        domain: ML,
        ..with("LabelEncoder", attributes)
    }
}

/// The name of an operator without settings.
fn elementwise(operation: &Operation) -> &'static str {
    match operation {
        Operation::Abs => "Abs",
        Operation::Elu => "Elu",
        Operation::Erf => "Erf",
        Operation::Exp => "Exp",
        Operation::Floor => "Floor",
        Operation::IsNaN => "IsNaN",
        Operation::Log => "Log",
        Operation::Neg => "Neg",
        Operation::Relu => "Relu",
        Operation::Sigmoid => "Sigmoid",
        Operation::Sign => "Sign",
        Operation::Softplus => "Softplus",
        Operation::Sqrt => "Sqrt",
        Operation::Tanh => "Tanh",
        Operation::Add => "Add",
        Operation::Sub => "Sub",
        Operation::Mul => "Mul",
        Operation::Div => "Div",
        Operation::Max => "Max",
        Operation::Min => "Min",
        Operation::And => "And",
        Operation::Equal => "Equal",
        Operation::Greater => "Greater",
        Operation::Less => "Less",
        Operation::Where => "Where",
        Operation::Gemm => "Gemm",
        Operation::MatMul => "MatMul",
        // Those that `operator` or the writer has.
        _ => "Identity",
    }
}

fn simple(name: &'static str) -> Operator {
    Operator {
        name,
        ..Operator::default()
    }
}

fn with(name: &'static str, attributes: Vec<AttributeProto>) -> Operator {
    Operator {
        attributes,
        ..simple(name)
    }
}

fn set(name: &'static str, settings: Vec<Vec<i64>>) -> Operator {
    Operator {
        settings,
        ..simple(name)
    }
}

fn sliding(sliding: &Sliding) -> Vec<AttributeProto> {
    let window = sliding.window;
    let [[above, below], [left, right]] = window.padding;
    vec![
        ints("kernel_shape", window.kernel),
        ints("strides", window.stride),
        ints("dilations", window.dilation),
        ints("pads", [above, left, below, right]),
    ]
}

/// What a transposed convolution of feature maps `input` adds below and right of what the window covers.
fn output_padding(Sliding { window, output }: &Sliding, input: &[usize]) -> [usize; 2] {
    [0, 1].map(|axis| {
        let covered = window.stride[axis] * (input[axis + 1] - 1) + window.extent()[axis];
        let cut: usize = window.padding[axis].iter().sum();
        output[axis] + cut - covered
    })
}
