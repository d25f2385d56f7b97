//! The order of channels and places.

use latentia_tensor::{MatrixMut, MatrixRef, transpose};

use crate::Shape;
use crate::layer::{Layer, Parameter, Pass, Trace};

/// Turns planes one after another into places one after another, or back: `[n, channels, places]` and `[n, places, channels]`.
/// Picture files have channels last; layers of planes have them first.
#[derive(Clone, Debug)]
pub struct Permute {
    planes: [usize; 3],
    /// Planes come so many times one after another.
    times: usize,
    first: bool,
}

impl Permute {
    /// From channels last to planes `[channels, height, width]`.
    pub fn channels_first(planes: [usize; 3]) -> Self {
        Self {
            planes,
            times: 1,
            first: true,
        }
    }

    /// From planes `[times · channels, height, width]` to channels last, `channels` at a time.
    pub fn channels_last(planes: [usize; 3], times: usize) -> Self {
        Self {
            planes,
            times,
            first: false,
        }
    }

    /// `[rows, columns]` of the matrices that are transposed on the way forward.
    fn sizes(&self) -> [usize; 2] {
        let [channels, height, width] = self.planes;
        match self.first {
            true => [height * width, channels],
            false => [channels, height * width],
        }
    }
}

impl Layer for Permute {
    fn name(&self) -> String {
        match self.first {
            true => "channels first".into(),
            false => "channels last".into(),
        }
    }

    fn inputs(&self) -> usize {
        self.planes.iter().product::<usize>() * self.times
    }

    fn outputs(&self) -> usize {
        self.inputs()
    }

    fn shape(&self) -> Shape {
        match self.first {
            true => Shape::Planes(self.planes),
            false => Shape::Flat(self.outputs()),
        }
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
        let [rows, cols] = self.sizes();
        let size = (rows * cols).max(1);
        let matrices = x.span().chunks(size).zip(y.as_mut_slice().chunks_mut(size));
        matrices.for_each(|(x, y)| transpose(x, rows, cols, y));
    }

    fn backward(
        &self,
        _parameters: &[Parameter],
        _trace: Trace<'_>,
        mut dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
        _scratch: &mut [f32],
        _sums: &mut [f32],
    ) {
        let Some(mut dx) = dx else { return };
        let [rows, cols] = self.sizes();
        let size = (rows * cols).max(1);
        let matrices = dy.as_mut_slice().chunks(size);
        let matrices = matrices.zip(dx.as_mut_slice().chunks_mut(size));
        matrices.for_each(|(dy, dx)| transpose(dy, cols, rows, dx));
    }
}
