//! Matrix products and the symmetric eigenproblem: the only file that names faer.
//!
//! Every call runs on the calling thread: parallelism belongs to the loops above.

use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, MatMut, MatRef, Par, Side};

use crate::{MatrixMut, MatrixRef};

/// What a product does with the numbers that its output already holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accumulate {
    /// They are overwritten and never read.
    Replace,
    /// The product is added to them.
    Add,
}

/// `out = a · b`: `[m, n]` from `[m, k]` and `[k, n]`; a layer forward, `x · W`.
pub fn matmul_nn(out: MatrixMut<'_>, accumulate: Accumulate, a: MatrixRef<'_>, b: MatrixRef<'_>) {
    product(out, accumulate, faer_ref(a), faer_ref(b));
}

/// `out = a · bᵀ`: `[m, n]` from `[m, k]` and `[n, k]`; the gradient of a layer's input, `dy · Wᵀ`.
pub fn matmul_nt(out: MatrixMut<'_>, accumulate: Accumulate, a: MatrixRef<'_>, b: MatrixRef<'_>) {
    product(out, accumulate, faer_ref(a), faer_ref(b).transpose());
}

/// `out = aᵀ · b`: `[m, n]` from `[k, m]` and `[k, n]`; the gradient of a layer's weight, `xᵀ · dy`.
pub fn matmul_tn(out: MatrixMut<'_>, accumulate: Accumulate, a: MatrixRef<'_>, b: MatrixRef<'_>) {
    product(out, accumulate, faer_ref(a).transpose(), faer_ref(b));
}

fn product(mut out: MatrixMut<'_>, accumulate: Accumulate, a: MatRef<'_, f32>, b: MatRef<'_, f32>) {
    let (rows, cols) = (out.rows(), out.cols());
    let out = MatMut::from_row_major_slice_mut(out.as_mut_slice(), rows, cols);
    let accumulate = match accumulate {
        Accumulate::Replace => Accum::Replace,
        Accumulate::Add => Accum::Add,
    };
    matmul(out, accumulate, a, b, 1.0, Par::Seq);
}

