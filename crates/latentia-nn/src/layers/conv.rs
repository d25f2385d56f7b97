//! Convolutional layers.

use std::ops::Range;

use latentia_tensor::{Accumulate, Convolution, MatrixMut, MatrixRef, Window, update};

use serde::{Deserialize, Serialize};

use super::activation::Activation;
use super::kind::LayerKind;
use super::one_dimension::OneDimension;
use super::sizes::Sizes;
use super::stack::{LayerStack, too_large};
use super::window::{Padding, Padding1d, Size, WindowSpec, channels_of, one};
use crate::Shape;
use crate::graph::{Graph, Operation, Sliding, Undescribed, Value};
use crate::invalid_spec::InvalidSpec;
use crate::layer::{
    Abilities, BackwardMemory, ForwardMemory, Initializer, Layer, Memory, Parameter, ParameterSpec,
    Pass, Trace,
};

/// A [`Conv`] layer as a user writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ConvSpec {
    /// Feature maps of the output; left out, as many as make the elements that an example has, or that the likelihood asks for
    /// at the end of a decoder. Example: `channels = 16`
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<usize>,
    /// Elements in the window: one number, or `[down, across]`. Example: `kernel = 3`
    #[cfg_attr(feature = "schema", schemars(extend("minimum" = 1, "items" = { "minimum": 1 })))]
    pub kernel: Size,
    /// Elements by which the window moves. Example: `stride = 2`
    #[cfg_attr(feature = "schema", schemars(extend("minimum" = 1, "items" = { "minimum": 1 })))]
    #[serde(default = "Size::one")]
    pub stride: Size,
    /// Zeros around a feature map; `same` gives `⌈size / stride⌉` positions, `fit` in a decoder from those of `valid` to those of `same`.
    /// Example: `padding = 1`
    #[serde(default)]
    pub padding: Padding,
    /// Distance of the window's elements (Yu and Koltun 2016). Example: `dilation = 2`
    #[cfg_attr(feature = "schema", schemars(extend("minimum" = 1, "items" = { "minimum": 1 })))]
    #[serde(default = "Size::one")]
    pub dilation: Size,
    /// The function applied to the output. Example: `activation = "relu"`
    #[serde(default)]
    pub activation: Activation,
    /// How the weight is drawn before training. Example: `initializer = "he"`
    #[serde(default)]
    pub initializer: Initializer,
}

impl ConvSpec {
    fn window(&self) -> WindowSpec {
        WindowSpec {
            kernel: self.kernel,
            stride: self.stride,
            dilation: self.dilation,
            padding: self.padding,
        }
    }
}

impl LayerKind for ConvSpec {
    fn name(&self) -> &'static str {
        "conv"
    }

    fn add_to(&self, stack: &mut LayerStack, width: usize) -> Result<(), InvalidSpec> {
        let input = stack.feature_maps()?;
        let (window, [down, across]) = self.window().on(&input, stack.sizes)?;
        let channels = channels_of(self.channels, width, [down, across])?;
        let conv = Conv::new(input, channels, window, self.activation, self.initializer);
        stack.add(conv.ok_or_else(|| too_large([channels, down, across]))?);
        Ok(())
    }

    fn sizes(&self, axis: usize, size: Option<usize>) -> Option<Sizes> {
        size.map(|size| self.window().sizes(axis, size))
    }

    fn activation(&self) -> Activation {
        self.activation
    }

    fn has_width(&self) -> bool {
        true
    }

    fn set_width(&mut self, width: usize) {
        self.channels = Some(width);
    }

    fn needs_feature_maps(&self) -> bool {
        true
    }
}

/// A [`Conv`] layer on a series as a user writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Conv1dSpec {
    /// Feature maps of the output, left out as of `conv`. Example: `channels = 16`
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<usize>,
    /// Steps in the window. Example: `kernel = 5`
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub kernel: usize,
    /// Steps by which the window moves. Example: `stride = 2`
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    #[serde(default = "one")]
    pub stride: usize,
    /// Zeros before and after the series; named as of `conv`. Example: `padding = 2`
    #[serde(default)]
    pub padding: Padding1d,
    /// Distance of the window's steps (Yu and Koltun 2016). Example: `dilation = 2`
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    #[serde(default = "one")]
    pub dilation: usize,
    /// The function applied to the output. Example: `activation = "relu"`
    #[serde(default)]
    pub activation: Activation,
    /// How the weight is drawn before training. Example: `initializer = "he"`
    #[serde(default)]
    pub initializer: Initializer,
}

