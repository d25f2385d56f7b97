//! `left · right`, panel by panel and tile by tile.

use pulp::Simd;

use super::accumulate::Accumulate;
use super::packed::PackedMatrix;
use super::panel::Panel;
use super::part::Part;
use super::tile::{Out, RightRows, Scattered, Strided, full, ragged, vectors};
use super::tile_rows::{LeftPart, ROWS, TileRows};
use crate::{MatrixMut, MatrixRef};

/// `out = left · right`, where `left` is handed over part by part.
pub(super) struct Product<'a> {
    pub(super) out: MatrixMut<'a>,
    pub(super) accumulate: Accumulate,
    pub(super) right: Right<'a>,
}

/// The right matrix of a product.
#[derive(Clone, Copy, Debug)]
pub(super) enum Right<'a> {
    /// Where it lies: it is copied to a panel, or read there.
    Matrix(MatrixRef<'a>),
    /// Rows that are anywhere, read there.
    Rows(&'a [&'a [f32]]),
    /// Laid out for tiles.
    Packed(&'a PackedMatrix),
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
        let (cols, widest) = (self.out.cols(), vectors::<S>());
        for column in (0..cols).step_by(widest * S::F32_LANES) {
            let vectors = widest.min((cols - column) / S::F32_LANES);
            let width = vectors * S::F32_LANES;
            if vectors > 0 {
                let columns = (column, width, Columns::Vectors(vectors));
                self.columns(simd, left, part, columns, panel.as_deref_mut());
            }
            // The columns behind the last whole register.
            let fewer = cols - column - width;
            if vectors < widest && fewer > 0 {
                let columns = (column + width, fewer, Columns::Fewer(fewer));
                self.columns(simd, left, part, columns, None);
            }
        }
    }

    /// The `width` columns of one tile, from column `column` on.
    #[inline(always)]
    fn columns<S: Simd>(
        &mut self,
        simd: S,
        left: impl LeftPart,
        part: Part,
        (column, width, columns): (usize, usize, Columns),
        panel: Option<&mut Panel>,
    ) {
        let Part { first, steps, .. } = part;
        let strided = match self.right {
            Right::Rows(rows) => {
                let rows = &rows[first..][..steps];
                let right = Scattered { rows, column };
                return self.tiles(simd, left, part, (column, columns), right);
            }
            Right::Packed(packed) => packed.right(first, column),
            Right::Matrix(matrix) => {
                let (from, stride) = (first * matrix.stride() + column, matrix.stride());
                let data = matrix.span().get(from..).unwrap_or_default();
                match panel {
                    Some(panel) => panel.take(data, stride, steps, width),
                    None => Strided { data, stride },
                }
            }
        };
        self.tiles(simd, left, part, (column, columns), strided);
    }

    /// The tiles of some columns, one below the other.
    #[inline(always)]
    fn tiles<S: Simd>(
        &mut self,
        simd: S,
        left: impl LeftPart,
        part: Part,
        (column, columns): (usize, Columns),
        right: impl RightRows,
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
    right: impl RightRows,
    out: Out<'_>,
) {
    match columns {
        Columns::Vectors(vectors) => full(simd, vectors, left, right, out),
        Columns::Fewer(width) => ragged(simd, width, left, right, out),
    }
}
