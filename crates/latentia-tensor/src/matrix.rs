//! Row-major matrices of `f32` and views of them.
//!
//! A row is an example (or an input unit, for a weight). [`Matrix`] owns its elements, [`MatrixRef`] and [`MatrixMut`]
//! borrow them. A [`MatrixRef`] may have a stride, so that a range of columns is a view; a [`MatrixMut`] is always
//! contiguous.

use std::ops::Range;

use crate::aligned::Aligned;

/// An owned matrix of shape `[rows, cols]`, row-major and contiguous.
///
/// ```
/// use latentia_tensor::Matrix;
///
/// // Three examples of two values.
/// let mut x = Matrix::from_vec(3, 2, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
/// assert_eq!(x.row(1), [3.0, 4.0]);
/// for row in x.view_mut().iter_rows_mut() {
///     row[0] *= 10.0;
/// }
/// // Views copy nothing: the second column, and the first row.
/// assert_eq!(x.view().columns(1..2).iter_rows().flatten().sum::<f32>(), 12.0);
/// assert_eq!(x.top(1).row(0), [10.0, 2.0]);
/// assert_eq!(x.view().row_range(1..3).row(0), [30.0, 4.0]);
/// assert_eq!(x.into_vec(), [10.0, 2.0, 30.0, 4.0, 50.0, 6.0]);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matrix {
    data: Aligned,
    rows: usize,
    cols: usize,
}

impl Matrix {
    /// A matrix of zeros, whose first begins a line of the cache: products are faster so.
    pub fn zeros(rows: usize, cols: usize) -> Self {
        Self {
            data: Aligned::zeros(rows * cols),
            rows,
            cols,
        }
    }

    /// A matrix that takes over `data`, row by row.
    ///
    /// # Panics
    /// When `data` does not hold exactly `rows * cols` elements.
    pub fn from_vec(rows: usize, cols: usize, data: Vec<f32>) -> Self {
        assert_eq!(
            data.len(),
            rows * cols,
            "a {rows} x {cols} matrix needs as many elements"
        );
        Self {
            data: data.into(),
            rows,
            cols,
        }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// All elements, row after row.
    pub fn as_slice(&self) -> &[f32] {
        &self.data
    }

    /// All elements, row after row, to write.
    pub fn as_mut_slice(&mut self) -> &mut [f32] {
        &mut self.data
    }

    /// The elements, without the shape.
    pub fn into_vec(self) -> Vec<f32> {
        self.data.into_vec()
    }

    /// Row `row`.
    pub fn row(&self, row: usize) -> &[f32] {
        &self.data[row * self.cols..][..self.cols]
    }

    /// A view of the whole matrix.
    pub fn view(&self) -> MatrixRef<'_> {
        MatrixRef::new(&self.data, self.rows, self.cols)
    }

    /// A view of the whole matrix, to write.
    pub fn view_mut(&mut self) -> MatrixMut<'_> {
        MatrixMut::new(&mut self.data, self.rows, self.cols)
    }

    /// A view of the first `rows` rows.
    pub fn top(&self, rows: usize) -> MatrixRef<'_> {
        MatrixRef::new(&self.data[..rows * self.cols], rows, self.cols)
    }

    /// A view of the first `rows` rows, to write.
    pub fn top_mut(&mut self, rows: usize) -> MatrixMut<'_> {
        MatrixMut::new(&mut self.data[..rows * self.cols], rows, self.cols)
    }
}

/// A view of shape `[rows, cols]` whose rows lie `stride` elements apart.
#[derive(Clone, Copy, Debug)]
pub struct MatrixRef<'a> {
    data: &'a [f32],
    rows: usize,
    cols: usize,
    stride: usize,
}