impl OneDimension for Conv1dSpec {
    const NAME: &'static str = "conv-1d";
    type Planar = ConvSpec;

    fn planar(&self) -> ConvSpec {
        ConvSpec {
            channels: self.channels,
            kernel: Size::along(self.kernel),
            stride: Size::along(self.stride),
            padding: self.padding.into(),
            dilation: Size::along(self.dilation),
            activation: self.activation,
            initializer: self.initializer,
        }
    }

    fn set_channels(&mut self, channels: usize) {
        self.channels = Some(channels);
    }
}

/// Which way a [`Conv`] goes through its convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Forward,
    /// From the output's feature maps to the input's.
    Transposed,
}

/// A convolution, `y = f(w * x + b)`, or a transposed one (Dumoulin and Visin 2016): the gradient of a convolution with respect to its
/// input, which goes from few positions to many.
///
/// Feature maps are `[channels, height, width]`. The weight is `[channels of y, channels of x · kernel]` of a convolution and
/// `[channels of x, channels of y · kernel]` of a transposed one, as PyTorch has them; the bias is `[1, channels of y]`.
#[derive(Clone, Debug)]
pub struct Conv {
    convolution: Convolution,
    direction: Direction,
    activation: Activation,
    initializer: Initializer,
}

impl Conv {
    /// From feature maps `[channels, height, width]` to `channels` feature maps; nothing when the window does not fit them.
    pub fn new(
        input: [usize; 3],
        channels: usize,
        window: Window,
        activation: Activation,
        initializer: Initializer,
    ) -> Option<Self> {
        Some(Self {
            convolution: Convolution::new(input, channels, window)?,
            direction: Direction::Forward,
            activation,
            initializer,
        })
    }

    /// From feature maps `input` to `output`, which a convolution with `window` would bring back to feature maps of the input's
    /// size; nothing when it would not.
    pub fn transposed(
        input: [usize; 3],
        output: [usize; 3],
        window: Window,
        activation: Activation,
        initializer: Initializer,
    ) -> Option<Self> {
        let convolution = Convolution::new(output, input[0], window)?;
        (convolution.output() == input).then_some(Self {
            convolution,
            direction: Direction::Transposed,
            activation,
            initializer,
        })
    }

    /// Feature maps in and out.
    fn feature_maps(&self) -> [[usize; 3]; 2] {
        let (input, output) = (self.convolution.input(), self.convolution.output());
        match self.direction {
            Direction::Forward => [input, output],
            Direction::Transposed => [output, input],
        }
    }

    /// Positions of a feature map of the output.
    fn positions(&self) -> usize {
        let [_, [_, height, width]] = self.feature_maps();
        height * width
    }
}

impl Layer for Conv {
    fn name(&self) -> String {
        let Window {
            kernel,
            stride,
            dilation,
            ..
        } = self.convolution.window();
        let kind = match self.direction {
            Direction::Forward => "conv",
            Direction::Transposed => "transposed conv",
        };
        let mut name = format!("{kind} {}x{}", kernel[0], kernel[1]);
        for (what, [down, across]) in [("stride", stride), ("dilation", dilation)] {
            match down == across {
                true if down == 1 => {}
                true => name += &format!(" {what} {down}"),
                false => name += &format!(" {what} {down}x{across}"),
            }
        }
        format!("{name} {}", self.activation.name())
    }

    fn inputs(&self) -> usize {
        self.feature_maps()[0].iter().product()
    }

    fn output(&self) -> Shape {
        Shape::feature_maps(self.feature_maps()[1])
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let [rows, cols] = self.convolution.weight();
        let [[inputs, ..], [outputs, ..]] = self.feature_maps();
        let kernel = cols / self.convolution.input()[0];
        let weight = ParameterSpec {
            fans: [inputs * kernel, outputs * kernel],
            ..ParameterSpec::weight(rows, cols, self.initializer)
        };
        vec![weight, ParameterSpec::bias(outputs)]
    }

