//! Layers that make planes smaller or larger without learning.

use latentia_tensor::{MatrixMut, MatrixRef, Pooling, Window, sum_into_blocks, upsample};

use crate::Shape;
use crate::layer::{Layer, Parameter, Pass, Trace};

/// What a pooling makes of the numbers in its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooled {
    /// The largest; its gradient goes to the first of the largest.
    Max,
    /// The mean of those that are not padding.
    Average,
}

/// The largest number in each window of a plane, or their mean.
#[derive(Clone, Debug)]
pub struct Pool {
    pooling: Pooling,
    pooled: Pooled,
}

impl Pool {
    /// Of planes `[channels, height, width]`; nothing when the window does not fit them.
    pub fn new(input: [usize; 3], window: Window, pooled: Pooled) -> Option<Self> {
        let pooling = Pooling::new(input, window)?;
        Some(Self { pooling, pooled })
    }
}

impl Layer for Pool {
    fn name(&self) -> String {
        let [down, across] = self.pooling.window().kernel;
        let kind = match self.pooled {
            Pooled::Max => "max",
            Pooled::Average => "average",
        };
        format!("{kind} pool {down}x{across}")
    }

    fn inputs(&self) -> usize {
        self.pooling.input().iter().product()
    }

    fn outputs(&self) -> usize {
        self.pooling.output().iter().product()
    }

    fn shape(&self) -> Shape {
        Shape::Planes(self.pooling.output())
    }

    /// Which number of its window is the largest.
    fn saved(&self) -> usize {
        match self.pooled {
            Pooled::Max => self.outputs(),
            Pooled::Average => 0,
        }
    }

    fn forward(
        &self,
        _parameters: &[Parameter],
        _pass: Pass<'_>,
        x: MatrixRef<'_>,
        y: MatrixMut<'_>,
        saved: MatrixMut<'_>,
        _scratch: &mut [f32],
    ) {
        match self.pooled {
            Pooled::Max => self.pooling.max(x, y, saved),
            Pooled::Average => self.pooling.average(x, y),
        }
    }

    fn backward(
        &self,
        _parameters: &[Parameter],
        trace: Trace<'_>,
        dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
        _scratch: &mut [f32],
        _sums: &mut [f32],
    ) {
        let Some(dx) = dx else { return };
        match self.pooled {
            Pooled::Max => self.pooling.max_gradient(trace.saved, dy.as_ref(), dx),
            Pooled::Average => self.pooling.average_gradient(dy.as_ref(), dx),
        }
    }
}

/// Each number becomes a block of `factor` numbers that are like it (nearest neighbour).
#[derive(Clone, Debug)]
pub struct Upsample {
    input: [usize; 3],
    factor: [usize; 2],
}

impl Upsample {
    /// Of planes `[channels, height, width]`, by `[down, across]`.
    pub fn new(input: [usize; 3], factor: [usize; 2]) -> Self {
        Self { input, factor }
    }
}

impl Layer for Upsample {
    fn name(&self) -> String {
        format!("upsample {}x{}", self.factor[0], self.factor[1])
    }

    fn inputs(&self) -> usize {
        Shape::Planes(self.input).numbers()
    }

    fn outputs(&self) -> usize {
        self.shape().numbers()
    }

    fn shape(&self) -> Shape {
        let [channels, height, width] = self.input;
        let [down, across] = self.factor;
        Shape::Planes([
            channels,
            height.saturating_mul(down),
            width.saturating_mul(across),
        ])
    }

    fn forward(
        &self,
        _parameters: &[Parameter],
        _pass: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        _saved: MatrixMut<'_>,
        _scratch: &mut [f32],
    ) {
        upsample(x.span(), self.input[2], self.factor, y.as_mut_slice());
    }

    fn backward(
        &self,
        _parameters: &[Parameter],
        _trace: Trace<'_>,
        dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
        _scratch: &mut [f32],
        _sums: &mut [f32],
    ) {
        let Some(mut dx) = dx else { return };
        let dy = dy.as_ref().span();
        sum_into_blocks(dy, self.input[2], self.factor, dx.as_mut_slice());
    }
}
