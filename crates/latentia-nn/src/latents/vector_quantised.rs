//! Codes of vectors from a codebook.

mod commitment;

use std::ops::Range;
use std::sync::Arc;

use latentia_tensor::{Accumulate, MatrixMut, MatrixRef, matmul_nn, transpose};
use serde::{Deserialize, Serialize};

use crate::Shape;
use crate::graph::{Graph, Operation, Undescribed, Value};
use crate::invalid_spec::{InvalidSpec, require};
use crate::latent::{CodeValues, Latent};
use crate::layer::{
    Abilities, BackwardMemory, Batch, ForwardMemory, Initializer, Layer, Memory, Parameter,
    ParameterSpec, Pass, RunningStatistics, Trace,
};
use crate::likelihood::Likelihood;
use crate::optim::Moments;
use crate::penalty::Penalty;
pub use commitment::Commitment;

/// A vector used less than this share of the codebook's mean is dead.
const DEAD: f32 = 0.01;

/// Vectors of a codebook that are compared at once, so that memory does not grow with it.
const PART: usize = 64;

/// The encoder's output, cut into vectors that are replaced by the nearest of a codebook; see [`VectorQuantisedLatent`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct VectorQuantised {
    /// Vectors in the codebook. Example: `codebook = 128`
    #[cfg_attr(feature = "schema", schemars(range(min = 2, max = 65536)))]
    pub codebook: usize,
    /// Elements in a vector; the width of the encoder's output, or its channels, are a multiple of it.
    /// Example: `dimension = 16`
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub dimension: usize,
    /// Weight of the squared distance from the encoder's output to its vectors: a mean over the code's elements where the
    /// likelihood's loss is a mean over elements, else a sum. Example: `commitment = 0.1`
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    #[serde(default = "commitment")]
    pub commitment: f32,
    /// Decay a step of the running means that the codebook is made of. Example: `decay = 0.95`
    #[cfg_attr(feature = "schema", schemars(range(min = 0), extend("exclusiveMaximum" = 1)))]
    #[serde(default = "decay")]
    pub decay: f32,
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
            dimension,
            commitment,
            decay,
        } = *self;
        require(
            (2..=1 << 16).contains(&codebook),
            || format!("has a codebook of {codebook}"),
            "it must be from 2 to 65,536",
        )?;
        // Vectors do not reach over positions.
        let (width, cut) = match row {
            Shape::Flat(width) => (width, format!("{width} elements")),
            Shape::FeatureMaps { channels, .. } => {
                (channels, format!("the {channels} channels of {row}"))
            }
        };
        require(
            dimension > 0 && width.is_multiple_of(dimension),
            || format!("cuts {cut} into vectors of dimension {dimension}"),
            "the width of the encoder's output, or its channels, must be a multiple of it",
        )?;
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
        vec![Box::new(layer)]
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
        Some(Arc::new(Commitment { weight }))
    }

    fn values(&self) -> CodeValues {
        CodeValues::Codebook {
            vectors: self.codebook,
            dimension: self.dimension,
        }
    }

    fn read_indices(&self, saved: &[f32], indices: &mut Vec<u32>) {
        // Behind the indices are the distances.
        let saved = &saved[..saved.len() / 2];
        indices.extend(saved.iter().map(|&index| index as u32));
    }

    fn read_code(&self, parameters: &[Parameter], indices: &[u32], code: &mut [f32]) {
        for (vector, &index) in code.chunks_mut(self.dimension).zip(indices) {
            vector.copy_from_slice(parameters[0].value.row(index as usize));
        }
    }
}

/// A row is cut into vectors of `dimension` elements, each replaced by the nearest of `codebook` vectors; gradients pass as if
/// it were not (van den Oord et al. 2017).
///
/// The codebook is not learned by gradients: each of its vectors is the running mean, by an exponential decay, of what
/// it stood for. A vector used less than a hundredth as often as the mean is dead and begins anew at a random vector of the
/// batch (Dhariwal et al. 2020). Statistics: `codebook` `[codebook, dimension]`, `usage` `[codebook, 1]`, the running mean
/// of how many vectors of a batch each stood for.
#[derive(Clone, Debug)]
pub struct VectorQuantisedLatent {
    width: usize,
    codebook: usize,
    dimension: usize,
    decay: f32,
}