impl<'a> MatrixRef<'a> {
    /// A view of contiguous rows.
    ///
    /// # Panics
    /// When `data` does not hold exactly `rows * cols` elements.
    pub fn new(data: &'a [f32], rows: usize, cols: usize) -> Self {
        assert_eq!(
            data.len(),
            rows * cols,
            "a {rows} x {cols} view needs as many elements"
        );
        Self {
            data,
            rows,
            cols,
            stride: cols,
        }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Distance between the starts of two rows.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// Row `row`.
    pub fn row(&self, row: usize) -> &'a [f32] {
        &self.data[row * self.stride..][..self.cols]
    }

    /// The rows, first to last.
    pub fn iter_rows(self) -> impl Iterator<Item = &'a [f32]> + Clone {
        (0..self.rows).map(move |row| self.row(row))
    }

    /// The same rows, only the columns in `range`.
    pub fn columns(self, range: Range<usize>) -> Self {
        assert!(range.start <= range.end && range.end <= self.cols);
        // An empty view may start past the last element of `data`.
        let start = range.start.min(self.data.len());
        Self {
            data: &self.data[start..],
            cols: range.end - range.start,
            ..self
        }
    }

    /// The rows in `range` alone.
    pub fn row_range(self, range: Range<usize>) -> Self {
        assert!(range.start <= range.end && range.end <= self.rows);
        // An empty view may start past the last element of `data`.
        let start = (range.start * self.stride).min(self.data.len());
        Self {
            data: &self.data[start..],
            rows: range.end - range.start,
            ..self
        }
    }

    /// The elements from the first of the first row to the last of the last row; those between two rows are included.
    pub fn span(&self) -> &'a [f32] {
        match self.rows {
            0 => &[],
            rows => &self.data[..(rows - 1) * self.stride + self.cols],
        }
    }

    /// A copy of the viewed elements.
    pub fn to_matrix(&self) -> Matrix {
        let mut copy = Matrix::zeros(self.rows, self.cols);
        for (row, from) in self.iter_rows().enumerate() {
            copy.data[row * self.cols..][..self.cols].copy_from_slice(from);
        }
        copy
    }
}

/// A contiguous view of shape `[rows, cols]`, to write.
#[derive(Debug)]
pub struct MatrixMut<'a> {
    data: &'a mut [f32],
    rows: usize,
    cols: usize,
}

impl<'a> MatrixMut<'a> {
    /// A view of contiguous rows.
    ///
    /// # Panics
    /// When `data` does not hold exactly `rows * cols` elements.
    pub fn new(data: &'a mut [f32], rows: usize, cols: usize) -> Self {
        assert_eq!(
            data.len(),
            rows * cols,
            "a {rows} x {cols} view needs as many elements"
        );
        Self { data, rows, cols }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// All elements, row after row.
    pub fn as_mut_slice(&mut self) -> &mut [f32] {
        self.data
    }

    /// Row `row`.
    pub fn row_mut(&mut self, row: usize) -> &mut [f32] {
        &mut self.data[row * self.cols..][..self.cols]
    }

    /// The rows, first to last.
    pub fn iter_rows_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        let (rows, cols) = (self.rows, self.cols);
        let mut rest = &mut *self.data;
        (0..rows).map(move |_| {
            let (row, tail) = std::mem::take(&mut rest).split_at_mut(cols);
            rest = tail;
            row
        })
    }

    /// The same view, to read.
    pub fn as_ref(&self) -> MatrixRef<'_> {
        MatrixRef::new(self.data, self.rows, self.cols)
    }

    /// The same view, to read from now on.
    pub fn into_ref(self) -> MatrixRef<'a> {
        MatrixRef::new(self.data, self.rows, self.cols)
    }

    /// The same view, borrowed again.
    pub fn reborrow(&mut self) -> MatrixMut<'_> {
        MatrixMut::new(self.data, self.rows, self.cols)
    }
}

/// `y = xᵀ`: `[cols, rows]` from `[rows, cols]`.
pub fn transpose(x: &[f32], rows: usize, cols: usize, y: &mut [f32]) {
    for (column, y) in y.chunks_mut(rows.max(1)).enumerate().take(cols) {
        for (y, x) in y.iter_mut().zip(x[column..].iter().step_by(cols)) {
            *y = *x;
        }
    }
}
