//! Code of vectors from a codebook.

use std::ops::Range;

use latentia_tensor::{Accumulate, MatrixMut, MatrixRef, matmul_nt};

use crate::Initializer;
use crate::engine::step::Moments;
use crate::layer::{Batch, Layer, Parameter, ParameterSpec, Pass, Trace};

/// A vector used less than this share of the codebook's mean is dead.
const DEAD: f32 = 0.01;

/// Vectors of a codebook that are compared at once, so that memory does not grow with it.
const PART: usize = 64;

/// A row is cut into vectors of `dimension` numbers, each replaced by the nearest of `codebook` vectors; gradients pass as if
/// it were not (van den Oord et al. 2017).
///
/// The codebook is not learned by gradients: each of its vectors is the moving mean, by an exponential decay, of what it
/// stood for. A vector used less than a hundredth as often as the mean is dead and begins anew at a random vector of the
/// batch (Dhariwal et al. 2020). Statistics: `codebook` `[codebook, dimension]`, `usage` `[codebook, 1]`, the moving mean of
/// how many vectors of a batch each stood for.
#[derive(Clone, Debug)]
pub struct VectorQuantiser {
    width: usize,
    codebook: usize,
    dimension: usize,
    decay: f32,
}

impl VectorQuantiser {
    /// Cuts rows of `width` numbers, a multiple of `dimension`, and replaces what it cuts by `codebook` vectors whose moving
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

    /// Which vector of the codebook stands for each of a row's `vectors`, from what the layer saved: `[vectors]`.
    pub fn choices(saved: &[f32], vectors: usize) -> &[f32] {
        &saved[..vectors]
    }
}

impl Layer for VectorQuantiser {
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

    fn outputs(&self) -> usize {
        self.width
    }

    /// The choices `[vectors]`, the least distances `[vectors]`, then room for a part of the codebook: its squared norms
    /// `[part]` and the products `[vectors, part]`.
    fn saved(&self) -> usize {
        let part = self.codebook.min(PART);
        2 * self.vectors() + part + self.vectors() * part
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let statistic = |name, cols, initializer| {
            ParameterSpec::statistic(name, self.codebook, cols, initializer)
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
        mut saved: MatrixMut<'_>,
        _scratch: &mut [f32],
    ) {
        let codebook = &parameters[0].value;
        let vectors = self.vectors();
        let rows = y.iter_rows_mut().zip(saved.iter_rows_mut());
        for ((y, saved), x) in rows.zip(x.iter_rows()) {
            let (choices, rest) = saved.split_at_mut(vectors);
            let (least, rest) = rest.split_at_mut(vectors);
            let (norms, products) = rest.split_at_mut(self.codebook.min(PART));
            let x = MatrixRef::new(x, vectors, self.dimension);
            least.fill(f32::INFINITY);
            for first in (0..self.codebook).step_by(PART) {
                let part = PART.min(self.codebook - first);
                let numbers = first * self.dimension..(first + part) * self.dimension;
                let vectors_of_part = &codebook.as_slice()[numbers];
                for (norm, e) in norms.iter_mut().zip(vectors_of_part.chunks(self.dimension)) {
                    *norm = e.iter().map(|e| e * e).sum();
                }
                let products = &mut products[..vectors * part];
                matmul_nt(
                    MatrixMut::new(products, vectors, part),
                    Accumulate::Replace,
                    x,
                    MatrixRef::new(vectors_of_part, part, self.dimension),
                );
                let found = choices.iter_mut().zip(&mut *least);
                for ((choice, least), products) in found.zip(products.chunks(part)) {
                    // ‖x - e‖² = ‖x‖² + ‖e‖² - 2 x·e; the first is the same for all
                    for (k, (norm, product)) in (first..).zip(norms.iter().zip(products)) {
                        let distance = norm - 2.0 * product;
                        if distance < *least {
                            (*choice, *least) = (k as f32, distance);
                        }
                    }
                }
            }
            let found = choices.iter_mut().zip(least);
            for (y, (choice, least)) in y.chunks_mut(self.dimension).zip(found) {
                if *least == f32::INFINITY {
                    // Nothing is near a vector that is not finite; it must show.
                    *choice = 0.0;
                    y.fill(f32::NAN);
                } else {
                    y.copy_from_slice(codebook.row(*choice as usize));
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
        _scratch: &mut [f32],
        _sums: &mut [f32],
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
            for (x, &choice) in x
                .chunks(self.dimension)
                .zip(Self::choices(saved, self.vectors()))
            {
                let choice = choice as usize;
                if !rows.contains(&choice) {
                    continue;
                }
                let sum = out.row_mut(choice - rows.start);
                match index {
                    0 => sum.iter_mut().zip(x).for_each(|(sum, x)| *sum += x),
                    _ => sum[0] += 1.0,
                }
            }
        }
    }

    fn renew(&self, parameters: &mut [Parameter], sums: &[Moments], batch: Batch<'_>) {
        let [codebook, usage] = parameters else {
            return;
        };
        let (codebook, usage) = (&mut codebook.value, usage.value.as_mut_slice());
        let (vectors, counts) = (&sums[0].gradient, sums[1].gradient.as_slice());
        let (kept, new) = (self.decay, 1.0 - self.decay);
        let mut codebook = codebook.view_mut();
        for (k, (usage, count)) in usage.iter_mut().zip(counts).enumerate() {
            let before = kept * *usage;
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
                batch.noise.uniform(k as u32, &mut draw);
                let place = (draw[0] * (met * self.vectors()) as f32) as usize;
                if let Some(x) = self.vector(batch, place) {
                    codebook.row_mut(k).copy_from_slice(x);
                    *usage = mean;
                }
            }
        }
    }
}

impl VectorQuantiser {
    /// Vector `place` of those that the layer met.
    fn vector<'a>(&self, batch: Batch<'a>, place: usize) -> Option<&'a [f32]> {
        let (mut row, part) = (place / self.vectors(), place % self.vectors());
        for trace in batch.traces() {
            if row < trace.x.rows() {
                return Some(&trace.x.row(row)[part * self.dimension..][..self.dimension]);
            }
            row -= trace.x.rows();
        }
        None
    }
}
