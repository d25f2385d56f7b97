//! Products of matrices.
//!
//! A product goes through the right matrix in panels that stay in the first-level cache, and holds a tile of the output in
//! registers (Goto and van de Geijn, Anatomy of High-Performance Matrix Multiplication, 2008). The left matrix is read where
//! it lies, number by number. Where most of it is zero, as in pictures of digits, the steps at which all rows of a tile are
//! zero are left out; the result is the same to the bit.
//!
//! Every number of `x · W` and of `xᵀ · dy` is a sum in the order of the inner dimension: a row's result does not depend on
//! the rows beside it. Every call runs on the calling thread and allocates nothing.

// Loops over indices that are known when compiling: they become registers.
#![allow(clippy::needless_range_loop, clippy::manual_memcpy)]

mod panel;
mod tile;

use pulp::{Simd, WithSimd};

use crate::elementwise::ARCH;
use crate::{MatrixMut, MatrixRef};
use panel::{DEPTH, GROUPS, Lists, Panel, WIDTH, listed_share};
use tile::{Across, Down, Left, Listed, Out, ROWS, Right, full, ragged, vectors};

/// What a product does with the numbers that its output already holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accumulate {
    /// They are overwritten and never read.
    Replace,
    /// The product is added to them.
    Add,
}

/// `out = a · b`: `[m, n]` from `[m, k]` and `[k, n]`; a layer forward, `x · W`.
///
/// # Panics
/// When the shapes do not fit.
pub fn matmul_nn(out: MatrixMut<'_>, accumulate: Accumulate, a: MatrixRef<'_>, b: MatrixRef<'_>) {
    assert_shapes(&out, [a.rows(), a.cols()], [b.rows(), b.cols()]);
    let left = Side::Rows {
        data: a.span(),
        stride: a.stride(),
    };
    multiply(out, accumulate, left, b);
}

/// `out = aᵀ · b`: `[m, n]` from `[k, m]` and `[k, n]`; the gradient of a layer's weight, `xᵀ · dy`.
///
/// # Panics
/// When the shapes do not fit.
pub fn matmul_tn(out: MatrixMut<'_>, accumulate: Accumulate, a: MatrixRef<'_>, b: MatrixRef<'_>) {
    assert_shapes(&out, [a.cols(), a.rows()], [b.rows(), b.cols()]);
    let left = Side::Columns {
        data: a.span(),
        stride: a.stride(),
    };
    multiply(out, accumulate, left, b);
}

/// `out = a · bᵀ`: `[m, n]` from `[m, k]` and `[n, k]`; the gradient of a layer's input, `dy · Wᵀ`.
///
/// # Panics
/// When the shapes do not fit.
pub fn matmul_nt(out: MatrixMut<'_>, accumulate: Accumulate, a: MatrixRef<'_>, b: MatrixRef<'_>) {
    assert_shapes(&out, [a.rows(), a.cols()], [b.cols(), b.rows()]);
    let product = Transposed {
        out,
        accumulate,
        a,
        b,
    };
    match product.a.rows() < WORTH_PANEL {
        true => ARCH.dispatch(Dots(product)),
        false => ARCH.dispatch(product),
    }
}

fn assert_shapes(out: &MatrixMut<'_>, left: [usize; 2], right: [usize; 2]) {
    assert!(
        [out.rows(), out.cols()] == [left[0], right[1]] && left[1] == right[0],
        "{left:?} times {right:?} is not {} x {}",
        out.rows(),
        out.cols(),
    );
}

/// The left matrix: element `(i, k)` of the product's `[m, k]`.
#[derive(Clone, Copy)]
enum Side<'a> {
    /// At `i · stride + k`.
    Rows { data: &'a [f32], stride: usize },
    /// At `k · stride + i`.
    Columns { data: &'a [f32], stride: usize },
}

/// `out = left · right`.
struct Product<'a> {
    out: MatrixMut<'a>,
    accumulate: Accumulate,
    left: Side<'a>,
    right: MatrixRef<'a>,
}