    /// Partial sums: the gradients of the weight and of the bias.
    fn memory(&self) -> Memory {
        let ([rows, cols], output) = (self.convolution.weight(), self.feature_maps()[1]);
        Memory {
            saved: self.activation.saved(output.iter().product()),
            workspace: self.convolution.workspace(),
            partial_sums: rows * cols + output[0],
        }
    }

    fn multiplications(&self) -> usize {
        self.convolution.work()
    }

    fn abilities(&self) -> Abilities<'_> {
        let [channels, ..] = self.convolution.input();
        let [height, width] = self.convolution.window().kernel;
        Abilities {
            filter: Some([channels, height, width]),
            ..Abilities::default()
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
        let ForwardMemory { saved, workspace } = memory;
        let [weight, bias] = [&parameters[0].value, &parameters[1].value].map(|m| m.as_slice());
        match self.direction {
            Direction::Forward => {
                self.convolution
                    .forward(x, weight, bias, y.reborrow(), workspace)
            }
            Direction::Transposed => {
                self.convolution
                    .input_gradient(x, weight, bias, y.reborrow(), workspace);
            }
        }
        self.activation.apply(y, saved);
    }

    fn backward(
        &self,
        parameters: &[Parameter],
        trace: Trace<'_>,
        mut dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
        memory: BackwardMemory<'_>,
    ) {
        let BackwardMemory {
            partial_sums,
            workspace,
        } = memory;
        self.activation
            .backward(dy.reborrow(), trace.y, trace.saved);
        let weight = parameters[0].value.as_slice();
        let convolution = &self.convolution;
        let dy = dy.as_ref();
        if let Some(partial_sums) = partial_sums {
            let (dw, db) = partial_sums.split_at_mut(weight.len());
            match self.direction {
                Direction::Forward => convolution.weight_gradient(trace.x, dy, dw, workspace),
                Direction::Transposed => convolution.weight_gradient(dy, trace.x, dw, workspace),
            }
            db.fill(0.0);
            for dy in dy.iter_rows() {
                for (db, dy) in db.iter_mut().zip(dy.chunks(self.positions())) {
                    *db += latentia_tensor::sum_and_dot(dy, dy)[0] as f32;
                }
            }
        }
        let Some(dx) = dx else { return };
        match self.direction {
            Direction::Forward => convolution.input_gradient(dy, weight, &[], dx, workspace),
            Direction::Transposed => convolution.forward(dy, weight, &[], dx, workspace),
        }
    }

    fn gradient(
        &self,
        index: usize,
        rows: Range<usize>,
        trace: Trace<'_>,
        _dy: MatrixRef<'_>,
        accumulate: Accumulate,
        mut out: MatrixMut<'_>,
    ) {
        let [height, cols] = self.convolution.weight();
        let (dw, db) = trace.partial_sums.split_at(height * cols);
        let own = match index {
            0 => &dw[rows.start * cols..rows.end * cols],
            _ => db,
        };
        match accumulate {
            Accumulate::Replace => out.as_mut_slice().copy_from_slice(own),
            Accumulate::Add => update(out.as_mut_slice(), own, |sum, own| sum + own),
        }
    }

    fn describe(
        &self,
        graph: &mut Graph,
        parameters: &[Parameter],
        inputs: &[Value],
    ) -> Result<Value, Undescribed> {
        let [input, [channels, height, width]] = self.feature_maps();
        let window = self.convolution.window();
        let sliding = Sliding {
            window,
            output: [height, width],
        };
        let operation = match self.direction {
            Direction::Forward => Operation::Conv(sliding),
            Direction::Transposed => Operation::ConvTranspose(sliding),
        };
        let [down, across] = window.kernel;
        let (rows, depth) = (self.convolution.output()[0], self.convolution.input()[0]);
        let x = graph.reshape(inputs[0], &input);
        let weight = parameters[0].describe(graph, &[rows, depth, down, across]);
        let bias = parameters[1].describe(graph, &[channels]);
        let y = graph.node(operation, &[x, weight, bias]);
        Ok(self.activation.describe(graph, y))
    }
}
