//! Nearest-neighbour enlargement.

use latentia_tensor::{MatrixMut, MatrixRef, Upsampling};
use serde::{Deserialize, Serialize};

use super::kind::LayerKind;
use super::one_dimension::OneDimension;
use super::sizes::Sizes;
use super::stack::{LayerStack, positive, too_large};
use super::window::Size;
use crate::Shape;
use crate::graph::{Graph, Operation, Undescribed, Value};
use crate::invalid_spec::InvalidSpec;
use crate::layer::{BackwardMemory, ForwardMemory, Layer, Parameter, Pass, Trace};

/// An [`Upsample`] layer as a user writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct UpsampleSpec {
    /// Copies of each element: one number, or `[down, across]`; fewer at the edges, evenly, where a decoder so ends with the height and
    /// width of an example. Example: `factor = 2`
    #[cfg_attr(feature = "schema", schemars(extend("minimum" = 1, "items" = { "minimum": 1 })))]
    pub factor: Size,
}

impl LayerKind for UpsampleSpec {
    fn name(&self) -> &'static str {
        "upsample"
    }

    fn add_to(&self, stack: &mut LayerStack, _width: usize) -> Result<(), InvalidSpec> {
        let input = stack.feature_maps()?;
        let factor: [usize; 2] = self.factor.into();
        factor.into_iter().try_for_each(|n| positive("factor", n))?;
        let [channels, ..] = input;
        let whole = [0, 1].map(|axis| input[axis + 1].saturating_mul(factor[axis]));
        let [height, width] = stack.sizes.unwrap_or(whole);
        let output = [channels, height, width];
        let fits = Shape::feature_maps(output).elements() < 1 << 31;
        let layer = Upsample::new(input, factor, [height, width]).filter(|_| fits);
        stack.add(layer.ok_or_else(|| too_large(output))?);
        Ok(())
    }

    fn sizes(&self, axis: usize, size: Option<usize>) -> Option<Sizes> {
        let factor = <[usize; 2]>::from(self.factor)[axis];
        size.map(|size| {
            let most = size.saturating_mul(factor);
            Sizes {
                least: most.saturating_sub(factor.saturating_sub(1)),
                written: most,
                most,
            }
        })
    }

    fn needs_feature_maps(&self) -> bool {
        true
    }
}

/// An [`Upsample`] layer on a series as a user writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Upsample1dSpec {
    /// Copies of each step; fewer at the ends, evenly, where a decoder so ends with the length of an example. Example: `factor = 2`
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub factor: usize,
}

impl OneDimension for Upsample1dSpec {
    const NAME: &'static str = "upsample-1d";
    type Planar = UpsampleSpec;

    fn planar(&self) -> UpsampleSpec {
        UpsampleSpec {
            factor: Size::along(self.factor),
        }
    }
}

/// Each element becomes a block of `factor` copies of it (nearest neighbour), of which those at the edges may be cut.
#[derive(Clone, Debug)]
pub struct Upsample {
    input: [usize; 3],
    upsampling: Upsampling,
}

impl Upsample {
    /// Of feature maps `[channels, height, width]`, by `[down, across]`, to the height and width `output`; nothing when these are
    /// larger than all blocks, or smaller by a block.
    pub fn new(input: [usize; 3], factor: [usize; 2], output: [usize; 2]) -> Option<Self> {
        let [_, height, width] = input;
        let upsampling = Upsampling::new([height, width], factor, output)?;
        Some(Self { input, upsampling })
    }
}

impl Layer for Upsample {
    fn name(&self) -> String {
        let [down, across] = self.upsampling.factor();
        format!("upsample {down}x{across}")
    }

    fn inputs(&self) -> usize {
        Shape::feature_maps(self.input).elements()
    }

    fn output(&self) -> Shape {
        let [height, width] = self.upsampling.output();
        Shape::feature_maps([self.input[0], height, width])
    }

    fn forward(
        &self,
        _parameters: &[Parameter],
        _pass: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        _memory: ForwardMemory<'_>,
    ) {
        self.upsampling.forward(x.span(), y.as_mut_slice());
    }

    fn backward(
        &self,
        _parameters: &[Parameter],
        _trace: Trace<'_>,
        dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
        _memory: BackwardMemory<'_>,
    ) {
        let Some(mut dx) = dx else { return };
        self.upsampling
            .gradient(dy.as_ref().span(), dx.as_mut_slice());
    }

    fn describe(
        &self,
        graph: &mut Graph,
        _parameters: &[Parameter],
        inputs: &[Value],
    ) -> Result<Value, Undescribed> {
        let mut x = graph.reshape(inputs[0], &self.input);
        x = graph.node(Operation::Resize(self.upsampling.factor()), &[x]);
        let (before, output) = (self.upsampling.before(), self.upsampling.output());
        for (axis, (before, size)) in (1..).zip(before.into_iter().zip(output)) {
            if graph.shape(x)[axis] != size {
                x = graph.node(Operation::Slice(axis, [before, before + size]), &[x]);
            }
        }
        Ok(x)
    }
}