fn faer_ref(view: MatrixRef<'_>) -> MatRef<'_, f32> {
    MatRef::from_row_major_slice_with_stride(view.span(), view.rows(), view.cols(), view.stride())
}

/// Adds the lower triangle of `xᵀ · x` to that of `out`, in f64: `[n, n]` from `rows` rows of `n` numbers. What stands above
/// the diagonal of `out` stays.
pub fn add_gram(out: &mut [f64], x: &[f64], rows: usize) {
    let cols = x.len() / rows.max(1);
    let x = MatRef::from_row_major_slice(x, rows, cols);
    let out = MatMut::from_row_major_slice_mut(out, cols, cols);
    let (lower, whole) = (BlockStructure::TriangularLower, BlockStructure::Rectangular);
    let (accumulate, thread) = (Accum::Add, Par::Seq);
    triangular::matmul(
        out,
        lower,
        accumulate,
        x.transpose(),
        whole,
        x,
        whole,
        1.0,
        thread,
    );
}

/// Eigenvalues and eigenvectors of the symmetric matrix `a` of shape `[n, n]`, largest eigenvalue first. Only the lower
/// triangle is read.
///
/// The second part has shape `[n, n]`: row `i` is the unit eigenvector of eigenvalue `i`. `None` when `a` holds a
/// number that is not finite.
pub fn symmetric_eigen(a: &[f64], n: usize) -> Option<(Vec<f64>, Vec<f64>)> {
    if (0..n).any(|row| a[row * n..][..=row].iter().any(|x| !x.is_finite())) {
        return None;
    }
    let eigen = MatRef::from_row_major_slice(a, n, n)
        .self_adjoint_eigen(Side::Lower)
        .ok()?;
    let values = (0..n).rev().map(|i| eigen.S()[i]).collect();
    let vectors = (0..n)
        .rev()
        .flat_map(|i| eigen.U().col(i).iter().copied())
        .collect();
    Some((values, vectors))
}

#[cfg(test)]
mod tests {
    use latentia_testing::{SIZES, assert_close, numbers, reference};

    use super::*;
    use crate::Matrix;

    type Product = fn(MatrixMut<'_>, Accumulate, MatrixRef<'_>, MatrixRef<'_>);

    fn transposed(x: &Matrix) -> Matrix {
        let data = (0..x.cols())
            .flat_map(|c| (0..x.rows()).map(move |r| x.row(r)[c]))
            .collect();
        Matrix::from_vec(x.cols(), x.rows(), data)
    }

    /// One product of the shape `[m, k] x [k, n]` in one layout, both ways to accumulate, against f64.
    fn check(
        product: Product,
        a_transposed: bool,
        b_transposed: bool,
        m: usize,
        k: usize,
        n: usize,
    ) {
        let a = Matrix::from_vec(m, k, numbers(1, m * k));
        let b = Matrix::from_vec(k, n, numbers(2, k * n));
        let expected = reference::matmul(a.as_slice(), b.as_slice(), m, k, n);
        let stored = |x: &Matrix, flip: bool| if flip { transposed(x) } else { x.clone() };
        let (a, b) = (stored(&a, a_transposed), stored(&b, b_transposed));
        // k terms of size one, each rounded to 2^-24
        let tolerance = 1e-6 * (k.max(1) as f64).sqrt();

        let mut out = Matrix::from_vec(m, n, vec![f32::NAN; m * n]);
        product(out.view_mut(), Accumulate::Replace, a.view(), b.view());
        assert_close(out.as_slice(), &expected, tolerance);

        let mut out = Matrix::from_vec(m, n, vec![0.5; m * n]);
        product(out.view_mut(), Accumulate::Add, a.view(), b.view());
        let expected: Vec<f64> = expected.iter().map(|x| x + 0.5).collect();
        assert_close(out.as_slice(), &expected, tolerance);
    }

    #[test]
    fn products_match_f64_in_every_layout() {
        for (i, &m) in SIZES.iter().enumerate() {
            for (j, &n) in SIZES.iter().enumerate() {
                let k = SIZES[(i + j) % SIZES.len()];
                check(matmul_nn, false, false, m, k, n);
                check(matmul_nt, false, true, m, k, n);
                check(matmul_tn, true, false, m, k, n);
            }
        }
    }

    #[test]
    fn a_range_of_columns_gives_those_rows_of_a_weight_gradient() {
        let x = Matrix::from_vec(33, 40, numbers(1, 33 * 40));
        let dy = Matrix::from_vec(33, 17, numbers(2, 33 * 17));
        let mut whole = Matrix::zeros(40, 17);
        matmul_tn(whole.view_mut(), Accumulate::Replace, x.view(), dy.view());
        let mut part = Matrix::zeros(9, 17);
        matmul_tn(
            part.view_mut(),
            Accumulate::Replace,
            x.view().columns(31..40),
            dy.view(),
        );
        let expected: Vec<f64> = whole.as_slice()[31 * 17..]
            .iter()
            .map(|&x| x.into())
            .collect();
        assert_close(part.as_slice(), &expected, 1e-6);
    }

    #[test]
    fn eigenvectors_rebuild_their_matrix() {
        let n = 17;
        let x: Vec<f64> = numbers(3, 40 * n).into_iter().map(f64::from).collect();
        let mut gram = vec![0.0; n * n];
        add_gram(&mut gram, &x, 40);
        let (values, vectors) = symmetric_eigen(&gram, n).expect("converges");
        assert!(values.is_sorted_by(|a, b| a >= b));
        for i in 0..n {
            for j in 0..=i {
                let rebuilt: f64 = (0..n)
                    .map(|v| values[v] * vectors[v * n + i] * vectors[v * n + j])
                    .sum();
                assert!((rebuilt - gram[i * n + j]).abs() < 1e-10 * values[0]);
            }
            assert!(gram[i * n + i + 1..(i + 1) * n].iter().all(|&x| x == 0.0));
        }
    }

    #[test]
    fn a_matrix_with_a_nan_has_no_eigenvalues() {
        assert!(symmetric_eigen(&[f64::NAN; 4], 2).is_none());
    }
}
