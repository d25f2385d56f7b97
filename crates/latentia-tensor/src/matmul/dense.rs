//! Products of gradients by faer.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

use super::accumulate::Accumulate;
use crate::{MatrixMut, MatrixRef};

/// `out = aᵀ · b`
pub(super) fn multiply_tn(
    out: MatrixMut<'_>,
    accumulate: Accumulate,
    a: MatrixRef<'_>,
    b: MatrixRef<'_>,
) {
    multiply(out, accumulate, strided(a).transpose(), strided(b));
}

/// `out = a · bᵀ`
pub(super) fn multiply_nt(
    out: MatrixMut<'_>,
    accumulate: Accumulate,
    a: MatrixRef<'_>,
    b: MatrixRef<'_>,
) {
    multiply(out, accumulate, strided(a), strided(b).transpose());
}

/// `view` as faer sees it.
fn strided(view: MatrixRef<'_>) -> MatRef<'_, f32> {
    MatRef::from_row_major_slice_with_stride(view.span(), view.rows(), view.cols(), view.stride())
}

/// `out = a · b`, on the calling thread.
///
/// The order of the sums follows from the shapes and the instruction set, which faer finds out by itself: it knows nothing of
/// `LATENTIA_PORTABLE`.
fn multiply(
    mut out: MatrixMut<'_>,
    accumulate: Accumulate,
    a: MatRef<'_, f32>,
    b: MatRef<'_, f32>,
) {
    let (rows, cols) = (out.rows(), out.cols());
    let out = MatMut::from_row_major_slice_mut(out.as_mut_slice(), rows, cols);
    let accumulate = match accumulate {
        Accumulate::Replace => Accum::Replace,
        Accumulate::Add => Accum::Add,
    };
    matmul(out, accumulate, a, b, 1.0, Par::Seq);
}
