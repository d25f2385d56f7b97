//! Normalisation of one example by itself.

use std::ops::Range;

use latentia_tensor::{Accumulate, MatrixMut, MatrixRef, map, sum_and_dot, update};

use serde::{Deserialize, Serialize};

use super::activation::Activation;
use super::kind::LayerKind;
use super::stack::{LayerStack, refuse};
use crate::Shape;
use crate::graph::{Graph, Operation, Undescribed, Value};
use crate::invalid_spec::InvalidSpec;
use crate::layer::{
    BackwardMemory, ForwardMemory, Layer, Memory, Parameter, ParameterSpec, Pass, Trace,
};

/// [`GroupNorm`] with one group, as a user writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LayerNormSpec {
    /// The function applied to the output. Example: `activation = "relu"`
    #[serde(default)]
    pub activation: Activation,
}

impl LayerKind for LayerNormSpec {
    fn name(&self) -> &'static str {
        "layer-norm"
    }

    fn add_to(&self, stack: &mut LayerStack, _width: usize) -> Result<(), InvalidSpec> {
        stack.add(GroupNorm::new(stack.shape(), 1, self.activation));
        Ok(())
    }

    fn activation(&self) -> Activation {
        self.activation
    }
}

/// A [`GroupNorm`] layer as a user writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GroupNormSpec {
    /// Groups of channels, a divisor of their number. Example: `groups = 4`
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub groups: usize,
    /// The function applied to the output. Example: `activation = "relu"`
    #[serde(default)]
    pub activation: Activation,
}

impl LayerKind for GroupNormSpec {
    fn name(&self) -> &'static str {
        "group-norm"
    }

    fn add_to(&self, stack: &mut LayerStack, _width: usize) -> Result<(), InvalidSpec> {
        let [channels, _] = stack.shape().channels();
        if self.groups == 0 || !channels.is_multiple_of(self.groups) {
            let valid = format!("`groups` must divide the {channels} channels it gets");
            return refuse(format!("has {} groups", self.groups), valid);
        }
        stack.add(GroupNorm::new(stack.shape(), self.groups, self.activation));
        Ok(())
    }

    fn activation(&self) -> Activation {
        self.activation
    }
}

/// Added to a variance before its root is taken.
const EPSILON: f64 = 1e-5;

/// `y = f(γ (x - m) / √(v + 10⁻⁵) + β)` with the mean `m` and the variance `v` of each group of channels of one example (Wu and
/// He 2018). One group for all of a row is layer normalisation (Ba et al. 2016).
///
/// Parameters `gamma` and `beta`, `[1, channels]` each. Of a flat row every element is a channel.
#[derive(Clone, Debug)]
pub struct GroupNorm {
    shape: Shape,
    groups: usize,
    activation: Activation,
}

impl GroupNorm {
    /// Of rows of shape `shape`, whose channels are a multiple of `groups`.
    pub fn new(shape: Shape, groups: usize, activation: Activation) -> Self {
        Self {
            shape,
            groups,
            activation,
        }
    }

    /// Elements in a group.
    fn group(&self) -> usize {
        self.inputs() / self.groups
    }

    /// Channels in a group, and elements of each.
    fn channels(&self) -> [usize; 2] {
        let [channels, positions] = self.shape.channels();
        [channels / self.groups, positions]
    }
}

impl Layer for GroupNorm {
    fn name(&self) -> String {
        let activation = self.activation.name();
        match self.groups {
            1 => format!("layer norm {activation}"),
            groups => format!("group norm, {groups} groups {activation}"),
        }
    }

    fn inputs(&self) -> usize {
        self.shape.elements()
    }

    fn output(&self) -> Shape {
        self.shape
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        ParameterSpec::affine(self.shape.channels()[0]).into()
    }

    /// Saved: what the activation needs, then mean and `1 / √(v + 10⁻⁵)` of each group.
    fn memory(&self) -> Memory {
        Memory {
            saved: self.activation.saved(self.inputs()) + 2 * self.groups,
            partial_sums: 2 * self.shape.channels()[0],
            ..Memory::default()
        }
    }

    fn multiplications(&self) -> usize {
        self.inputs()
    }

