//! Operations on values, and the shapes of what they make.

use latentia_tensor::Window;
use serde::Serialize;

/// What the elements of a value are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Type {
    /// Single precision.
    F32,
    /// Double precision.
    F64,
    /// Whole numbers.
    I64,
    /// 0 to 255.
    U8,
    /// True or false.
    Bool,
    /// Text.
    Text,
}

/// How a window moves over feature maps `[channels, height, width]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Sliding {
    /// The window.
    pub window: Window,
    /// Height and width of the output.
    pub output: [usize; 2],
}

/// An operation, called as in ONNX, where its inputs and what it computes are defined. Axes count from 0 behind that of the examples; those
/// of constants from 0. Serialised it is its name, with its settings where it has some.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub enum Operation {
    /// `|x|`
    Abs,
    /// Another type.
    Cast(Type),
    /// `eˣ - 1` left of zero.
    Elu,
    /// Error function.
    Erf,
    /// `eˣ`
    Exp,
    /// The largest integer that is not larger.
    Floor,
    /// Whether it is not a number.
    IsNaN,
    /// `alpha · x` left of zero.
    LeakyRelu {
        /// The slope.
        alpha: f32,
    },
    /// Natural logarithm.
    Log,
    /// `-x`
    Neg,
    /// `max(x, 0)`
    Relu,
    /// `1 / (1 + e⁻ˣ)`
    Sigmoid,
    /// -1, 0 or 1.
    Sign,
    /// `ln(1 + eˣ)`
    Softplus,
    /// Square root.
    Sqrt,
    /// Hyperbolic tangent.
    Tanh,
    /// `a + b`
    Add,
    /// `a - b`
    Sub,
    /// `a · b`
    Mul,
    /// `a / b`
    Div,
    /// The greater.
    Max,
    /// The less.
    Min,
    /// Whether both are true.
    And,
    /// Whether they are equal.
    Equal,
    /// Whether `a > b`.
    Greater,
    /// Whether `a < b`.
    Less,
    /// The second where the first is true, else the third.
    Where,
    /// `x W + b`, `[n]` by a weight `[n, m]` and a bias `[m]`.
    Gemm,
    /// `[…, k, n]` by a constant `[n, m]`.
    MatMul,
    /// A convolution by a weight `[channels out, channels in, height, width]` and a bias.
    Conv(Sliding),
    /// A transposed one by a weight `[channels in, channels out, height, width]` and a bias; the window is that of the convolution which goes
    /// the other way.
    ConvTranspose(Sliding),
    /// The largest element in each window.
    MaxPool(Sliding),
    /// The mean of each window, of its elements that are not padding.
    AveragePool(Sliding),
    /// Each element of a feature map as a block of copies, `[down, across]`.
    Resize([usize; 2]),
    /// `γ (x - m) / √(v + ε) + β` of each channel, by constants `γ`, `β`, `m` and `v`.
    BatchNormalization {
        /// Added to the variance.
        epsilon: f32,
    },
    /// As that, with mean and variance of each channel of each example; by constants `γ` and `β`.
    InstanceNormalization {
        /// Added to the variance.
        epsilon: f32,
    },
    /// The same elements as another shape.
    Reshape(Vec<usize>),
    /// Axes in another order.
    Transpose(Vec<usize>),
    /// Values side by side along an axis.
    Concat(usize),
    /// Elements from the first to before the second, along an axis.
    Slice(usize, [usize; 2]),
    /// Zeros behind the last axis, so many.
    Pad(usize),
    /// Along axis `axis` of the first the elements that the second numbers; rows of a constant where that is the first.
    Gather(usize),
    /// Mean along an axis, which goes.
    ReduceMean(usize),
    /// Sum along an axis, which goes.
    ReduceSum(usize),
    /// Maximum along an axis, which goes.
    ReduceMax(usize),
    /// Index of the maximum along the last axis, the first of equals; the axis goes.
    ArgMax,
    /// Index of the minimum along the last axis, the first of equals; the axis goes.
    ArgMin,
    /// The `k` largest or smallest along the last axis, in order, of equals the first; and their indices.
    TopK {
        /// How many.
        k: usize,
        /// Whether the largest.
        largest: bool,
    },
    /// Zeros of the shape of the first, but along its last axis the elements of the third where the second numbers them.
    ScatterElements,
    /// The number that stands for a text: its place among these, counted from 0, or NaN where it is none of them.
    LabelEncoder(Vec<String>),
    /// The text that stands for a number counted from 0.
    LabelDecoder(Vec<String>),
}

