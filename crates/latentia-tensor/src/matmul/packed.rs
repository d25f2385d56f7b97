//! The right matrix of many products, laid out once.

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
/// let (layout, strips) = packed.split_mut();
/// // Strips are independent of each other, for threads.
/// for (number, strip) in strips.chunks_mut(layout.strip_len()).enumerate() {
///     layout.pack(number, strip, w.view());
/// }
/// let x = Matrix::from_vec(1, 2, vec![1.0, 10.0]);
/// let mut y = Matrix::zeros(1, 3);
/// matmul_packed(y.view_mut(), Accumulate::Replace, x.view(), &packed);
/// assert_eq!(y.as_slice(), [41.0, 52.0, 63.0]);
/// ```
#[derive(Clone, Debug)]
pub struct PackedMatrix {
    layout: PackedLayout,
    data: Aligned,
}

/// Where the elements of a [`PackedMatrix`] are.
#[derive(Clone, Copy, Debug)]
pub struct PackedLayout {
    rows: usize,
    cols: usize,
    /// Columns of each strip but the last, which has the others.
    width: usize,
}

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
        let width = ARCH.dispatch(TileWidth);
        Self {
            layout: PackedLayout { rows, cols, width },
            data: Aligned::zeros(rows * cols),
        }
    }

    /// The layout, and the strips, [`PackedLayout::strip_len`] elements each, to write.
    pub fn split_mut(&mut self) -> (PackedLayout, &mut [f32]) {
        (self.layout, &mut self.data)
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.layout.rows
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.layout.cols
    }

    /// The matrix from element `(row, column)` on, to the right edge of the column's strip.
    #[inline(always)]
    pub(super) fn right(&self, row: usize, column: usize) -> Strided<'_> {
        let PackedLayout { rows, cols, width } = self.layout;
        let first = column / width * width;
        let stride = width.min(cols - first);
        Strided {
            data: &self.data
                [(first * rows + row * stride + (column - first)).min(self.data.len())..],
            stride,
        }
    }
}

impl PackedLayout {
    /// Elements of each strip but the last, which may have fewer.
    pub fn strip_len(self) -> usize {
        (self.rows * self.width).max(1)
    }

    /// Writes strip `number` of the matrix `from`, `[rows, cols]`.
    ///
    /// # Panics
    /// When the shapes do not fit.
    pub fn pack(self, number: usize, strip: &mut [f32], from: MatrixRef<'_>) {
        assert_eq!([from.rows(), from.cols()], [self.rows, self.cols], "shape");
        let columns = self.columns(number);
        let rows = strip.chunks_exact_mut(columns.len());
        for (to, from) in rows.zip(from.iter_rows()) {
            to.copy_from_slice(&from[columns.clone()]);
        }
    }

    /// Writes strip `number` of the transpose of `from`, `[cols, rows]`.
    ///
    /// # Panics
    /// When the shapes do not fit.
    pub fn pack_transposed(self, number: usize, strip: &mut [f32], from: MatrixRef<'_>) {
        /// Rows of the strip that are written at a time: those of a line of the cache.
        const ROWS: usize = 16;
        assert_eq!([from.cols(), from.rows()], [self.rows, self.cols], "shape");
        let columns = self.columns(number);
        let width = columns.len();
        for (block, rows) in strip.chunks_mut(ROWS * width).enumerate() {
            for (to, column) in columns.clone().enumerate() {
                let from = &from.row(column)[block * ROWS..];
                for (row, x) in rows.chunks_exact_mut(width).zip(from) {
                    row[to] = *x;
                }
            }
        }
    }

    /// Columns of strip `number`.
    fn columns(self, number: usize) -> std::ops::Range<usize> {
        let first = number * self.width;
        first..self.cols.min(first + self.width)
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