fn multiply(out: MatrixMut<'_>, accumulate: Accumulate, left: Side<'_>, right: MatrixRef<'_>) {
    let product = Product {
        out,
        accumulate,
        left,
        right,
    };
    // Ways of their own, so that a small product does not pay for the memory of a large one.
    if product.is_small() {
        ARCH.dispatch(Small(product));
    } else if product.mostly_zero() {
        ARCH.dispatch(MostlyZero(product));
    } else {
        ARCH.dispatch(Dense(product));
    }
}

/// A product that does not use the right matrix often enough to copy it: it is read where it lies.
struct Small<'a>(Product<'a>);

impl WithSimd for Small<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self(mut product) = self;
        let cut = Cut {
            top: 0,
            rows: product.out.rows(),
            first: 0,
            steps: product.right.rows(),
        };
        let whole = product.out.cols() / S::F32_LANES;
        for vector in (0..whole).step_by(vectors::<S>()) {
            let vectors = vectors::<S>().min(whole - vector);
            let column = vector * S::F32_LANES;
            let right = Right {
                data: from(product.right, column),
                stride: product.right.stride(),
            };
            product.tiles(simd, Columns::Vectors(vectors), column, right, None, cut);
        }
        product.rest(simd, None, cut);
    }
}

/// A product whose left matrix is read where it lies.
struct Dense<'a>(Product<'a>);

impl WithSimd for Dense<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self(mut product) = self;
        let mut panel = Panel::new();
        for first in (0..product.right.rows()).step_by(DEPTH) {
            let cut = Cut {
                top: 0,
                rows: product.out.rows(),
                first,
                steps: DEPTH.min(product.right.rows() - first),
            };
            product.panels(simd, &mut panel, None, cut);
        }
    }
}

/// A product whose left matrix is read as lists of the steps that count.
struct MostlyZero<'a>(Product<'a>);

impl WithSimd for MostlyZero<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self(mut product) = self;
        let mut panel = Panel::new();
        let mut lists = Lists::new();
        for top in (0..product.out.rows()).step_by(GROUPS * ROWS) {
            let rows = (GROUPS * ROWS).min(product.out.rows() - top);
            for first in (0..product.right.rows()).step_by(DEPTH) {
                let steps = DEPTH.min(product.right.rows() - first);
                lists.fill(product.left, top, rows, first, steps);
                let cut = Cut {
                    top,
                    rows,
                    first,
                    steps,
                };
                product.panels(simd, &mut panel, Some(&lists), cut);
            }
        }
    }
}

impl Product<'_> {
    fn is_small(&self) -> bool {
        let (rows, numbers) = (self.out.rows(), self.right.rows() * self.right.cols());
        rows <= ROWS || rows * numbers <= 1 << 14
    }

    /// Whether so many steps would be left out that listing the others pays.
    fn mostly_zero(&self) -> bool {
        let (rows, depth) = (self.out.rows(), self.right.rows());
        rows * depth >= 4096 && listed_share(self.left, rows, depth) < 0.6
    }

    /// All columns of the output, for some of its rows and some steps.
    #[inline(always)]
    fn panels<S: Simd>(&mut self, simd: S, panel: &mut Panel, lists: Option<&Lists>, cut: Cut) {
        let whole = self.out.cols() / S::F32_LANES;
        for vector in (0..whole).step_by(vectors::<S>()) {
            let vectors = vectors::<S>().min(whole - vector);
            let (column, width) = (vector * S::F32_LANES, vectors * S::F32_LANES);
            let stride = self.right.stride();
            let data = from(self.right, cut.first * stride + column);
            panel.take(data, stride, cut.steps, width);
            let columns = Columns::Vectors(vectors);
            self.tiles(simd, columns, column, panel.right(width), lists, cut);
        }
        self.rest(simd, lists, cut);
    }

    /// The columns behind the last whole register.
    #[inline(always)]
    fn rest<S: Simd>(&mut self, simd: S, lists: Option<&Lists>, cut: Cut) {
        let width = self.out.cols() % S::F32_LANES;
        if width > 0 {
            let column = self.out.cols() - width;
            let stride = self.right.stride();
            let right = Right {
                data: from(self.right, cut.first * stride + column),
                stride,
            };
            self.tiles(simd, Columns::Fewer(width), column, right, lists, cut);
        }
    }

    /// The tiles of some columns, one below the other.
    #[inline(always)]
    fn tiles<S: Simd>(
        &mut self,
        simd: S,
        columns: Columns,
        column: usize,
        right: Right<'_>,
        lists: Option<&Lists>,
        cut: Cut,
    ) {
        let add = self.accumulate == Accumulate::Add || cut.first > 0;
        let stride = self.out.cols();
        for row in (0..cut.rows).step_by(ROWS) {
            let top = cut.top + row;
            let height = ROWS.min(cut.rows - row);
            let out = Out {
                data: &mut self.out.as_mut_slice()[top * stride + column..],
                stride,
                add,
            };
            let job = Job {
                left: self.left,
                top,
                first: cut.first,
                steps: cut.steps,
                listed: lists.map(|lists| lists.group(row / ROWS)),
                columns,
                right,
                out,
            };
            match height {
                1 => job.run::<S, 1>(simd),
                2 => job.run::<S, 2>(simd),
                3 => job.run::<S, 3>(simd),
                4 => job.run::<S, 4>(simd),
                5 => job.run::<S, 5>(simd),
                _ => job.run::<S, ROWS>(simd),
            }
        }
    }
}

