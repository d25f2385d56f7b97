//! Products of gradients by the forward kernel, from a transposed copy of the matrix whose columns are wanted as rows.

use super::accumulate::Accumulate;
use super::ordered;
use crate::{Matrix, MatrixMut, MatrixRef};

/// `out = aᵀ · b`
pub(super) fn multiply_tn(
    out: MatrixMut<'_>,
    accumulate: Accumulate,
    a: MatrixRef<'_>,
    b: MatrixRef<'_>,
) {
    ordered::multiply(out, accumulate, transposed(a).view(), b);
}

/// `out = a · bᵀ`
pub(super) fn multiply_nt(
    out: MatrixMut<'_>,
    accumulate: Accumulate,
    a: MatrixRef<'_>,
    b: MatrixRef<'_>,
) {
    ordered::multiply(out, accumulate, a, transposed(b).view());
}

fn transposed(x: MatrixRef<'_>) -> Matrix {
    let mut y = Matrix::zeros(x.cols(), x.rows());
    let columns = y.as_mut_slice().chunks_mut(x.rows().max(1));
    for (column, y) in columns.enumerate() {
        for (y, row) in y.iter_mut().zip(x.iter_rows()) {
            *y = row[column];
        }
    }
    y
}
