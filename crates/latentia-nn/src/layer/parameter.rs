//! What a layer learns, or keeps as statistics.

use latentia_tensor::Matrix;

use super::initializer::Initializer;
use super::packed_weight::PackedWeight;
use crate::graph::{Graph, Value};

/// What a parameter does in its layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterRole {
    /// It multiplies the input.
    Weight,
    /// It is added to what the weight makes of the input.
    Bias,
    /// It multiplies what is normalised.
    Scale,
    /// It is added to what is normalised, or stands beside the output.
    Shift,
    /// A statistic of what the layer meets, which the layer keeps itself.
    Statistic,
}

impl ParameterRole {
    /// Whether an optimiser learns it.
    pub fn is_learned(self) -> bool {
        self != Self::Statistic
    }
}

/// A parameter that a layer asks for.
#[derive(Clone, Copy, Debug)]
pub struct ParameterSpec {
    /// What it does.
    pub role: ParameterRole,
    /// Its name in files: `weight` or `bias`, or what else the field calls it.
    pub name: &'static str,
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub cols: usize,
    /// Its initial values.
    pub initializer: Initializer,
    /// How many elements of the input one of the output depends on, and how many of the output one of the input reaches: what
    /// initial values are scaled by.
    pub fans: [usize; 2],
}

impl ParameterSpec {
    /// A parameter of whose rows and columns the fans are.
    pub fn new(
        role: ParameterRole,
        name: &'static str,
        [rows, cols]: [usize; 2],
        initializer: Initializer,
    ) -> Self {
        Self {
            role,
            name,
            rows,
            cols,
            initializer,
            fans: [rows, cols],
        }
    }

    /// A weight `[rows, cols]`.
    pub fn weight(rows: usize, cols: usize, initializer: Initializer) -> Self {
        Self::new(ParameterRole::Weight, "weight", [rows, cols], initializer)
    }

    /// A bias `[1, outputs]`, which begins at zero.
    pub fn bias(outputs: usize) -> Self {
        Self::new(
            ParameterRole::Bias,
            "bias",
            [1, outputs],
            Initializer::Zeros,
        )
    }

    /// Scale `gamma` and shift `beta` of a normalisation, `[1, channels]` each.
    pub fn affine(channels: usize) -> [Self; 2] {
        let parameter = |role, name, initializer| Self::new(role, name, [1, channels], initializer);
        [
            parameter(ParameterRole::Scale, "gamma", Initializer::Ones),
            parameter(ParameterRole::Shift, "beta", Initializer::Zeros),
        ]
    }

    /// A statistic that the layer keeps.
    pub fn statistic(name: &'static str, shape: [usize; 2], initializer: Initializer) -> Self {
        Self::new(ParameterRole::Statistic, name, shape, initializer)
    }
}

/// A matrix that is learned, or that a layer keeps as a statistic.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// What it does.
    pub role: ParameterRole,
    /// Its name in files: `weight` or `bias`, or what else the field calls it.
    pub name: &'static str,
    /// Its values.
    pub value: Matrix,
    /// The same, laid out for products: during the first loop of a training step, where the layer
    /// [asks for it](super::Abilities::multiplied_by) and it pays.
    pub packed: Option<PackedWeight>,
}

impl Parameter {
    /// Whether an optimiser learns it.
    pub fn is_learned(&self) -> bool {
        self.role.is_learned()
    }

    /// Adds it to `graph` as a constant of the part that is being described, an array of `shape`.
    pub fn describe(&self, graph: &mut Graph, shape: &[usize]) -> Value {
        graph.constant(self.name, shape, self.value.as_slice().to_vec())
    }
}
