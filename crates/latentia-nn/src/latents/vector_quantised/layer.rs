//! The layer that looks for the nearest vectors.

use std::ops::Range;

use latentia_tensor::{Accumulate, MatrixMut, MatrixRef, matmul_nn, transpose};

use crate::Shape;
use crate::graph::{Graph, Operation, Undescribed, Value};
use crate::layer::{
    Abilities, BackwardMemory, ForwardMemory, Initializer, Layer, Memory, Parameter, ParameterSpec,
    Pass, Trace,
};

/// Vectors of a codebook that are compared at once, so that memory does not grow with it.
const PART: usize = 64;

/// A row is cut into vectors of `dimension` elements, each replaced by the nearest of `codebook` vectors; gradients pass as if
/// it were not (van den Oord et al. 2017).
///
/// Of several codebooks each quantises what those before it left over, and a vector `x` is replaced by the sum of the nearest:
/// residual vector quantisation (Zeghidour et al. 2021, SoundStream, arXiv 2107.03312; Lee et al. 2022, arXiv 2203.01941).
///
/// ```text
/// z₀ = 0,  zₛ = zₛ₋₁ + nearest of codebook s to x - zₛ₋₁
/// ```
///
/// A codebook is not learned by gradients: each of its vectors is the running mean, by an exponential decay, of what
/// it stood for. A vector used less than a hundredth as often as the mean of its codebook is dead and begins anew at a random
/// one of what that codebook met in the batch (Dhariwal et al. 2020). Statistics: `codebook` `[codebooks · codebook, dimension]`, one
/// codebook behind the other, and `usage` `[codebooks · codebook, 1]`, the running mean of how many vectors of a batch each stood for.
#[derive(Clone, Debug)]
pub struct VectorQuantisedLatent {
    pub(super) width: usize,
    pub(super) codebook: usize,
    pub(super) codebooks: usize,
    pub(super) dimension: usize,
    pub(super) decay: f32,
}

impl VectorQuantisedLatent {
    /// Cuts rows of `width` elements, a multiple of `dimension`, and replaces what it cuts by `codebook` vectors whose running
    /// means decay by `decay` a step.
    pub fn new(width: usize, codebook: usize, dimension: usize, decay: f32) -> Self {
        Self {
            width,
            codebook,
            codebooks: 1,
            dimension,
            decay,
        }
    }

    /// The same with so many codebooks one after another, 1 at least.
    #[must_use]
    pub fn with_codebooks(self, codebooks: usize) -> Self {
        Self { codebooks, ..self }
    }

    /// Vectors in a row.
    pub fn vectors(&self) -> usize {
        self.width / self.dimension
    }

    /// Indices in a row: of each vector one for each codebook.
    pub(super) fn indices(&self) -> usize {
        self.vectors() * self.codebooks
    }

    /// `zₛ` of a row before codebook `stage`, of what was saved for it: `[width]`; none before the first, where it is 0.
    pub(super) fn sum_before<'a>(&self, stage: usize, saved: &'a [f32]) -> Option<&'a [f32]> {
        let before = stage.checked_sub(1)?;
        let sums = &saved[2 * self.indices()..];
        Some(&sums[before * self.width..][..self.width])
    }

    /// Saves index and distance of the vector of one codebook that is nearest to what is left of each of `x`, where `y` is
    /// the sum of those before. Shapes: of the codebook `[codebook, dimension]`, of `left`, for several codebooks, `[width]`.
    fn choose(
        &self,
        (stage, codebook): (usize, &[f32]),
        (x, y): (MatrixRef<'_>, MatrixRef<'_>),
        mut saved: MatrixMut<'_>,
        (left, workspace): (&mut [f32], &mut [f32]),
    ) {
        let (vectors, dimension) = (self.vectors(), self.dimension);
        for first in (0..self.codebook).step_by(PART) {
            let part = PART.min(self.codebook - first);
            let vectors_of_part = &codebook[first * dimension..][..part * dimension];
            let (norms, rest) = workspace.split_at_mut(part);
            let (columns, rest) = rest.split_at_mut(dimension * part);
            let products = &mut rest[..vectors * part];
            for (norm, e) in norms.iter_mut().zip(vectors_of_part.chunks(dimension)) {
                *norm = e.iter().map(|e| e * e).sum();
            }
            transpose(vectors_of_part, part, dimension, columns);
            let columns = MatrixRef::new(columns, dimension, part);
            let rows = x.iter_rows().zip(y.iter_rows());
            for (saved, (x, y)) in saved.iter_rows_mut().zip(rows) {
                let x = match stage {
                    0 => x,
                    _ => {
                        let elements = left.iter_mut().zip(x.iter().zip(y));
                        elements.for_each(|(left, (x, y))| *left = x - y);
                        &*left
                    }
                };
                // The product of the way forward: the nearest vector is the same on every machine.
                matmul_nn(
                    MatrixMut::new(products, vectors, part),
                    Accumulate::Replace,
                    MatrixRef::new(x, vectors, dimension),
                    columns,
                );
                for ((index, least), products) in
                    self.nearest(stage, saved).zip(products.chunks(part))
                {
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
    }

    /// Of each vector of a row that was saved the index in one codebook, and its distance.
    fn nearest<'a>(
        &self,
        stage: usize,
        saved: &'a mut [f32],
    ) -> impl Iterator<Item = (&'a mut f32, &'a mut f32)> + use<'a> {
        let (indices, rest) = saved.split_at_mut(self.indices());
        let pairs = indices.iter_mut().zip(rest);
        pairs.skip(stage).step_by(self.codebooks)
    }

    /// Adds the vectors of one codebook that were chosen to `y`, and saves the sum for the codebook behind it.
    fn add_chosen(
        &self,
        (stage, codebook): (usize, &[f32]),
        mut y: MatrixMut<'_>,
        mut saved: MatrixMut<'_>,
    ) {
        let dimension = self.dimension;
        for (row, saved) in y.iter_rows_mut().zip(saved.iter_rows_mut()) {
            for (y, (index, least)) in row.chunks_mut(dimension).zip(self.nearest(stage, saved)) {
                if *least == f32::INFINITY {
                    // Nothing is near a vector that is not finite; it must show.
                    *index = 0.0;
                    y.fill(f32::NAN);
                    continue;
                }
                let chosen = &codebook[*index as usize * dimension..][..dimension];
                match stage {
                    0 => y.copy_from_slice(chosen),
                    _ => y.iter_mut().zip(chosen).for_each(|(y, e)| *y += e),
                }
            }
            if stage + 1 < self.codebooks {
                let sums = &mut saved[2 * self.indices()..];
                sums[stage * self.width..][..self.width].copy_from_slice(row);
            }
        }
    }
}

