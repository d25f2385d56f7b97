//! Codes of signs.

mod entropy;

use std::sync::Arc;

use latentia_tensor::{MatrixMut, MatrixRef};
use serde::{Deserialize, Serialize};

use super::cut::check_cut;
use crate::Shape;
use crate::graph::{Graph, Operation, Undescribed, Value};
use crate::invalid_spec::{InvalidSpec, require};
use crate::latent::{CodeValues, Latent};
use crate::layer::{BackwardMemory, ForwardMemory, Layer, Memory, Parameter, Pass, Trace};
use crate::likelihood::Likelihood;
use crate::penalty::Penalty;
pub use entropy::SignEntropy;

/// The encoder's output, cut into vectors of which the signs are kept; see [`LookupFreeQuantisedLatent`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LookupFreeQuantised {
    /// Signs in a vector, each a bit of its index; the width of the encoder's output, or its channels, are a multiple of it.
    /// Example: `dimension = 8`
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 16)))]
    pub dimension: usize,
    /// Weight of the squared distance from the encoder's output to its signs: a mean over the code's elements where the
    /// likelihood's loss is a mean over elements, else a sum. Example: `commitment = 0.1`
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    #[serde(default = "commitment")]
    pub commitment: f32,
    /// Weight, in the same unit, of how unsure signs are of an example less how unsure they are over the batch, in nats: it
    /// makes each sign certain, and both alike frequent. Example: `entropy = 0.02`
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    #[serde(default = "entropy")]
    pub entropy: f32,
    /// Temperature `τ` of a sign's probability, `σ(4 x / τ)` of an element `x` of the encoder's output. Example: `temperature = 0.5`
    #[cfg_attr(
        feature = "schema",
        schemars(extend("exclusiveMinimum" = 0))
    )]
    #[serde(default = "temperature")]
    pub temperature: f32,
}

fn commitment() -> f32 {
    0.25
}

fn entropy() -> f32 {
    0.1
}

fn temperature() -> f32 {
    1.0
}

impl Latent for LookupFreeQuantised {
    fn name(&self) -> &'static str {
        "lookup-free-quantised"
    }

    fn check(&self, row: Shape) -> Result<(), InvalidSpec> {
        let Self {
            dimension,
            commitment,
            entropy,
            temperature,
        } = *self;
        require(
            (1..=16).contains(&dimension),
            || format!("has vectors of {dimension} signs"),
            "`dimension` must be from 1 to 16",
        )?;
        check_cut(row, dimension, || {
            format!("vectors of dimension {dimension}")
        })?;
        for (name, weight) in [("commitment", commitment), ("entropy", entropy)] {
            require(
                weight.is_finite() && weight >= 0.0,
                || format!("has {name} {weight}"),
                "it must be finite and at least 0",
            )?;
        }
        require(
            temperature.is_finite() && temperature > 0.0,
            || format!("has temperature {temperature}"),
            "it must be finite and more than 0",
        )
    }

    fn layers(&self, inputs: usize, _samples: usize) -> Vec<Box<dyn Layer>> {
        vec![Box::new(LookupFreeQuantisedLatent::new(
            inputs,
            self.dimension,
        ))]
    }

    fn is_per_position(&self) -> bool {
        true
    }

    fn penalty(&self, width: usize, likelihood: &dyn Likelihood) -> Option<Arc<dyn Penalty>> {
        let elements = match likelihood.is_in_nats_per_example() {
            true => 1.0,
            false => width as f32,
        };
        Some(Arc::new(SignEntropy {
            commitment: self.commitment / elements,
            weight: self.entropy / elements,
            temperature: self.temperature,
            dimension: self.dimension,
        }))
    }

    fn values(&self) -> CodeValues {
        CodeValues::Codebook {
            vectors: 1 << self.dimension,
            dimension: self.dimension,
            codebooks: 1,
        }
    }

    fn quantise(&self, code: &mut [f32]) -> bool {
        code.iter_mut().for_each(|x| *x = sign(*x));
        true
    }

    fn read_indices(&self, saved: &[f32], indices: &mut Vec<u32>) {
        indices.extend(saved.iter().map(|&index| index as u32));
    }

    fn read_code(&self, _parameters: &[Parameter], indices: &[u32], code: &mut [f32]) {
        for (vector, &index) in code.chunks_mut(self.dimension).zip(indices) {
            for (bit, z) in vector.iter_mut().enumerate() {
                *z = if index >> bit & 1 == 1 { 1.0 } else { -1.0 };
            }
        }
    }
}

/// 1 of what is more than 0, else -1. What is not a number must show.
fn sign(x: f32) -> f32 {
    if x.is_nan() {
        x
    } else if x > 0.0 {
        1.0
    } else {
        -1.0
    }
}

/// A row is cut into vectors of `dimension` elements, and each element is replaced by its sign, -1 or 1, of 0 by -1: lookup-free
/// quantisation (Yu et al. 2023, MAGVIT-v2, arXiv 2310.05737). Gradients pass as if it were not.
///
/// There is no codebook that is learned: every vector of signs is a code, and its index is `Σᵢ 2ⁱ [xᵢ > 0]`.
#[derive(Clone, Debug)]
pub struct LookupFreeQuantisedLatent {
    width: usize,
    dimension: usize,
}

impl LookupFreeQuantisedLatent {
    /// Cuts rows of `width` elements, a multiple of `dimension`, which is 16 at most.
    pub fn new(width: usize, dimension: usize) -> Self {
        Self { width, dimension }
    }

    /// Vectors in a row.
    pub fn vectors(&self) -> usize {
        self.width / self.dimension
    }
}

impl Layer for LookupFreeQuantisedLatent {
    fn name(&self) -> String {
        format!(
            "lookup-free-quantised, {} of {} signs",
            self.vectors(),
            self.dimension
        )
    }

    fn inputs(&self) -> usize {
        self.width
    }

    fn output(&self) -> Shape {
        Shape::Flat(self.width)
    }

    /// Saved: the indices of the vectors, `[vectors]`.
    fn memory(&self) -> Memory {
        Memory {
            saved: self.vectors(),
            ..Memory::default()
        }
    }

    fn forward(
        &self,
        _parameters: &[Parameter],
        _pass: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        memory: ForwardMemory<'_>,
    ) {
        let mut saved = memory.saved;
        let rows = y.iter_rows_mut().zip(saved.iter_rows_mut());
        for ((y, indices), x) in rows.zip(x.iter_rows()) {
            let vectors = y.chunks_mut(self.dimension).zip(x.chunks(self.dimension));
            for (index, (z, x)) in indices.iter_mut().zip(vectors) {
                *index = 0.0;
                for (bit, (z, x)) in z.iter_mut().zip(x).enumerate() {
                    *z = sign(*x);
                    if *x > 0.0 {
                        *index += (1 << bit) as f32;
                    }
                }
            }
        }
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
        dx.as_mut_slice().copy_from_slice(dy.as_mut_slice());
    }

    fn describe(
        &self,
        graph: &mut Graph,
        _parameters: &[Parameter],
        inputs: &[Value],
    ) -> Result<Value, Undescribed> {
        let zero = graph.scalar(0.0, inputs[0]);
        let positive = graph.node(Operation::Greater, &[inputs[0], zero]);
        let positive = graph.indicator(positive);
        let twice = graph.times(positive, 2.0);
        let signs = graph.plus(twice, -1.0);
        Ok(graph.flat(signs))
    }
}
