//! The order of channels and positions.

use latentia_tensor::{MatrixMut, MatrixRef, transpose};

use crate::Shape;
use crate::graph::{Graph, Operation, Undescribed, Value};
use crate::layer::{BackwardMemory, ForwardMemory, Layer, Parameter, Pass, Trace};

/// Turns channels first into channels last, or back: `[n, channels, positions]` and `[n, positions, channels]`. Picture files
/// have channels last; layers on feature maps have them first.
#[derive(Clone, Debug)]
pub struct Permute {
    feature_maps: [usize; 3],
    /// Feature maps come so many times one after another.
    times: usize,
    first: bool,
}

impl Permute {
    /// From channels last to feature maps `[channels, height, width]`.
    pub fn channels_first(feature_maps: [usize; 3]) -> Self {
        Self {
            feature_maps,
            times: 1,
            first: true,
        }
    }

    /// From feature maps `[times · channels, height, width]` to channels last, `channels` at a time.
    pub fn channels_last(feature_maps: [usize; 3], times: usize) -> Self {
        Self {
            feature_maps,
            times,
            first: false,
        }
    }

    /// `[rows, columns]` of the matrices that are transposed on the way forward.
    fn sizes(&self) -> [usize; 2] {
        let [channels, height, width] = self.feature_maps;
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
        self.feature_maps.iter().product::<usize>() * self.times
    }

    fn output(&self) -> Shape {
        match self.first {
            true => Shape::feature_maps(self.feature_maps),
            false => Shape::Flat(self.inputs()),
        }
    }

    fn forward(
        &self,
        _parameters: &[Parameter],
        _pass: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        _memory: ForwardMemory<'_>,
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
        _memory: BackwardMemory<'_>,
    ) {
        let Some(mut dx) = dx else { return };
        let [rows, cols] = self.sizes();
        let size = (rows * cols).max(1);
        let matrices = dy.as_mut_slice().chunks(size);
        let matrices = matrices.zip(dx.as_mut_slice().chunks_mut(size));
        matrices.for_each(|(dy, dx)| transpose(dy, cols, rows, dx));
    }

    fn describe(
        &self,
        graph: &mut Graph,
        _parameters: &[Parameter],
        inputs: &[Value],
    ) -> Result<Value, Undescribed> {
        let [rows, cols] = self.sizes();
        let x = graph.reshape(inputs[0], &[self.times, rows, cols]);
        let turned = graph.node(Operation::Transpose(vec![0, 2, 1]), &[x]);
        Ok(graph.flat(turned))
    }
}