impl Layer for VectorQuantisedLatent {
    fn name(&self) -> String {
        let codebooks = match self.codebooks {
            1 => String::new(),
            n => format!(" x {n}"),
        };
        format!(
            "vector-quantised, {}{codebooks} of {} x {}",
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

    /// Saved: the indices of the vectors, `[vectors, codebooks]`, their distances, `[vectors, codebooks]`, and the sums behind each
    /// codebook but the last, `[codebooks - 1, width]`. Workspace: what is left of a row, where there are several codebooks,
    /// `[width]`; of a part of a codebook the squared norms `[part]`, its vectors as columns `[dimension, part]`, and the products
    /// `[vectors, part]`.
    fn memory(&self) -> Memory {
        let part = self.codebook.min(PART);
        let left = if self.codebooks > 1 { self.width } else { 0 };
        Memory {
            saved: 2 * self.indices() + (self.codebooks - 1) * self.width,
            workspace: left + part * (1 + self.dimension + self.vectors()),
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
            ParameterSpec::statistic(name, [self.codebooks * self.codebook, cols], initializer)
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
        let indices = self.indices();
        let ForwardMemory {
            mut saved,
            workspace,
        } = memory;
        for saved in saved.iter_rows_mut() {
            saved[indices..2 * indices].fill(f32::INFINITY);
        }
        let left = if self.codebooks > 1 { self.width } else { 0 };
        let (left, workspace) = workspace.split_at_mut(left);
        let codebooks = parameters[0].value.as_slice();
        let codebooks = codebooks.chunks(self.codebook * self.dimension);
        for codebook in codebooks.enumerate() {
            self.choose(
                codebook,
                (x, y.as_ref()),
                saved.reborrow(),
                (&mut *left, &mut *workspace),
            );
            self.add_chosen(codebook, y.reborrow(), saved.reborrow());
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

    /// The sum of what each vector of a codebook stood for, or how many they were.
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
            for (number, &chosen) in saved[..self.indices()].iter().enumerate() {
                let (vector, stage) = (number / self.codebooks, number % self.codebooks);
                let chosen = stage * self.codebook + chosen as usize;
                if !rows.contains(&chosen) {
                    continue;
                }
                let sum = out.row_mut(chosen - rows.start);
                if index > 0 {
                    sum[0] += 1.0;
                    continue;
                }
                let place = vector * self.dimension..(vector + 1) * self.dimension;
                let elements = sum.iter_mut().zip(&x[place.clone()]);
                match self.sum_before(stage, saved) {
                    None => elements.for_each(|(sum, x)| *sum += x),
                    Some(before) => (elements.zip(&before[place]))
                        .for_each(|((sum, x), before)| *sum += x - before),
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
        let x = graph.reshape(inputs[0], &[vectors, dimension]);
        let codebooks = parameters[0].value.as_slice().chunks(n * dimension);
        let mut code = None;
        for (stage, codebook) in (1..).zip(codebooks) {
            let named = |name: &str| match stage {
                1 => name.to_owned(),
                stage => format!("{name}-{stage}"),
            };
            let mut columns = vec![0.0; codebook.len()];
            transpose(codebook, n, dimension, &mut columns);
            columns.iter_mut().for_each(|x| *x *= -2.0);
            let norm = |e: &[f32]| e.iter().map(|e| e * e).sum::<f32>();
            let norms: Vec<f32> = codebook.chunks(dimension).map(norm).collect();

            // ‖x - e‖² without ‖x‖², which is the same for all
            let left = code.map_or(x, |code| graph.sub(x, code));
            let columns = graph.constant(&named("codebook-columns"), &[dimension, n], columns);
            let norms = graph.constant(&named("codebook-norms"), &[n], norms);
            let products = graph.node(Operation::MatMul, &[left, columns]);
            let distances = graph.add(products, norms);
            let nearest = graph.node(Operation::ArgMin, &[distances]);
            let codebook = graph.constant(&named("codebook"), &[n, dimension], codebook.to_vec());
            let chosen = graph.node(Operation::Gather(0), &[codebook, nearest]);
            code = Some(code.map_or(chosen, |code| graph.add(code, chosen)));
        }
        Ok(graph.flat(code.unwrap_or(x)))
    }
}
