//! The three products of a layer.

use super::accumulate::Accumulate;
use super::nonzero::{Left, is_mostly_zero};
use super::packed::PackedMatrix;
use super::panel::DEPTH;
use super::product::Right;
use super::{columns, dense, ordered, sparse};
use crate::{MatrixMut, MatrixRef};

/// `out = a · b`: `[m, n]` from `[m, k]` and `[k, n]`; a layer forward, `x · W`.
///
/// Every element is a sum in the order of `k`, each term fused into it: a row has the same bits alone as among others, and
/// on every instruction set.
///
/// # Panics
/// When the shapes do not fit.
pub fn matmul_nn(out: MatrixMut<'_>, accumulate: Accumulate, a: MatrixRef<'_>, b: MatrixRef<'_>) {
    assert_shapes(&out, [a.rows(), a.cols()], [b.rows(), b.cols()]);
    let copies = !ordered::is_in_place(&out, b);
    match is_mostly_zero(Left::Rows(a)) {
        true => sparse::multiply(out, accumulate, a, Right::Matrix(b), copies),
        false => ordered::multiply(out, accumulate, a, b),
    }
}

/// [`matmul_nn`] of a matrix `b` that is laid out for it, to the same bits.
///
/// # Panics
/// When the shapes do not fit.
pub fn matmul_packed(
    out: MatrixMut<'_>,
    accumulate: Accumulate,
    a: MatrixRef<'_>,
    b: &PackedMatrix,
) {
    assert_shapes(&out, [a.rows(), a.cols()], [b.rows(), b.cols()]);
    match is_mostly_zero(Left::Rows(a)) {
        true => sparse::multiply(out, accumulate, a, Right::Packed(b), false),
        false => ordered::multiply_packed(out, accumulate, a, b),
    }
}

/// `out = Σ aᵀ · b` over `blocks` of `(a, b)`: `[m, n]` from `[k, m]` and `[k, n]`, where each block has a `k` of its own; the
/// gradient of a layer's weight over a batch.
///
/// Every element is a sum in the order of the rows, block after block, each term fused into it: where a block ends makes no
/// difference, nor whether a call goes on with what another one began.
///
/// # Panics
/// When the shapes do not fit.
pub fn sum_matmul_tn(
    out: MatrixMut<'_>,
    accumulate: Accumulate,
    blocks: &[(MatrixRef<'_>, MatrixRef<'_>)],
) {
    for (a, b) in blocks {
        assert_shapes(&out, [a.cols(), a.rows()], [b.rows(), b.cols()]);
    }
    columns::multiply(out, accumulate, blocks);
}

/// `out = aᵀ · b`: `[m, n]` from `[k, m]` and `[k, n]`; the gradient of a layer's weight, `xᵀ · dy`.
///
/// The same call has the same bits on the same machine; a part of the columns of `a` may have others than all of them.
///
/// # Panics
/// When the shapes do not fit.
pub fn matmul_tn(out: MatrixMut<'_>, accumulate: Accumulate, a: MatrixRef<'_>, b: MatrixRef<'_>) {
    assert_shapes(&out, [a.cols(), a.rows()], [b.rows(), b.cols()]);
    // A part is enough to tell by.
    let mut rows = [&[][..]; DEPTH];
    rows.iter_mut()
        .zip(a.iter_rows())
        .for_each(|(row, a)| *row = a);
    match is_mostly_zero(Left::Columns(&rows[..a.rows().min(DEPTH)])) {
        true => columns::multiply(out, accumulate, &[(a, b)]),
        false => dense::multiply_tn(out, accumulate, a, b),
    }
}

/// `out = a · bᵀ`: `[m, n]` from `[m, k]` and `[n, k]`; the gradient of a layer's input, `dy · Wᵀ`.
///
/// The same call has the same bits on the same machine; a row alone may have others than among others.
///
/// # Panics
/// When the shapes do not fit.
pub fn matmul_nt(out: MatrixMut<'_>, accumulate: Accumulate, a: MatrixRef<'_>, b: MatrixRef<'_>) {
    assert_shapes(&out, [a.rows(), a.cols()], [b.cols(), b.rows()]);
    dense::multiply_nt(out, accumulate, a, b);
}

fn assert_shapes(out: &MatrixMut<'_>, left: [usize; 2], right: [usize; 2]) {
    assert!(
        [out.rows(), out.cols()] == [left[0], right[1]] && left[1] == right[0],
        "{left:?} times {right:?} is not {} x {}",
        out.rows(),
        out.cols(),
    );
}

#[cfg(test)]
mod tests {
    use latentia_testing::{SIZES, assert_close, numbers, reference};

    use super::super::tile_rows::ROWS;
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

    /// `[rows, cols]` with zeros in most places: in blocks, which whole tiles leave out, and between them.
    fn mostly_zero(rows: usize, cols: usize) -> Matrix {
        let data = numbers(4, rows * cols).into_iter().enumerate();
        let data = data.map(|(i, x)| {
            let (row, col) = (i / cols, i % cols);
            let counts = (row / ROWS + col / 9) % 5 < 1 && (row + col) % 4 > 0;
            if counts { x } else { 0.0 }
        });
        Matrix::from_vec(rows, cols, data.collect())
    }

