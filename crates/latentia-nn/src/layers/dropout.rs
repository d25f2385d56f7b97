//! Dropout.

use latentia_tensor::{MatrixMut, MatrixRef, update};

use serde::{Deserialize, Serialize};

use super::kind::LayerKind;
use super::stack::{LayerStack, share};
use crate::Shape;
use crate::graph::{Graph, Undescribed, Value};
use crate::invalid_spec::InvalidSpec;
use crate::layer::{BackwardMemory, ForwardMemory, Layer, Memory, Mode, Parameter, Pass, Trace};

/// A [`Dropout`] layer as a user writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DropoutSpec {
    /// Probability that an element is set to zero. Example: `rate = 0.2`
    #[cfg_attr(feature = "schema", schemars(range(min = 0), extend("exclusiveMaximum" = 1)))]
    pub rate: f32,
}

impl LayerKind for DropoutSpec {
    fn name(&self) -> &'static str {
        "dropout"
    }

    fn is_random(&self) -> bool {
        true
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    fn add_to(&self, stack: &mut LayerStack, _width: usize) -> Result<(), InvalidSpec> {
        share("rate", self.rate)?;
        stack.add(Dropout::new(stack.shape(), self.rate));
        Ok(())
    }
}

/// In training, each element is set to zero with probability `rate` and divided by `1 - rate` otherwise, so that the mean
/// stays; in evaluation, `y = x` (Srivastava et al. 2014).
#[derive(Clone, Debug)]
pub struct Dropout {
    shape: Shape,
    rate: f32,
}

impl Dropout {
    /// Dropout of rows of shape `shape`, with `rate` in `[0, 1)`.
    pub fn new(shape: Shape, rate: f32) -> Self {
        Self { shape, rate }
    }
}

impl Layer for Dropout {
    fn name(&self) -> String {
        format!("dropout {}", self.rate)
    }

    fn inputs(&self) -> usize {
        self.shape.elements()
    }

    fn output(&self) -> Shape {
        self.shape
    }

    /// Saved: the factor of each element.
    fn memory(&self) -> Memory {
        Memory {
            saved: self.shape.elements(),
            ..Memory::default()
        }
    }

    fn forward(
        &self,
        _parameters: &[Parameter],
        pass: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        memory: ForwardMemory<'_>,
    ) {
        let mut saved = memory.saved;
        y.as_mut_slice().copy_from_slice(x.span());
        if pass.mode != Mode::Train {
            return saved.as_mut_slice().fill(1.0);
        }
        let (rate, scale) = (self.rate, 1.0 / (1.0 - self.rate));
        for (row, factors) in (pass.first_row..).zip(saved.iter_rows_mut()) {
            pass.noise.uniform(row, factors);
            for factor in factors {
                *factor = if *factor < rate { 0.0 } else { scale };
            }
        }
        update(y.as_mut_slice(), saved.as_ref().span(), |y, factor| {
            y * factor
        });
    }

    fn backward(
        &self,
        _parameters: &[Parameter],
        trace: Trace<'_>,
        mut dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
        _memory: BackwardMemory<'_>,
    ) {
        let Some(mut dx) = dx else { return };
        dx.as_mut_slice().copy_from_slice(dy.as_mut_slice());
        update(dx.as_mut_slice(), trace.saved.span(), |d, factor| {
            d * factor
        });
    }

    fn describe(
        &self,
        _graph: &mut Graph,
        _parameters: &[Parameter],
        inputs: &[Value],
    ) -> Result<Value, Undescribed> {
        Ok(inputs[0])
    }
}