impl VectorQuantisedLatent {
    /// Cuts rows of `width` elements, a multiple of `dimension`, and replaces what it cuts by `codebook` vectors whose running
    /// means decay by `decay` a step.
    pub fn new(width: usize, codebook: usize, dimension: usize, decay: f32) -> Self {
        Self {
            width,
            codebook,
            dimension,
            decay,
        }
    }

    /// Vectors in a row.
    pub fn vectors(&self) -> usize {
        self.width / self.dimension
    }
}

impl Layer for VectorQuantisedLatent {
    fn name(&self) -> String {
        format!(
            "vector-quantised, {} of {} x {}",
            self.vectors(),
            self.codebook,
            self.dimension
        )
    }

    fn inputs(&self) -> usize {
        self.width
    }

    fn output(&self) -> Shape {
        Shape::Flat(self.width)
    }

    /// Saved: the indices of the vectors, `[vectors]`, and their distances, `[vectors]`. Workspace: of a part of the codebook the
    /// squared norms `[part]`, its vectors as columns `[dimension, part]`, and the products `[vectors, part]`.
    fn memory(&self) -> Memory {
        let part = self.codebook.min(PART);
        Memory {
            saved: 2 * self.vectors(),
            workspace: part * (1 + self.dimension + self.vectors()),
            partial_sums: 0,
        }
    }

    fn abilities(&self) -> Abilities<'_> {
        Abilities {
            running_statistics: Some(self),
            ..Abilities::default()
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let statistic = |name, cols, initializer| {
            ParameterSpec::statistic(name, [self.codebook, cols], initializer)
        };
        vec![
            statistic("codebook", self.dimension, Initializer::Glorot),
            statistic("usage", 1, Initializer::Zeros),
        ]
    }

