//! `left · right` in panels and tiles.

use pulp::{Simd, WithSimd};

use super::accumulate::Accumulate;
use super::left::{Across, Down, Left, Listed, ROWS, Side};
use super::nonzero::{GROUPS, Lists, listed_share};
use super::panel::{DEPTH, Panel};
use super::tile::{Out, Right, full, ragged, vectors};
use crate::dispatch::ARCH;
use crate::{MatrixMut, MatrixRef};

/// `out = left · right`.
pub(super) struct Product<'a> {
    pub(super) out: MatrixMut<'a>,
    pub(super) accumulate: Accumulate,
    pub(super) left: Side<'a>,
    pub(super) right: MatrixRef<'a>,
}

pub(super) fn multiply(
    out: MatrixMut<'_>,
    accumulate: Accumulate,
    left: Side<'_>,
    right: MatrixRef<'_>,
) {
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
        let (rows, elements) = (self.out.rows(), self.right.rows() * self.right.cols());
        rows <= ROWS || rows * elements <= 1 << 14
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
    pub(super) fn tiles<S: Simd>(
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

/// The elements of `x` from element `offset` on; none behind the last.
pub(super) fn from(x: MatrixRef<'_>, offset: usize) -> &[f32] {
    x.span().get(offset..).unwrap_or_default()
}

/// A part of a product: rows of the output, and steps of their sums.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    pub(super) top: usize,
    pub(super) rows: usize,
    pub(super) first: usize,
    pub(super) steps: usize,
}

/// The columns of a tile.
#[derive(Clone, Copy)]
pub(super) enum Columns {
    /// So many registers.
    Vectors(usize),
    /// So many elements, fewer than a register.
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
        if let Some((elements, met)) = self.listed {
            let left = Listed { elements, met };
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
