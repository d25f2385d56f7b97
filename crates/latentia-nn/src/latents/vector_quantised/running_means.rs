//! Codebooks that follow what their vectors stand for.

use super::layer::VectorQuantisedLatent;
use crate::layer::{Batch, Parameter, RunningStatistics};
use crate::optim::Moments;

/// A vector used less than this share of its codebook's mean is dead.
const DEAD: f32 = 0.01;

impl RunningStatistics for VectorQuantisedLatent {
    /// The sums before a codebook, where there is one before.
    fn reads_saved(&self) -> bool {
        self.codebooks > 1
    }

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
        let met: usize = batch.traces().map(|trace| trace.x.rows()).sum();
        for (stage, usage) in usage.chunks_mut(self.codebook).enumerate() {
            let mean = usage.iter().sum::<f32>() / self.codebook as f32;
            for (k, usage) in (stage * self.codebook..).zip(usage) {
                if *usage < DEAD * mean {
                    let mut draw = [0.0];
                    batch.noise().uniform(k as u32, &mut draw);
                    let number = (draw[0] * (met * self.vectors()) as f32) as usize;
                    if self.copy_met(batch, (number, stage), codebook.row_mut(k)) {
                        *usage = mean;
                    }
                }
            }
        }
    }
}

impl VectorQuantisedLatent {
    /// Copies what codebook `stage` met of vector `number` of the batch; whether there was one.
    fn copy_met(
        &self,
        batch: &dyn Batch,
        (number, stage): (usize, usize),
        out: &mut [f32],
    ) -> bool {
        let (mut row, vector) = (number / self.vectors(), number % self.vectors());
        let place = vector * self.dimension..(vector + 1) * self.dimension;
        for trace in batch.traces() {
            if row < trace.x.rows() {
                out.copy_from_slice(&trace.x.row(row)[place.clone()]);
                if let Some(before) = self.sum_before(stage, trace.saved.row(row)) {
                    let elements = out.iter_mut().zip(&before[place]);
                    elements.for_each(|(x, before)| *x -= before);
                }
                return true;
            }
            row -= trace.x.rows();
        }
        false
    }
}
