//! A weight laid out for products.

use latentia_tensor::{Matrix, MatrixRef, PackedLayout, PackedMatrix};
use rayon::prelude::*;

use crate::task_times;

/// A weight `W` laid out for the products of a step.
#[derive(Clone, Debug)]
pub struct PackedWeight {
    /// For `x · W`, where that is not as fast with the matrix as it is.
    pub forward: Option<PackedMatrix>,
    /// Its transpose, for `dy · Wᵀ`, where that is computed.
    pub backward: Option<PackedMatrix>,
}

impl PackedWeight {
    /// The memory for that of `weight`; `goes_back` says whether gradients are multiplied by it.
    pub(crate) fn new(weight: &Matrix, goes_back: bool) -> Self {
        let (rows, cols) = (weight.rows(), weight.cols());
        let pays = PackedMatrix::pays(rows, cols);
        Self {
            forward: pays.then(|| PackedMatrix::zeros(rows, cols)),
            backward: goes_back.then(|| PackedMatrix::zeros(cols, rows)),
        }
    }

    /// Lays out `weight`, on all threads.
    pub(crate) fn pack(&mut self, weight: &Matrix) {
        if let Some(forward) = &mut self.forward {
            each_strip(forward, weight.view(), PackedLayout::pack);
        }
        if let Some(backward) = &mut self.backward {
            each_strip(backward, weight.view(), PackedLayout::pack_transposed);
        }
    }
}

fn each_strip(
    to: &mut PackedMatrix,
    weight: MatrixRef<'_>,
    pack: impl Fn(PackedLayout, usize, &mut [f32], MatrixRef<'_>) + Sync,
) {
    let (layout, strips) = to.split_mut();
    let strips = strips.par_chunks_mut(layout.strip_len()).enumerate();
    strips.for_each(|(number, strip)| task_times::task(|| pack(layout, number, strip, weight)));
}
