//! Codes of vectors from a codebook, or of sums of one vector from each of several.

mod commitment;
mod layer;
mod running_means;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::cut::check_cut;
use crate::Shape;
use crate::invalid_spec::{InvalidSpec, require};
use crate::latent::{CodeValues, Latent};
use crate::layer::{Layer, Parameter};
use crate::likelihood::Likelihood;
use crate::penalty::Penalty;
pub use commitment::Commitment;
pub use layer::VectorQuantisedLatent;

/// Codebooks of a residual code, at most.
const MOST_CODEBOOKS: usize = 64;

/// The encoder's output, cut into vectors that are replaced by the nearest of a codebook; see [`VectorQuantisedLatent`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct VectorQuantised {
    /// Vectors in a codebook. Example: `codebook = 128`
    #[cfg_attr(feature = "schema", schemars(range(min = 2, max = 65536)))]
    pub codebook: usize,
    /// Codebooks one after another, each of which quantises what those before it left over: residual vector quantisation
    /// (Zeghidour et al. 2021, arXiv 2107.03312). A vector takes as many indices, and is the sum of what they stand for.
    /// Example: `codebooks = 4`
    #[cfg_attr(
        feature = "schema",
        schemars(range(min = 1, max = 64), !skip_serializing_if)
    )]
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub codebooks: usize,
    /// Elements in a vector; the width of the encoder's output, or its channels, are a multiple of it.
    /// Example: `dimension = 16`
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub dimension: usize,
    /// Weight of the squared distance from the encoder's output to its vectors: a mean over the code's elements where the
    /// likelihood's loss is a mean over elements, else a sum. Of several codebooks the distances that each leaves are added.
    /// Example: `commitment = 0.1`
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    #[serde(default = "commitment")]
    pub commitment: f32,
    /// Decay a step of the running means that a codebook is made of. Example: `decay = 0.95`
    #[cfg_attr(feature = "schema", schemars(range(min = 0), extend("exclusiveMaximum" = 1)))]
    #[serde(default = "decay")]
    pub decay: f32,
}

fn one() -> usize {
    1
}

/// A file of a model with one codebook is what it was before there were several.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_one(codebooks: &usize) -> bool {
    *codebooks == 1
}

fn commitment() -> f32 {
    0.25
}

fn decay() -> f32 {
    0.99
}

impl Latent for VectorQuantised {
    fn name(&self) -> &'static str {
        "vector-quantised"
    }

    fn check(&self, row: Shape) -> Result<(), InvalidSpec> {
        let Self {
            codebook,
            codebooks,
            dimension,
            commitment,
            decay,
        } = *self;
        require(
            (2..=1 << 16).contains(&codebook),
            || format!("has a codebook of {codebook}"),
            "it must be from 2 to 65,536",
        )?;
        require(
            (1..=MOST_CODEBOOKS).contains(&codebooks),
            || format!("has {codebooks} codebooks"),
            "there must be from 1 to 64",
        )?;
        check_cut(row, dimension, || {
            format!("vectors of dimension {dimension}")
        })?;
        require(
            commitment.is_finite() && commitment >= 0.0,
            || format!("has commitment {commitment}"),
            "it must be finite and at least 0",
        )?;
        require(
            (0.0..1.0).contains(&decay),
            || format!("has decay {decay}"),
            "it must be at least 0 and less than 1",
        )
    }

    fn layers(&self, inputs: usize, _samples: usize) -> Vec<Box<dyn Layer>> {
        let (codebook, dimension) = (self.codebook, self.dimension);
        let layer = VectorQuantisedLatent::new(inputs, codebook, dimension, self.decay);
        vec![Box::new(layer.with_codebooks(self.codebooks))]
    }

    fn is_per_position(&self) -> bool {
        true
    }

    fn penalty(&self, width: usize, likelihood: &dyn Likelihood) -> Option<Arc<dyn Penalty>> {
        let elements = match likelihood.is_in_nats_per_example() {
            true => 1.0,
            false => width as f32,
        };
        let weight = self.commitment / elements;
        Some(Arc::new(Commitment {
            weight,
            codebooks: self.codebooks,
        }))
    }

    fn values(&self) -> CodeValues {
        CodeValues::Codebook {
            vectors: self.codebook,
            dimension: self.dimension,
            codebooks: self.codebooks,
        }
    }

    fn read_indices(&self, saved: &[f32], indices: &mut Vec<u32>) {
        let of_vector = 2 * self.codebooks + (self.codebooks - 1) * self.dimension;
        let vectors = saved.len() / of_vector;
        let saved = &saved[..vectors * self.codebooks];
        indices.extend(saved.iter().map(|&index| index as u32));
    }

    fn read_code(&self, parameters: &[Parameter], indices: &[u32], code: &mut [f32]) {
        let rows = &parameters[0].value;
        let indices = indices.chunks(self.codebooks);
        for (vector, indices) in code.chunks_mut(self.dimension).zip(indices) {
            for (stage, &index) in indices.iter().enumerate() {
                let row = rows.row(stage * self.codebook + index as usize);
                match stage {
                    0 => vector.copy_from_slice(row),
                    _ => vector.iter_mut().zip(row).for_each(|(sum, e)| *sum += e),
                }
            }
        }
    }
}
