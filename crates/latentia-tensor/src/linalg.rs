//! Gram matrices, Cholesky factors and symmetric eigenproblems in f64, by faer.
//!
//! Every call runs on the calling thread: parallelism belongs to the loops above.

use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, MatMut, MatRef, Par, Side};

/// Adds the lower triangle of `xᵀ · x` to that of `out`, in f64: `[n, n]` from `rows` rows of `n` values. What stands above
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

/// Adds `a · bᵀ` to `out`, in f64: `[m, n]` from `[m, inner]` and `[n, inner]`.
pub fn add_product_nt(out: &mut [f64], a: &[f64], b: &[f64], inner: usize) {
    let [m, n] = [a, b].map(|x| x.len() / inner.max(1));
    let a = MatRef::from_row_major_slice(a, m, inner);
    let b = MatRef::from_row_major_slice(b, n, inner);
    let out = MatMut::from_row_major_slice_mut(out, m, n);
    matmul(out, Accum::Add, a, b.transpose(), 1.0, Par::Seq);
}

/// Adds `aᵀ · b` to `out`, in f64: `[m, n]` from `[rows, m]` and `[rows, n]`.
pub fn add_product_tn(out: &mut [f64], a: &[f64], b: &[f64], rows: usize) {
    let [m, n] = [a, b].map(|x| x.len() / rows.max(1));
    let a = MatRef::from_row_major_slice(a, rows, m);
    let b = MatRef::from_row_major_slice(b, rows, n);
    let out = MatMut::from_row_major_slice_mut(out, m, n);
    matmul(out, Accum::Add, a.transpose(), b, 1.0, Par::Seq);
}

/// Overwrites the rows of `a`, of shape `[rows, cols]` and no more rows than columns, by orthonormal ones: the first `i` of them
/// span what the first `i` did, for every `i`, where these were independent.
///
/// # Panics
/// When there are more rows than columns.
pub fn orthonormalise_rows(a: &mut [f64], rows: usize) {
    let cols = a.len() / rows.max(1);
    assert!(rows <= cols, "{rows} rows of {cols} values");
    let q = MatRef::from_row_major_slice(a, rows, cols)
        .transpose()
        .qr()
        .compute_thin_Q();
    MatMut::from_row_major_slice_mut(a, rows, cols).copy_from(q.transpose());
}

/// Eigenvalues and eigenvectors of the symmetric matrix `a` of shape `[n, n]`, largest eigenvalue first. Only the lower
/// triangle is read.
///
/// The second part has shape `[n, n]`: row `i` is the unit eigenvector of eigenvalue `i`. `None` when `a` holds a
/// value that is not finite.
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

/// Overwrites the lower triangle of the symmetric `a` of shape `[n, n]` by its Cholesky factor: the lower triangular `L`
/// with positive diagonal and `L · Lᵀ = a`. Only the lower triangle is read, and what stands above the diagonal stays.
///
/// `false` when `a` is not positive definite to working precision, or holds a value that is not finite; `a` is then
/// unspecified.
pub fn cholesky(a: &mut [f64], n: usize) -> bool {
    let Ok(factor) = MatRef::from_row_major_slice(a, n, n).llt(Side::Lower) else {
        return false;
    };
    MatMut::from_row_major_slice_mut(a, n, n).copy_from_triangular_lower(factor.L());
    true
}

#[cfg(test)]
mod tests {
    use latentia_testing::{SIZES, numbers};

    use super::*;

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
    fn products_are_sums_of_products() {
        let f64s =
            |seed, count| -> Vec<f64> { numbers(seed, count).into_iter().map(f64::from).collect() };
        for [m, n, inner] in [[1, 1, 1], [3, 5, 7], [17, 4, 33], [64, 1, 100]] {
            let (a, b) = (f64s(1, m * inner), f64s(2, n * inner));
            let [mut nt, mut tn] = [vec![1.0; m * n], vec![1.0; m * n]];
            add_product_nt(&mut nt, &a, &b, inner);
            // The same elements, read as columns.
            let transposed = |x: &[f64], count: usize| -> Vec<f64> {
                (0..inner)
                    .flat_map(|k| (0..count).map(move |i| (i, k)))
                    .map(|(i, k)| x[i * inner + k])
                    .collect()
            };
            add_product_tn(&mut tn, &transposed(&a, m), &transposed(&b, n), inner);
            for (i, j) in (0..m).flat_map(|i| (0..n).map(move |j| (i, j))) {
                let expected = 1.0
                    + (0..inner)
                        .map(|k| a[i * inner + k] * b[j * inner + k])
                        .sum::<f64>();
                for out in [&nt, &tn] {
                    assert!((out[i * n + j] - expected).abs() < 1e-12, "{m} {n} {inner}");
                }
            }
        }
    }

    #[test]
    fn orthonormal_rows_span_what_the_rows_did() {
        for (rows, cols) in [(1, 1), (4, 4), (5, 40), (0, 3)] {
            let x: Vec<f64> = numbers(5, rows * cols).into_iter().map(f64::from).collect();
            let mut q = x.clone();
            orthonormalise_rows(&mut q, rows);
            let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
            for i in 0..rows {
                let row = |x: &'_ [f64], i: usize| x[i * cols..][..cols].to_vec();
                for j in 0..rows {
                    let expected = f64::from(i == j);
                    assert!((dot(&row(&q, i), &row(&q, j)) - expected).abs() < 1e-12);
                }
                // Nothing of a row is left without those up to its own.
                let mut left = row(&x, i);
                for j in 0..=i {
                    let along = dot(&row(&x, i), &row(&q, j));
                    left.iter_mut()
                        .zip(row(&q, j))
                        .for_each(|(x, q)| *x -= along * q);
                }
                assert!(dot(&left, &left) < 1e-20, "{rows} {cols}");
            }
        }
    }

    #[test]
    fn a_cholesky_factor_rebuilds_its_matrix() {
        for n in SIZES.into_iter().filter(|&n| n < 300) {
            let x: Vec<f64> = numbers(4, 2 * n * n).into_iter().map(f64::from).collect();
            let mut gram = vec![0.0; n * n];
            add_gram(&mut gram, &x, 2 * n);
            for i in 0..n {
                gram[i * n + i] += 0.1;
                gram[i * n + i + 1..(i + 1) * n].fill(f64::NAN);
            }
            let mut factor = gram.clone();
            assert!(cholesky(&mut factor, n), "{n}");
            for i in 0..n {
                assert!(factor[i * n + i] > 0.0, "{n}");
                for j in 0..=i {
                    let rebuilt: f64 = (0..=j).map(|k| factor[i * n + k] * factor[j * n + k]).sum();
                    assert!((rebuilt - gram[i * n + j]).abs() < 1e-12 * n as f64, "{n}");
                }
                let above = &factor[i * n + i + 1..(i + 1) * n];
                assert!(above.iter().all(|x| x.is_nan()), "{n}");
            }
        }
    }

    #[test]
    fn what_is_not_positive_definite_has_no_cholesky_factor() {
        let nan = f64::NAN;
        for mut a in [
            [1.0, 0.0, 2.0, 1.0],
            [1.0, 0.0, 1.0, 1.0],
            [0.0; 4],
            [-1.0, 0.0, 0.0, 1.0],
            [1.0, 0.0, nan, 1.0],
            [f64::INFINITY, 0.0, 0.0, 1.0],
        ] {
            assert!(!cholesky(&mut a, 2), "{a:?}");
        }
    }

    #[test]
    fn a_matrix_with_a_nan_has_no_eigenvalues() {
        assert!(symmetric_eigen(&[f64::NAN; 4], 2).is_none());
    }
}
