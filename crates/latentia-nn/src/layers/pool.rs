//! Pooling: layers that make feature maps smaller without learning.

use latentia_tensor::{MatrixMut, MatrixRef, Pooling, Window};
use serde::{Deserialize, Serialize};

use super::kind::LayerKind;
use super::one_dimension::OneDimension;
use super::sizes::Sizes;
use super::stack::{LayerStack, refuse};
use super::window::{Padding, Padding1d, Size, WindowSpec, by};
use crate::Shape;
use crate::graph::{Graph, Operation, Sliding, Undescribed, Value};
use crate::invalid_spec::InvalidSpec;
use crate::layer::{BackwardMemory, ForwardMemory, Layer, Memory, Parameter, Pass, Trace};

/// A [`Pool`] of maxima as a user writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MaxPoolSpec {
    /// Elements in the window: one number, or `[down, across]`. Example: `size = 2`
    #[cfg_attr(feature = "schema", schemars(extend("minimum" = 1, "items" = { "minimum": 1 })))]
    pub size: Size,
    /// Elements by which the window moves; left out, by its size. Example: `stride = 1`
    #[cfg_attr(feature = "schema", schemars(extend("minimum" = 1, "items" = { "minimum": 1 })))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<Size>,
    /// Positions around a feature map that count for nothing. Example: `padding = "same"`
    #[serde(default = "Padding::valid")]
    pub padding: Padding,
}

impl MaxPoolSpec {
    fn window(&self) -> WindowSpec {
        window(self.size, self.stride, self.padding)
    }
}

impl LayerKind for MaxPoolSpec {
    fn name(&self) -> &'static str {
        "max-pool"
    }

    fn add_to(&self, stack: &mut LayerStack, _width: usize) -> Result<(), InvalidSpec> {
        add_pool(stack, self.window(), Pooled::Max)
    }

    fn sizes(&self, axis: usize, size: Option<usize>) -> Option<Sizes> {
        size.map(|size| self.window().sizes(axis, size))
    }

    fn needs_feature_maps(&self) -> bool {
        true
    }
}

/// A [`Pool`] of means as a user writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AveragePoolSpec {
    /// Elements in the window: one number, or `[down, across]`. Example: `size = 2`
    #[cfg_attr(feature = "schema", schemars(extend("minimum" = 1, "items" = { "minimum": 1 })))]
    pub size: Size,
    /// Elements by which the window moves; left out, by its size. Example: `stride = 1`
    #[cfg_attr(feature = "schema", schemars(extend("minimum" = 1, "items" = { "minimum": 1 })))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<Size>,
    /// Positions around a feature map that count for nothing. Example: `padding = "same"`
    #[serde(default = "Padding::valid")]
    pub padding: Padding,
}

impl AveragePoolSpec {
    fn window(&self) -> WindowSpec {
        window(self.size, self.stride, self.padding)
    }
}

impl LayerKind for AveragePoolSpec {
    fn name(&self) -> &'static str {
        "average-pool"
    }

    fn add_to(&self, stack: &mut LayerStack, _width: usize) -> Result<(), InvalidSpec> {
        add_pool(stack, self.window(), Pooled::Average)
    }

    fn sizes(&self, axis: usize, size: Option<usize>) -> Option<Sizes> {
        size.map(|size| self.window().sizes(axis, size))
    }

    fn needs_feature_maps(&self) -> bool {
        true
    }
}

/// A [`Pool`] of maxima of a series as a user writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MaxPool1dSpec {
    /// Steps in the window. Example: `size = 2`
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub size: usize,
    /// Steps by which the window moves; left out, by its size. Example: `stride = 1`
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<usize>,
    /// Steps before and after the series that count for nothing. Example: `padding = "same"`
    #[serde(default = "Padding1d::valid")]
    pub padding: Padding1d,
}

impl OneDimension for MaxPool1dSpec {
    const NAME: &'static str = "max-pool-1d";
    type Planar = MaxPoolSpec;