    fn forward(
        &self,
        parameters: &[Parameter],
        _pass: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        memory: ForwardMemory<'_>,
    ) {
        let codebook = &parameters[0].value;
        let (vectors, dimension) = (self.vectors(), self.dimension);
        let ForwardMemory {
            mut saved,
            workspace,
        } = memory;
        for saved in saved.iter_rows_mut() {
            saved[vectors..].fill(f32::INFINITY);
        }
        for first in (0..self.codebook).step_by(PART) {
            let part = PART.min(self.codebook - first);
            let vectors_of_part = &codebook.as_slice()[first * dimension..][..part * dimension];
            let (norms, rest) = workspace.split_at_mut(part);
            let (columns, rest) = rest.split_at_mut(dimension * part);
            let products = &mut rest[..vectors * part];
            for (norm, e) in norms.iter_mut().zip(vectors_of_part.chunks(dimension)) {
                *norm = e.iter().map(|e| e * e).sum();
            }
            transpose(vectors_of_part, part, dimension, columns);
            let columns = MatrixRef::new(columns, dimension, part);
            for (saved, x) in saved.iter_rows_mut().zip(x.iter_rows()) {
                // The product of the way forward: the nearest vector is the same on every machine.
                matmul_nn(
                    MatrixMut::new(products, vectors, part),
                    Accumulate::Replace,
                    MatrixRef::new(x, vectors, dimension),
                    columns,
                );
                let (indices, least) = saved.split_at_mut(vectors);
                let nearest = indices.iter_mut().zip(least);
                for ((index, least), products) in nearest.zip(products.chunks(part)) {
                    // ‖x - e‖² = ‖x‖² + ‖e‖² - 2 x·e; the first is the same for all
                    for (k, (norm, product)) in (first..).zip(norms.iter().zip(products)) {
                        let distance = norm - 2.0 * product;
                        if distance < *least {
                            (*index, *least) = (k as f32, distance);
                        }
                    }
                }
            }
        }
        for (y, saved) in y.iter_rows_mut().zip(saved.iter_rows_mut()) {
            let (indices, least) = saved.split_at_mut(vectors);
            let nearest = indices.iter_mut().zip(least);
            for (y, (index, least)) in y.chunks_mut(dimension).zip(nearest) {
                if *least == f32::INFINITY {
                    // Nothing is near a vector that is not finite; it must show.
                    *index = 0.0;
                    y.fill(f32::NAN);
                } else {
                    y.copy_from_slice(codebook.row(*index as usize));
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

    /// The sum of the vectors that each of the codebook's stood for, or how many they were.
    fn gradient(
        &self,
        index: usize,
        rows: Range<usize>,
        trace: Trace<'_>,
        _dy: MatrixRef<'_>,
        accumulate: Accumulate,
        mut out: MatrixMut<'_>,
    ) {
        if accumulate == Accumulate::Replace {
            out.as_mut_slice().fill(0.0);
        }
        for (x, saved) in trace.x.iter_rows().zip(trace.saved.iter_rows()) {
            for (x, &vector) in x.chunks(self.dimension).zip(saved) {
                let vector = vector as usize;
                if !rows.contains(&vector) {
                    continue;
                }
                let sum = out.row_mut(vector - rows.start);
                match index {
                    0 => sum.iter_mut().zip(x).for_each(|(sum, x)| *sum += x),
                    _ => sum[0] += 1.0,
                }
            }
        }
    }

    fn describe(
        &self,
        graph: &mut Graph,
        parameters: &[Parameter],
        inputs: &[Value],
    ) -> Result<Value, Undescribed> {
        let (vectors, dimension, n) = (self.vectors(), self.dimension, self.codebook);
        let codebook = parameters[0].value.as_slice();
        let mut columns = vec![0.0; codebook.len()];
        transpose(codebook, n, dimension, &mut columns);
        columns.iter_mut().for_each(|x| *x *= -2.0);
        let norm = |e: &[f32]| e.iter().map(|e| e * e).sum::<f32>();
        let norms: Vec<f32> = codebook.chunks(dimension).map(norm).collect();

        // ‖x - e‖² without ‖x‖², which is the same for all
        let x = graph.reshape(inputs[0], &[vectors, dimension]);
        let columns = graph.constant("codebook-columns", &[dimension, n], columns);
        let norms = graph.constant("codebook-norms", &[n], norms);
        let products = graph.node(Operation::MatMul, &[x, columns]);
        let distances = graph.add(products, norms);
        let nearest = graph.node(Operation::ArgMin, &[distances]);
        let codebook = parameters[0].describe(graph, &[n, dimension]);
        let code = graph.node(Operation::Gather(0), &[codebook, nearest]);
        Ok(graph.flat(code))
    }
}

impl RunningStatistics for VectorQuantisedLatent {
    fn update(&self, parameters: &mut [Parameter], sums: &[Moments], batch: &dyn Batch) {
        let [codebook, usage] = parameters else {
            return;
        };
        let (codebook, usage) = (&mut codebook.value, usage.value.as_mut_slice());
        let (vectors, counts) = (&sums[0].gradient, sums[1].gradient.as_slice());
        let (decay, new) = (self.decay, 1.0 - self.decay);
        let mut codebook = codebook.view_mut();
        for (k, (usage, count)) in usage.iter_mut().zip(counts).enumerate() {
            let before = decay * *usage;
            *usage = before + new * count;
            if *count > 0.0 {
                for (e, sum) in codebook.row_mut(k).iter_mut().zip(vectors.row(k)) {
                    *e = (before * *e + new * sum) / *usage;
                }
            }
        }
        let mean = usage.iter().sum::<f32>() / self.codebook as f32;
        let met: usize = batch.traces().map(|trace| trace.x.rows()).sum();
        for (k, usage) in usage.iter_mut().enumerate() {
            if *usage < DEAD * mean {
                let mut draw = [0.0];
                batch.noise().uniform(k as u32, &mut draw);
                let number = (draw[0] * (met * self.vectors()) as f32) as usize;
                if let Some(x) = self.vector(batch, number) {
                    codebook.row_mut(k).copy_from_slice(x);
                    *usage = mean;
                }
            }
        }
    }
}

impl VectorQuantisedLatent {
    /// Vector `number` of those that the layer met.
    fn vector<'a>(&self, batch: &'a dyn Batch, number: usize) -> Option<&'a [f32]> {
        let (mut row, part) = (number / self.vectors(), number % self.vectors());
        for trace in batch.traces() {
            if row < trace.x.rows() {
                return Some(&trace.x.row(row)[part * self.dimension..][..self.dimension]);
            }
            row -= trace.x.rows();
        }
        None
    }
}
