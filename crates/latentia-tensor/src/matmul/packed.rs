//! The right matrix of many products, laid out once.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::panel::WIDTH;
use super::tile::{Strided, vectors};
use crate::MatrixRef;
use crate::aligned::Aligned;
use crate::dispatch::ARCH;

/// The right matrix `b` of many products `a · b`, laid out as tiles go through it: strips as wide as a tile, the rows of a strip one
/// after another. A product with it copies nothing and reads memory in order, however few rows `a` has.
///
/// ```
/// use latentia_tensor::{Accumulate, Matrix, PackedMatrix, matmul_packed};
///
/// let w = Matrix::from_vec(2, 3, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
/// let mut packed = PackedMatrix::zeros(2, 3);
/// // Pieces are independent of each other, for threads.
/// packed.pieces().for_each(|piece| piece.pack(w.view()));
/// let x = Matrix::from_vec(1, 2, vec![1.0, 10.0]);
/// let mut y = Matrix::zeros(1, 3);
/// matmul_packed(y.view_mut(), Accumulate::Replace, x.view(), &packed);
/// assert_eq!(y.as_slice(), [41.0, 52.0, 63.0]);
/// ```
#[derive(Clone, Debug)]
pub struct PackedMatrix {
    rows: usize,
    cols: usize,
    /// Columns of each strip but the last, which has the others.
    width: usize,
    data: Aligned,
}

/// A piece of a [`PackedMatrix`]: some rows of a strip of columns.
#[derive(Debug)]
pub struct PackedPiece<'a> {
    /// That of the matrix.
    shape: [usize; 2],
    first_row: usize,
    columns: Range<usize>,
    data: &'a mut [f32],
}

/// Elements in a line of the cache: the rows of a transpose that are written at a time.
const LINE: usize = 16;

/// Rows of a piece: the work of a microsecond or two.
const PIECE_ROWS: usize = 8 * LINE;

/// Elements of a matrix up to which wide tiles read it where it lies at full speed.
const IN_PLACE: usize = 1 << 20;

impl PackedMatrix {
    /// Whether products with a matrix `[rows, cols]` are faster where it is laid out: it is large, or tiles are as narrow as a line or two of
    /// the cache, as they are of 16 registers.
    pub fn pays(rows: usize, cols: usize) -> bool {
        rows * cols > IN_PLACE || ARCH.dispatch(TileWidth) < WIDTH
    }

    /// All zeros, `[rows, cols]`.
    pub fn zeros(rows: usize, cols: usize) -> Self {
        Self {
            rows,
            cols,
            width: ARCH.dispatch(TileWidth),
            data: Aligned::zeros(rows * cols),
        }
    }

    /// The pieces in which it is written, some rows of a strip each.
    pub fn pieces(&mut self) -> impl DoubleEndedIterator<Item = PackedPiece<'_>> {
        let (rows, cols, width) = (self.rows, self.cols, self.width);
        let strips = self.data.chunks_mut((rows * width).max(1)).enumerate();
        strips.flat_map(move |(number, strip)| {
            let columns = number * width..cols.min((number + 1) * width);
            let pieces = strip.chunks_mut(PIECE_ROWS * columns.len()).enumerate();
            pieces.map(move |(number, data)| PackedPiece {
                shape: [rows, cols],
                first_row: number * PIECE_ROWS,
                columns: columns.clone(),
                data,
            })
        })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// The matrix from element `(row, column)` on, to the right edge of the column's strip.
    #[inline(always)]
    pub(super) fn right(&self, row: usize, column: usize) -> Strided<'_> {
        let (rows, cols, width) = (self.rows, self.cols, self.width);
        let first = column / width * width;
        let stride = width.min(cols - first);
        Strided {
            data: &self.data
                [(first * rows + row * stride + (column - first)).min(self.data.len())..],
            stride,
        }
    }
}

impl PackedPiece<'_> {
    /// Writes what it has of the matrix `from`, `[rows, cols]`.
    ///
    /// # Panics
    /// When the shapes do not fit.
    pub fn pack(self, from: MatrixRef<'_>) {
        assert_eq!([from.rows(), from.cols()], self.shape, "shape");
        let rows = self.data.chunks_exact_mut(self.columns.len());
        for (to, from) in rows.zip(from.iter_rows().skip(self.first_row)) {
            to.copy_from_slice(&from[self.columns.clone()]);
        }
    }

    /// Writes what it has of the transpose of `from`, `[cols, rows]`.
    ///
    /// # Panics
    /// When the shapes do not fit.
    pub fn pack_transposed(self, from: MatrixRef<'_>) {
        assert_eq!([from.cols(), from.rows()], self.shape, "shape");
        let width = self.columns.len();
        for (block, rows) in self.data.chunks_mut(LINE * width).enumerate() {
            for (to, column) in self.columns.clone().enumerate() {
                let from = &from.row(column)[self.first_row + block * LINE..];
                for (row, x) in rows.chunks_exact_mut(width).zip(from) {
                    row[to] = *x;
                }
            }
        }
    }
}

/// Columns of the widest tile.
struct TileWidth;

impl WithSimd for TileWidth {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        vectors::<S>() * S::F32_LANES
    }
}