    fn planar(&self) -> MaxPoolSpec {
        MaxPoolSpec {
            size: Size::along(self.size),
            stride: self.stride.map(Size::along),
            padding: self.padding.into(),
        }
    }
}

/// A [`Pool`] of means of a series as a user writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AveragePool1dSpec {
    /// Steps in the window. Example: `size = 2`
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub size: usize,
    /// Steps by which the window moves; left out, by its size. Example: `stride = 1`
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<usize>,
    /// Steps before and after the series that count for nothing. Example: `padding = "same"`
    #[serde(default = "Padding1d::valid")]
    pub padding: Padding1d,
}

impl OneDimension for AveragePool1dSpec {
    const NAME: &'static str = "average-pool-1d";
    type Planar = AveragePoolSpec;

    fn planar(&self) -> AveragePoolSpec {
        AveragePoolSpec {
            size: Size::along(self.size),
            stride: self.stride.map(Size::along),
            padding: self.padding.into(),
        }
    }
}

fn window(size: Size, stride: Option<Size>, padding: Padding) -> WindowSpec {
    WindowSpec {
        kernel: size,
        stride: stride.unwrap_or(size),
        dilation: Size::one(),
        padding,
    }
}

fn add_pool(stack: &mut LayerStack, window: WindowSpec, pooled: Pooled) -> Result<(), InvalidSpec> {
    let input = stack.feature_maps()?;
    let (window, _) = window.on(&input, stack.sizes)?;
    let Some(pool) = Pool::new(input, window, pooled) else {
        let seen = format!("has a padding as wide as its window, {}", by(window.kernel));
        let valid = "the padding must be narrower: a mean of nothing is none";
        return refuse(seen, valid);
    };
    stack.add(pool);
    Ok(())
}

/// What a pooling makes of the elements in its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooled {
    /// The largest; its gradient goes to the first of the largest.
    Max,
    /// The mean of those that are not padding.
    Average,
}

/// The largest element in each window of a feature map, or their mean.
#[derive(Clone, Debug)]
pub struct Pool {
    pooling: Pooling,
    pooled: Pooled,
}

impl Pool {
    /// Of feature maps `[channels, height, width]`; nothing when the window does not fit them.
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

    fn output(&self) -> Shape {
        Shape::feature_maps(self.pooling.output())
    }

    /// Saved: which element of its window is the largest.
    fn memory(&self) -> Memory {
        Memory {
            saved: match self.pooled {
                Pooled::Max => self.output().elements(),
                Pooled::Average => 0,
            },
            ..Memory::default()
        }
    }

    fn forward(
        &self,
        _parameters: &[Parameter],
        _pass: Pass<'_>,
        x: MatrixRef<'_>,
        y: MatrixMut<'_>,
        memory: ForwardMemory<'_>,
    ) {
        match self.pooled {
            Pooled::Max => self.pooling.max(x, y, memory.saved),
            Pooled::Average => self.pooling.average(x, y),
        }
    }

    fn backward(
        &self,
        _parameters: &[Parameter],
        trace: Trace<'_>,
        dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
        _memory: BackwardMemory<'_>,
    ) {
        let Some(dx) = dx else { return };
        match self.pooled {
            Pooled::Max => self.pooling.max_gradient(trace.saved, dy.as_ref(), dx),
            Pooled::Average => self.pooling.average_gradient(dy.as_ref(), dx),
        }
    }

    fn describe(
        &self,
        graph: &mut Graph,
        _parameters: &[Parameter],
        inputs: &[Value],
    ) -> Result<Value, Undescribed> {
        let window = self.pooling.window();
        let [_, height, width] = self.pooling.output();
        let sliding = Sliding {
            window,
            output: [height, width],
        };
        let operation = match self.pooled {
            Pooled::Max => Operation::MaxPool(sliding),
            Pooled::Average => Operation::AveragePool(sliding),
        };
        let x = graph.reshape(inputs[0], &self.pooling.input());
        Ok(graph.node(operation, &[x]))
    }
}