/// The numbers of `x` from number `offset` on; none behind the last.
fn from(x: MatrixRef<'_>, offset: usize) -> &[f32] {
    x.span().get(offset..).unwrap_or_default()
}

/// A part of a product: rows of the output, and steps of their sums.
#[derive(Clone, Copy)]
struct Cut {
    top: usize,
    rows: usize,
    first: usize,
    steps: usize,
}

/// The columns of a tile.
#[derive(Clone, Copy)]
enum Columns {
    /// So many registers.
    Vectors(usize),
    /// So many numbers, less than a register.
    Fewer(usize),
}

/// One tile.
struct Job<'a> {
    left: Side<'a>,
    top: usize,
    first: usize,
    steps: usize,
    listed: Option<(&'a [[f32; ROWS]], &'a [u8])>,
    columns: Columns,
    right: Right<'a>,
    out: Out<'a>,
}

impl Job<'_> {
    #[inline(always)]
    fn run<S: Simd, const M: usize>(self, simd: S) {
        if let Some((numbers, met)) = self.listed {
            let left = Listed { numbers, met };
            return work::<S, _, M>(simd, self.columns, left, self.right, self.out);
        }
        match self.left {
            Side::Rows { data, stride } => {
                let data = data
                    .get(self.top * stride + self.first..)
                    .unwrap_or_default();
                let left = Across::<M>::new(data, stride, self.steps);
                work::<S, _, M>(simd, self.columns, left, self.right, self.out);
            }
            Side::Columns { data, stride } => {
                let left = Down {
                    data: data
                        .get(self.first * stride + self.top..)
                        .unwrap_or_default(),
                    stride,
                    steps: self.steps,
                };
                work::<S, _, M>(simd, self.columns, left, self.right, self.out);
            }
        }
    }
}

#[inline(always)]
fn work<S: Simd, L: Left<M>, const M: usize>(
    simd: S,
    columns: Columns,
    left: L,
    right: Right<'_>,
    out: Out<'_>,
) {
    match columns {
        Columns::Vectors(vectors) => full::<S, L, M>(simd, vectors, left, right, out),
        Columns::Fewer(width) => ragged::<S, L, M>(simd, width, left, right, out),
    }
}

/// `out = a · bᵀ`.
struct Transposed<'a> {
    out: MatrixMut<'a>,
    accumulate: Accumulate,
    a: MatrixRef<'a>,
    b: MatrixRef<'a>,
}

/// Rows of `b` whose products with a panel of `a` are kept at a time.
const KEPT: usize = 256;

/// Fewer rows of `a` than this are not worth a panel.
const WORTH_PANEL: usize = 8;

/// A product of so few rows that it is computed number by number, each of two rows.
struct Dots<'a>(Transposed<'a>);

impl WithSimd for Dots<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self(Transposed {
            mut out,
            accumulate,
            a,
            b,
        }) = self;
        for i in 0..a.rows() {
            let left = a.row(i);
            for (j, out) in out.row_mut(i).iter_mut().enumerate() {
                let product = dot(simd, left, b.row(j));
                *out = match accumulate {
                    Accumulate::Replace => product,
                    Accumulate::Add => *out + product,
                };
            }
        }
    }
}