    fn forward(
        &self,
        parameters: &[Parameter],
        _pass: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        memory: ForwardMemory<'_>,
    ) {
        let mut saved = memory.saved;
        let [weight, bias] = [&parameters[0].value, &parameters[1].value].map(|m| m.as_slice());
        let [channels, positions] = self.channels();
        let size = self.group();
        let rows = y.iter_rows_mut().zip(saved.iter_rows_mut());
        for ((y, saved), x) in rows.zip(x.iter_rows()) {
            let (z, moments) = saved.split_at_mut(saved.len() - 2 * self.groups);
            let groups = y.chunks_mut(size).zip(x.chunks(size)).enumerate();
            for ((group, (y, x)), moments) in groups.zip(moments.chunks_mut(2)) {
                let [sum, squares] = sum_and_dot(x, x);
                let mean = sum / size as f64;
                let variance = (squares / size as f64 - mean * mean).max(0.0);
                let inverse = 1.0 / (variance + EPSILON).sqrt();
                moments.copy_from_slice(&[mean as f32, inverse as f32]);
                let own = group * channels..(group + 1) * channels;
                let elements = y.chunks_mut(positions).zip(x.chunks(positions));
                let parameters = weight[own.clone()].iter().zip(&bias[own]);
                for ((y, x), (weight, bias)) in elements.zip(parameters) {
                    let factor = f64::from(*weight) * inverse;
                    let shift = (f64::from(*bias) - mean * factor) as f32;
                    let factor = factor as f32;
                    map(y, x, |x| factor * x + shift);
                }
            }
            let width = y.len();
            let z = MatrixMut::new(z, 1, z.len());
            self.activation.apply(MatrixMut::new(y, 1, width), z);
        }
    }

    fn backward(
        &self,
        parameters: &[Parameter],
        trace: Trace<'_>,
        mut dy: MatrixMut<'_>,
        mut dx: Option<MatrixMut<'_>>,
        memory: BackwardMemory<'_>,
    ) {
        let weight = parameters[0].value.as_slice();
        let [channels, positions] = self.channels();
        let size = self.group();
        let mut sums = memory.partial_sums.map(|sums| {
            sums.fill(0.0);
            sums.split_at_mut(weight.len())
        });
        for (row, dz) in dy.iter_rows_mut().enumerate() {
            let (x, y, saved) = (trace.x.row(row), trace.y.row(row), trace.saved.row(row));
            let (z, moments) = saved.split_at(saved.len() - 2 * self.groups);
            let width = dz.len();
            self.activation.backward(
                MatrixMut::new(dz, 1, width),
                MatrixRef::new(y, 1, width),
                MatrixRef::new(z, 1, z.len()),
            );
            for (group, moments) in moments.chunks(2).enumerate() {
                let [mean, inverse] = [moments[0], moments[1]].map(f64::from);
                // Sums over the group of γ dz and γ dz x̂.
                let (mut sum, mut product) = (0.0, 0.0);
                let first = group * channels;
                for channel in first..first + channels {
                    let elements = channel * positions..(channel + 1) * positions;
                    let [own, own_product] = sum_and_dot(&dz[elements.clone()], &x[elements]);
                    let own_product = inverse * (own_product - mean * own);
                    if let Some((products, plain)) = &mut sums {
                        plain[channel] += own as f32;
                        products[channel] += own_product as f32;
                    }
                    sum += f64::from(weight[channel]) * own;
                    product += f64::from(weight[channel]) * own_product;
                }
                let Some(dx) = &mut dx else { continue };
                let count = size as f64;
                let x_factor = -inverse * inverse * product / count;
                let shift = (-inverse * sum / count - x_factor * mean) as f32;
                let x_factor = x_factor as f32;
                let weights = weight[first..first + channels].iter();
                for (channel, weight) in (first..).zip(weights) {
                    let elements = channel * positions..(channel + 1) * positions;
                    let factor = (f64::from(*weight) * inverse) as f32;
                    let dx = &mut dx.row_mut(row)[elements.clone()];
                    map(dx, &dz[elements.clone()], |dz| factor * dz + shift);
                    update(dx, &x[elements], |dx, x| dx + x_factor * x);
                }
            }
        }
    }

    fn gradient(
        &self,
        index: usize,
        _rows: Range<usize>,
        trace: Trace<'_>,
        _dz: MatrixRef<'_>,
        accumulate: Accumulate,
        mut out: MatrixMut<'_>,
    ) {
        let (products, plain) = trace.partial_sums.split_at(trace.partial_sums.len() / 2);
        let own = if index == 0 { products } else { plain };
        if accumulate == Accumulate::Replace {
            out.as_mut_slice().fill(0.0);
        }
        for (out, own) in out.as_mut_slice().iter_mut().zip(own) {
            *out += own;
        }
    }

    fn describe(
        &self,
        graph: &mut Graph,
        parameters: &[Parameter],
        inputs: &[Value],
    ) -> Result<Value, Undescribed> {
        let [channels, positions] = self.shape.channels();
        // A group's elements as those of one channel.
        let groups = [self.groups];
        let x = graph.reshape(inputs[0], &[self.groups, self.group()]);
        let one = graph.constant("scale", &groups, vec![1f32; self.groups]);
        let zero = graph.constant("shift", &groups, vec![0f32; self.groups]);
        let epsilon = EPSILON as f32;
        let normal = graph.node(
            Operation::InstanceNormalization { epsilon },
            &[x, one, zero],
        );
        let normal = graph.reshape(normal, &[channels, positions]);
        let [gamma, beta] =
            [0, 1].map(|own: usize| parameters[own].describe(graph, &[channels, 1]));
        let scaled = graph.mul(normal, gamma);
        let y = graph.add(scaled, beta);
        Ok(self.activation.describe(graph, y))
    }
}
