//! What layers leave behind in the memory of a block.

use latentia_tensor::{Matrix, MatrixMut};

use super::statistics::StatisticBuffers;
use crate::layer::{StatisticSums, Trace};

/// What a layer left behind on the way forward, and where gradients are written.
pub(in crate::engine) struct BackwardTrace<'a> {
    /// The class of each example.
    pub(in crate::engine) labels: &'a [u32],
    pub(in crate::engine) trace: Trace<'a>,
    /// With respect to the layer's output.
    pub(in crate::engine) gradient: MatrixMut<'a>,
    /// With respect to `ln p(z)` of each row of it; empty of a layer without a learned prior.
    pub(in crate::engine) log_prior: &'a mut [f32],
    /// Factors on its rows on their way on to the posterior; empty where there are none.
    pub(in crate::engine) posterior_factors: &'a mut [f32],
}

/// What layer `at` left behind, without its partial sums: of fields that can be borrowed beside others of a tape.
pub(in crate::engine) fn trace_of<'a>(
    (input, outputs, saved): (&'a Matrix, &'a [Matrix], &'a [Matrix]),
    (rows, samples): (usize, &[usize]),
    statistics: Option<&'a StatisticBuffers>,
    at: usize,
) -> Trace<'a> {
    let x = match at {
        0 => input.top(rows),
        _ => outputs[at - 1].top(rows * samples[at - 1]),
    };
    let rows_after = rows * samples[at];
    let sums = |buffers: &'a StatisticBuffers| StatisticSums {
        block: &buffers.block,
        batch: &buffers.batch,
    };
    Trace {
        statistics: statistics.map_or(StatisticSums::default(), sums),
        ..Trace::new(x, outputs[at].top(rows_after), saved[at].top(rows_after))
    }
}

/// What `all` has, layer by layer, of the first `rows` rows of layer `at`; nothing where that layer has none.
pub(in crate::engine) fn of_rows(all: &[Vec<f32>], (at, rows): (usize, usize)) -> &[f32] {
    let own = all.get(at).map_or(&[][..], Vec::as_slice);
    &own[..rows.min(own.len())]
}

/// As [`of_rows`], to write.
pub(in crate::engine) fn of_rows_mut(
    all: &mut [Vec<f32>],
    (at, rows): (usize, usize),
) -> &mut [f32] {
    let own = all.get_mut(at).map_or(&mut [][..], Vec::as_mut_slice);
    let used = rows.min(own.len());
    &mut own[..used]
}