impl Operation {
    /// Shape and type of each output, from those of the inputs.
    pub(super) fn outputs(&self, inputs: &[(&[usize], Type)]) -> Vec<(Vec<usize>, Type)> {
        let (first, element) = inputs[0];
        let shape = self.shape(first, inputs);
        match self {
            Self::TopK { .. } => vec![(shape.clone(), element), (shape, Type::I64)],
            _ => vec![(shape, self.element(element, inputs))],
        }
    }

    fn element(&self, first: Type, inputs: &[(&[usize], Type)]) -> Type {
        match self {
            Self::Cast(to) => *to,
            Self::IsNaN | Self::And | Self::Equal | Self::Greater | Self::Less => Type::Bool,
            Self::Where => inputs[1].1,
            Self::ArgMax | Self::ArgMin => Type::I64,
            Self::LabelEncoder(_) => Type::F32,
            Self::LabelDecoder(_) => Type::Text,
            _ => first,
        }
    }

    fn shape(&self, first: &[usize], inputs: &[(&[usize], Type)]) -> Vec<usize> {
        let without = |axis: usize| [&first[..axis], &first[axis + 1..]].concat();
        let with_last = |size: usize| [&first[..first.len().saturating_sub(1)], &[size]].concat();
        match self {
            Self::Gemm | Self::MatMul => with_last(inputs[1].0[1]),
            Self::Conv(window) => [&inputs[1].0[..1], &window.output].concat(),
            Self::ConvTranspose(window) => [&inputs[1].0[1..2], &window.output].concat(),
            Self::MaxPool(window) | Self::AveragePool(window) => {
                [&first[..1], &window.output].concat()
            }
            Self::Resize([down, across]) => vec![first[0], first[1] * down, first[2] * across],
            Self::Reshape(shape) => shape.clone(),
            Self::Transpose(order) => order.iter().map(|&axis| first[axis]).collect(),
            Self::Concat(axis) => {
                let mut shape = first.to_vec();
                shape[*axis] = inputs.iter().map(|(own, _)| own[*axis]).sum();
                shape
            }
            Self::Slice(axis, [from, to]) => {
                let mut shape = first.to_vec();
                shape[*axis] = to - from;
                shape
            }
            Self::Pad(after) => with_last(first.last().unwrap_or(&0) + after),
            Self::Gather(axis) => {
                let (before, after) = (&first[..*axis], &first[axis + 1..]);
                [before, inputs[1].0, after].concat()
            }
            Self::ReduceMean(axis) | Self::ReduceSum(axis) | Self::ReduceMax(axis) => {
                without(*axis)
            }
            Self::ArgMax | Self::ArgMin => without(first.len() - 1),
            Self::TopK { k, .. } => with_last(*k),
            Self::BatchNormalization { .. }
            | Self::InstanceNormalization { .. }
            | Self::ScatterElements => first.to_vec(),
            _ => inputs
                .iter()
                .fold(Vec::new(), |shape, (own, _)| broadcast(&shape, own)),
        }
    }
}

/// The shape of what is computed of arrays of two shapes, element by element.
fn broadcast(a: &[usize], b: &[usize]) -> Vec<usize> {
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    let mut shape = long.to_vec();
    for (size, own) in shape.iter_mut().rev().zip(short.iter().rev()) {
        *size = (*size).max(*own);
    }
    shape
}