impl WithSimd for Transposed<'_> {
    type Output = ();

    /// As `outᵀ = b · aᵀ`, with a panel of `aᵀ` on the right: `b`, a weight, is then read as it lies.
    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let widest = vectors::<S>() * S::F32_LANES;
        let mut panel = Panel::new();
        let mut kept = [0.0; KEPT * WIDTH];
        for top in (0..self.a.rows()).step_by(widest) {
            let rows = widest.min(self.a.rows() - top);
            let vectors = rows.div_ceil(S::F32_LANES);
            let width = vectors * S::F32_LANES;
            for column in (0..self.b.rows()).step_by(KEPT) {
                let columns = KEPT.min(self.b.rows() - column);
                for first in (0..self.a.cols().max(1)).step_by(DEPTH) {
                    let steps = DEPTH.min(self.a.cols() - first);
                    let stride = self.a.stride();
                    let data = from(self.a, top * stride + first);
                    panel.take_transposed(data, stride, rows, steps, width);
                    let mut product = Product {
                        out: MatrixMut::new(&mut kept[..columns * width], columns, width),
                        accumulate: Accumulate::Replace,
                        left: Side::Rows {
                            data: from(self.b, column * self.b.stride()),
                            stride: self.b.stride(),
                        },
                        right: self.a,
                    };
                    let cut = Cut {
                        top: 0,
                        rows: columns,
                        first,
                        steps,
                    };
                    let right = panel.right(width);
                    product.tiles(simd, Columns::Vectors(vectors), 0, right, None, cut);
                }
                for row in 0..rows {
                    let out = &mut self.out.row_mut(top + row)[column..][..columns];
                    let kept = kept[..columns * width].chunks_exact(width);
                    for (out, kept) in out.iter_mut().zip(kept) {
                        *out = match self.accumulate {
                            Accumulate::Replace => kept[row],
                            Accumulate::Add => *out + kept[row],
                        };
                    }
                }
            }
        }
    }
}

/// `Σ a[i] b[i]`.
#[inline(always)]
fn dot<S: Simd>(simd: S, a: &[f32], b: &[f32]) -> f32 {
    let zero = simd.splat_f32s(0.0);
    let mut sums = [zero; 4];
    let (a, a_rest) = S::as_simd_f32s(a);
    let (b, b_rest) = S::as_simd_f32s(b);
    for (number, (&a, &b)) in a.iter().zip(b).enumerate() {
        sums[number % 4] = simd.mul_add_f32s(a, b, sums[number % 4]);
    }
    let rest = simd.partial_load_f32s(a_rest);
    sums[0] = simd.mul_add_f32s(rest, simd.partial_load_f32s(b_rest), sums[0]);
    let sum = simd.add_f32s(
        simd.add_f32s(sums[0], sums[1]),
        simd.add_f32s(sums[2], sums[3]),
    );
    simd.reduce_sum_f32s(sum)
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
            let (data, stride) = (x.as_slice(), k);
            let rows = listed_share(Side::Rows { data, stride }, m, k);
            let columns = listed_share(Side::Columns { data, stride }, k, m);
            assert_eq!([rows < 0.6, columns < 0.6], [sparse; 2], "{rows} {columns}");
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

    #[test]
    fn steps_left_out_change_no_bit_of_a_weight_gradient() {
        let (m, k, n) = (150, 300, 83);
        let x = mostly_zero(k, m);
        let dy = Matrix::from_vec(k, n, numbers(7, k * n));
        let (mut listed, mut dense) = (Matrix::zeros(m, n), Matrix::zeros(m, n));
        matmul_tn(listed.view_mut(), Accumulate::Replace, x.view(), dy.view());
        for row in 0..m {
            let out = MatrixMut::new(&mut dense.as_mut_slice()[row * n..][..n], 1, n);
            let x = x.view().columns(row..row + 1);
            matmul_tn(out, Accumulate::Replace, x, dy.view());
        }
        assert_eq!(listed, dense);
    }
}
