//! Convolutional layers.

use std::ops::Range;

use latentia_tensor::{Accumulate, Convolution, MatrixMut, MatrixRef, Window, update};

use crate::layer::{Layer, Parameter, ParameterSpec, Pass, Trace};
use crate::{Activation, Initializer, Shape};

/// Which way a [`Conv`] goes through its convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Forward,
    /// From the output's planes to the input's.
    Transposed,
}

/// A convolution, `y = f(w * x + b)`, or a transposed one (Dumoulin and Visin 2016): the gradient of a convolution by its
/// input, which goes from few places to many.
///
/// Planes are `[channels, height, width]`. The weight is `[channels of y, channels of x · kernel]` of a convolution and
/// `[channels of x, channels of y · kernel]` of a transposed one, as PyTorch has them; the bias is `[1, channels of y]`.
#[derive(Clone, Debug)]
pub struct Conv {
    convolution: Convolution,
    way: Way,
    activation: Activation,
    initializer: Initializer,
}

impl Conv {
    /// From planes `[channels, height, width]` to `channels` planes; nothing when the window does not fit them.
    pub fn new(
        input: [usize; 3],
        channels: usize,
        window: Window,
        activation: Activation,
        initializer: Initializer,
    ) -> Option<Self> {
        Some(Self {
            convolution: Convolution::new(input, channels, window)?,
            way: Way::Forward,
            activation,
            initializer,
        })
    }

    /// From planes `input` to planes `output`, which a convolution with `window` would bring back to planes of the input's
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
            way: Way::Transposed,
            activation,
            initializer,
        })
    }

    /// Planes in and planes out.
    fn planes(&self) -> [[usize; 3]; 2] {
        let (input, output) = (self.convolution.input(), self.convolution.output());
        match self.way {
            Way::Forward => [input, output],
            Way::Transposed => [output, input],
        }
    }

    /// Height and width of a plane of the output.
    fn plane(&self) -> usize {
        let [_, [_, height, width]] = self.planes();
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
        let kind = match self.way {
            Way::Forward => "conv",
            Way::Transposed => "transposed conv",
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
        self.planes()[0].iter().product()
    }

    fn outputs(&self) -> usize {
        self.planes()[1].iter().product()
    }

    fn shape(&self) -> Shape {
        Shape::Planes(self.planes()[1])
    }

    fn filter(&self) -> Option<[usize; 3]> {
        let [channels, ..] = self.convolution.input();
        let [height, width] = self.convolution.window().kernel;
        Some([channels, height, width])
    }

    fn saved(&self) -> usize {
        match self.activation.slope_needs_input() {
            true => self.outputs(),
            false => 0,
        }
    }

    fn scratch(&self) -> usize {
        self.convolution.scratch()
    }

    /// The gradients of the weight and of the bias.
    fn sums(&self) -> usize {
        let [rows, cols] = self.convolution.weight();
        rows * cols + self.planes()[1][0]
    }

    fn work(&self) -> usize {
        self.convolution.work()
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let [rows, cols] = self.convolution.weight();
        let [[inputs, ..], [outputs, ..]] = self.planes();
        let kernel = cols / self.convolution.input()[0];
        let weight = ParameterSpec {
            fans: [inputs * kernel, outputs * kernel],
            ..ParameterSpec::learned("weight", rows, cols, self.initializer)
        };
        let bias = ParameterSpec::learned("bias", 1, outputs, Initializer::Zeros);
        vec![weight, bias]
    }

    fn forward(
        &self,
        parameters: &[Parameter],
        _pass: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        saved: MatrixMut<'_>,
        scratch: &mut [f32],
    ) {
        let [weight, bias] = [&parameters[0].value, &parameters[1].value].map(|m| m.as_slice());
        match self.way {
            Way::Forward => self
                .convolution
                .forward(x, weight, bias, y.reborrow(), scratch),
            Way::Transposed => {
                self.convolution
                    .input_gradient(x, weight, bias, y.reborrow(), scratch);
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
        scratch: &mut [f32],
        sums: &mut [f32],
    ) {
        self.activation
            .backward(dy.reborrow(), trace.y, trace.saved);
        let weight = parameters[0].value.as_slice();
        let (dw, db) = sums.split_at_mut(weight.len());
        let convolution = &self.convolution;
        let dy = dy.as_ref();
        match self.way {
            Way::Forward => convolution.weight_gradient(trace.x, dy, dw, scratch),
            Way::Transposed => convolution.weight_gradient(dy, trace.x, dw, scratch),
        }
        db.fill(0.0);
        for dy in dy.iter_rows() {
            for (db, dy) in db.iter_mut().zip(dy.chunks(self.plane())) {
                *db += latentia_tensor::sum_and_dot(dy, dy)[0] as f32;
            }
        }
        let Some(dx) = dx else { return };
        match self.way {
            Way::Forward => convolution.input_gradient(dy, weight, &[], dx, scratch),
            Way::Transposed => convolution.forward(dy, weight, &[], dx, scratch),
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
        let (dw, db) = trace.sums.split_at(height * cols);
        let own = match index {
            0 => &dw[rows.start * cols..rows.end * cols],
            _ => db,
        };
        match accumulate {
            Accumulate::Replace => out.as_mut_slice().copy_from_slice(own),
            Accumulate::Add => update(out.as_mut_slice(), own, |sum, own| sum + own),
        }
    }
}
