//! `left · right`, panel by panel and tile by tile.

use pulp::Simd;

use super::accumulate::Accumulate;
use super::panel::Panel;
use super::tile::{Out, Right, full, ragged, vectors};
use super::tile_rows::{LeftPart, ROWS, TileRows};
use crate::{MatrixMut, MatrixRef};

/// `out = left · right`, where `left` is handed over part by part.
pub(super) struct Product<'a> {
    pub(super) out: MatrixMut<'a>,
    pub(super) accumulate: Accumulate,
    pub(super) right: MatrixRef<'a>,
}

/// A part of a product: rows of the output, and steps of their sums.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) top: usize,
    pub(super) rows: usize,
    pub(super) first: usize,
    pub(super) steps: usize,
}

/// The columns of a tile.
#[derive(Clone, Copy)]
enum Columns {
    /// So many registers.
    Vectors(usize),
    /// So many elements, fewer than a register.
    Fewer(usize),
}

impl Product<'_> {
    /// All columns of the output, for one part; the right matrix is copied to `panel`, or read where it lies.
    #[inline(always)]
    pub(super) fn part<S: Simd>(
        &mut self,
        simd: S,
        left: impl LeftPart,
        part: Part,
        mut panel: Option<&mut Panel>,
    ) {
        let whole = self.out.cols() / S::F32_LANES;
        let (matrix, stride) = (self.right, self.right.stride());
        let in_place = |column: usize| {
            let from = part.first * stride + column;
            let data = matrix.span().get(from..).unwrap_or_default();
            Right { data, stride }
        };
        for vector in (0..whole).step_by(vectors::<S>()) {
            let vectors = vectors::<S>().min(whole - vector);
            let (column, width) = (vector * S::F32_LANES, vectors * S::F32_LANES);
            let mut right = in_place(column);
            if let Some(panel) = &mut panel {
                panel.take(right.data, right.stride, part.steps, width);
                right = panel.right(width);
            }
            let columns = Columns::Vectors(vectors);
            self.tiles(simd, left, part, (column, columns), right);
        }
        // The columns behind the last whole register.
        let width = self.out.cols() % S::F32_LANES;
        if width > 0 {
            let column = self.out.cols() - width;
            let (columns, right) = (Columns::Fewer(width), in_place(column));
            self.tiles(simd, left, part, (column, columns), right);
        }
    }

    /// The tiles of some columns, one below the other.
    #[inline(always)]
    fn tiles<S: Simd>(
        &mut self,
        simd: S,
        left: impl LeftPart,
        part: Part,
        (column, columns): (usize, Columns),
        right: Right<'_>,
    ) {
        let add = self.accumulate == Accumulate::Add || part.first > 0;
        let stride = self.out.cols();
        for row in (0..part.rows).step_by(ROWS) {
            let out = Out {
                data: &mut self.out.as_mut_slice()[(part.top + row) * stride + column..],
                stride,
                add,
            };
            match part.rows - row {
                1 => tile(simd, columns, left.tile_rows::<1>(row), right, out),
                2 => tile(simd, columns, left.tile_rows::<2>(row), right, out),
                3 => tile(simd, columns, left.tile_rows::<3>(row), right, out),
                4 => tile(simd, columns, left.tile_rows::<4>(row), right, out),
                5 => tile(simd, columns, left.tile_rows::<5>(row), right, out),
                _ => tile(simd, columns, left.tile_rows::<ROWS>(row), right, out),
            }
        }
    }
}

#[inline(always)]
fn tile<S: Simd, const M: usize>(
    simd: S,
    columns: Columns,
    left: impl TileRows<M>,
    right: Right<'_>,
    out: Out<'_>,
) {
    match columns {
        Columns::Vectors(vectors) => full(simd, vectors, left, right, out),
        Columns::Fewer(width) => ragged(simd, width, left, right, out),
    }
}
