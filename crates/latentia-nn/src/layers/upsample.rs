//! Nearest-neighbour enlargement.

use latentia_tensor::{MatrixMut, MatrixRef, sum_into_blocks, upsample};
use serde::{Deserialize, Serialize};

use super::kind::LayerKind;
use super::stack::{LayerStack, positive, too_large};
use super::window::Size;
use crate::Shape;
use crate::invalid_spec::InvalidSpec;
use crate::layer::{BackwardMemory, ForwardMemory, Layer, Parameter, Pass, Trace};

/// An [`Upsample`] layer as a user writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct UpsampleSpec {
    /// Copies of each element: one number, or `[down, across]`. Example: `factor = 2`
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
        let layer = Upsample::new(input, factor);
        if layer.output().elements() >= 1 << 31 {
            return Err(too_large(input));
        }
        stack.add(layer);
        Ok(())
    }

    fn needs_feature_maps(&self) -> bool {
        true
    }
}

/// Each element becomes a block of `factor` copies of it (nearest neighbour).
#[derive(Clone, Debug)]
pub struct Upsample {
    input: [usize; 3],
    factor: [usize; 2],
}

impl Upsample {
    /// Of feature maps `[channels, height, width]`, by `[down, across]`.
    pub fn new(input: [usize; 3], factor: [usize; 2]) -> Self {
        Self { input, factor }
    }
}

impl Layer for Upsample {
    fn name(&self) -> String {
        format!("upsample {}x{}", self.factor[0], self.factor[1])
    }

    fn inputs(&self) -> usize {
        Shape::feature_maps(self.input).elements()
    }

    fn output(&self) -> Shape {
        let [channels, height, width] = self.input;
        let [down, across] = self.factor;
        Shape::FeatureMaps {
            channels,
            height: height.saturating_mul(down),
            width: width.saturating_mul(across),
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
        upsample(x.span(), self.input[2], self.factor, y.as_mut_slice());
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
        let dy = dy.as_ref().span();
        sum_into_blocks(dy, self.input[2], self.factor, dx.as_mut_slice());
    }
}
