//! Arrays of the crate `ndarray` as examples, and matrices as arrays.

use std::io;

use ndarray::{
    Array2, ArrayBase, ArrayView2, ArrayViewMut2, Data, ErrorKind, Ix2, ShapeBuilder, ShapeError,
};

use crate::{Matrix, MatrixMut, MatrixRef, Rows};

/// What examples in an array are made of: `f32`, or `u8`, of which 255 stands for one.
pub trait Element: Copy + Sync + sealed::Sealed {
    /// See [`Rows::full_scale`].
    const FULL_SCALE: f32;

    /// The same value.
    fn value(self) -> f32;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for u8 {}
}

impl Element for f32 {
    const FULL_SCALE: f32 = 1.0;

    fn value(self) -> f32 {
        self
    }
}

impl Element for u8 {
    const FULL_SCALE: f32 = 255.0;

    fn value(self) -> f32 {
        self.into()
    }
}

/// The rows of an array or of a view of one are examples, whatever its layout: they are read where they lie.
///
/// ```
/// use latentia_tensor::{Matrix, Rows};
/// use ndarray::{Array2, array, s};
///
/// # fn main() -> std::io::Result<()> {
/// let bytes: Array2<u8> = array![[0, 51, 255], [1, 2, 3]];
/// let examples = bytes.slice(s![.., 1..]);
/// let mut read = Matrix::zeros(1, 2);
/// examples.read(&[0], read.view_mut())?;
/// assert_eq!((read.as_slice(), examples.full_scale()), (&[51.0, 255.0][..], 255.0));
/// # Ok(())
/// # }
/// ```
impl<S> Rows for ArrayBase<S, Ix2>
where
    S: Data + Sync,
    S::Elem: Element,
{
    fn rows(&self) -> usize {
        self.nrows()
    }

    fn cols(&self) -> usize {
        self.ncols()
    }

    fn full_scale(&self) -> f32 {
        S::Elem::FULL_SCALE
    }

    fn read(&self, indices: &[u32], mut out: MatrixMut<'_>) -> io::Result<()> {
        for (out, &index) in out.iter_rows_mut().zip(indices) {
            for (out, x) in out.iter_mut().zip(self.row(index as usize)) {
                *out = x.value();
            }
        }
        Ok(())
    }
}

/// The matrix as an array, without a copy.
impl From<Matrix> for Array2<f32> {
    fn from(matrix: Matrix) -> Self {
        let shape = (matrix.rows(), matrix.cols());
        Self::from_shape_vec(shape, matrix.into_vec()).expect("as many elements as the shape says")
    }
}

/// The array as a matrix; a copy only where its rows do not lie one after another.
impl From<Array2<f32>> for Matrix {
    fn from(array: Array2<f32>) -> Self {
        let (rows, cols) = array.dim();
        let array = match array.is_standard_layout() {
            true => array,
            false => array.as_standard_layout().into_owned(),
        };
        // An array that was sliced in place keeps the elements before and behind.
        let (mut data, offset) = array.into_raw_vec_and_offset();
        data.drain(..offset.unwrap_or(0));
        data.truncate(rows * cols);
        Self::from_vec(rows, cols, data)
    }
}

/// A view of the matrix, without a copy.
impl<'a> From<&'a Matrix> for ArrayView2<'a, f32> {
    fn from(matrix: &'a Matrix) -> Self {
        matrix.view().into()
    }
}

/// The same view, without a copy.
impl<'a> From<MatrixRef<'a>> for ArrayView2<'a, f32> {
    fn from(view: MatrixRef<'a>) -> Self {
        let shape = (view.rows(), view.cols());
        let array = match shape {
            // Strides of nothing are out of bounds to an array.
            (0, _) | (_, 0) => Self::from_shape(shape, &[]),
            _ => Self::from_shape(shape.strides((view.stride(), 1)), view.span()),
        };
        array.expect("rows that lie a stride apart")
    }
}

/// The same view, without a copy.
///
/// # Errors
/// When the array's rows do not lie one after another.
impl<'a> TryFrom<ArrayViewMut2<'a, f32>> for MatrixMut<'a> {
    type Error = ShapeError;

    fn try_from(view: ArrayViewMut2<'a, f32>) -> Result<Self, ShapeError> {
        let (rows, cols) = view.dim();
        let data = view.into_slice();
        let data = data.ok_or_else(|| ShapeError::from_kind(ErrorKind::IncompatibleLayout))?;
        Ok(Self::new(data, rows, cols))
    }
}