    #[test]
    fn zeros_are_found_in_both_layouts() {
        let (m, k) = (150, 300);
        let (zeros, full) = (mostly_zero(m, k), Matrix::from_vec(m, k, numbers(6, m * k)));
        for (x, sparse) in [(&zeros, true), (&full, false)] {
            let rows: Vec<&[f32]> = x.view().iter_rows().collect();
            let left = [Left::Rows(x.view()), Left::Columns(&rows)];
            assert_eq!(left.map(is_mostly_zero), [sparse; 2]);
        }
    }

    #[test]
    fn a_row_has_the_same_bits_alone_as_among_others() {
        let (m, k, n) = (150, 300, 83);
        let w = Matrix::from_vec(k, n, numbers(5, k * n));
        for x in [mostly_zero(m, k), Matrix::from_vec(m, k, numbers(6, m * k))] {
            let mut all = Matrix::zeros(m, n);
            matmul_nn(all.view_mut(), Accumulate::Replace, x.view(), w.view());
            for row in 0..m {
                let mut alone = Matrix::zeros(1, n);
                let x = MatrixRef::new(x.row(row), 1, k);
                matmul_nn(alone.view_mut(), Accumulate::Replace, x, w.view());
                assert_eq!(alone.as_slice(), all.row(row), "row {row}");
            }
        }
    }

    fn packed(w: &Matrix, is_transposed: bool) -> PackedMatrix {
        let (rows, cols) = if is_transposed {
            (w.cols(), w.rows())
        } else {
            (w.rows(), w.cols())
        };
        let mut packed = PackedMatrix::zeros(rows, cols);
        packed.pieces().for_each(|piece| match is_transposed {
            true => piece.pack_transposed(w.view()),
            false => piece.pack(w.view()),
        });
        packed
    }

    #[test]
    fn a_packed_matrix_gives_the_same_bits() {
        for (m, k, n) in [
            (1, 7, 5),
            (16, 784, 256),
            (17, 300, 83),
            (64, 40, 130),
            (6, 0, 3),
        ] {
            let w = Matrix::from_vec(k, n, numbers(5, k * n));
            let packed = [packed(&w, false), packed(&transposed(&w), true)];
            for x in [mostly_zero(m, k), Matrix::from_vec(m, k, numbers(6, m * k))] {
                let mut expected = Matrix::from_vec(m, n, numbers(7, m * n));
                let [mut one, mut other] = [expected.clone(), expected.clone()];
                matmul_nn(expected.view_mut(), Accumulate::Add, x.view(), w.view());
                matmul_packed(one.view_mut(), Accumulate::Add, x.view(), &packed[0]);
                matmul_packed(other.view_mut(), Accumulate::Add, x.view(), &packed[1]);
                assert_eq!((&one, &other), (&expected, &expected), "{m} x {k} x {n}");
            }
        }
    }

    #[test]
    fn a_sum_over_blocks_has_the_same_bits_however_they_are_cut() {
        let (k, m, n) = (300, 50, 83);
        for x in [mostly_zero(k, m), Matrix::from_vec(k, m, numbers(6, k * m))] {
            let dy = Matrix::from_vec(k, n, numbers(7, k * n));
            let mut expected = Matrix::zeros(m, n);
            let (replace, add) = (Accumulate::Replace, Accumulate::Add);
            ordered::multiply(
                expected.view_mut(),
                replace,
                transposed(&x).view(),
                dy.view(),
            );
            for rows in [1, 16, 64, 299, 300] {
                let cut = |x: &Matrix, first: usize| {
                    let last = k.min(first + rows);
                    let data = x.as_slice()[first * x.cols()..last * x.cols()].to_vec();
                    Matrix::from_vec(last - first, x.cols(), data)
                };
                let blocks: Vec<_> = (0..k)
                    .step_by(rows)
                    .map(|r| (cut(&x, r), cut(&dy, r)))
                    .collect();
                let views: Vec<_> = blocks.iter().map(|(x, dy)| (x.view(), dy.view())).collect();
                let mut at_once = Matrix::from_vec(m, n, vec![f32::NAN; m * n]);
                sum_matmul_tn(at_once.view_mut(), replace, &views);
                let (begin, rest) = views.split_at(views.len() / 2);
                let mut in_turn = at_once.clone();
                sum_matmul_tn(in_turn.view_mut(), replace, begin);
                sum_matmul_tn(in_turn.view_mut(), add, rest);
                assert_eq!((&at_once, &in_turn), (&expected, &expected), "{rows} rows");
            }
        }
    }

    #[test]
    fn steps_left_out_change_no_bit_of_a_weight_gradient() {
        let (m, k, n) = (150, 300, 83);
        let x = mostly_zero(k, m);
        let dy = Matrix::from_vec(k, n, numbers(7, k * n));
        let (mut listed, mut dense) = (Matrix::zeros(m, n), Matrix::zeros(m, n));
        matmul_tn(listed.view_mut(), Accumulate::Replace, x.view(), dy.view());
        // Without zeros to leave out, in the same order.
        let x = transposed(&x);
        ordered::multiply(dense.view_mut(), Accumulate::Replace, x.view(), dy.view());
        assert_eq!(listed, dense);
    }
}
