//! Arrays as examples.

use std::io;

use latentia::data::DatasetView;
use latentia::tensor::{Axes, ExampleShape, MatrixMut, Rows, vectorized};
use numpy::{
    Element, PyArray, PyArray1, PyArrayDyn, PyArrayMethods, PyReadonlyArrayDyn, PyUntypedArray,
    PyUntypedArrayMethods,
};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyWeakrefReference;

use crate::error::{Error, Failure};

/// What messages call an array.
pub const NAME: &str = "array";

/// An array of examples, borrowed: `[n, …]`, at least two dimensions, in C order.
pub struct Array<'py> {
    shape: Vec<usize>,
    values: Values<'py>,
    /// An array with a reference of this kind is never resized in place, not even by `refcheck=False`.
    _weak: Bound<'py, PyWeakrefReference>,
}

enum Values<'py> {
    Floats(PyReadonlyArrayDyn<'py, f32>),
    Bytes(PyReadonlyArrayDyn<'py, u8>),
}

/// The values of an array of examples.
#[derive(Clone, Copy)]
pub enum Slice<'a> {
    /// Of `float32`.
    Floats(&'a [f32]),
    /// Of `uint8`.
    Bytes(&'a [u8]),
}

impl<'py> Array<'py> {
    /// Borrows `array`.
    ///
    /// # Errors
    /// When it is no array of these types, not in C order, not aligned, or has one dimension alone.
    pub fn of(array: &Bound<'py, PyAny>) -> PyResult<Self> {
        let untyped = array.cast::<PyUntypedArray>().map_err(|_| {
            PyTypeError::new_err("examples are no NumPy array of `float32` or `uint8`")
        })?;
        let shape = untyped.shape().to_vec();
        if shape.len() < 2 {
            return Err(Error::new_err(format!(
                "the array has {} dimensions; it must have 2 or more, the first of which are the examples",
                shape.len()
            )));
        }
        if shape[0] > u32::MAX as usize {
            let text = format!("{} examples are too many; {} are taken", shape[0], u32::MAX);
            return Err(Error::new_err(text));
        }
        if !untyped.is_c_contiguous() {
            return Err(Error::new_err("the array is not in C order"));
        }
        let values = if let Ok(floats) = array.cast::<PyArrayDyn<f32>>() {
            check_aligned(floats)?;
            Values::Floats(floats.try_readonly()?)
        } else if let Ok(bytes) = array.cast::<PyArrayDyn<u8>>() {
            Values::Bytes(bytes.try_readonly()?)
        } else {
            let text = format!(
                "the array is of {}; examples are of `float32` or `uint8`",
                untyped.dtype()
            );
            return Err(PyTypeError::new_err(text));
        };
        Ok(Self {
            shape,
            values,
            _weak: PyWeakrefReference::new(array)?,
        })
    }

    /// The values.
    ///
    /// # Errors
    /// When they are not one after another.
    pub fn slice(&self) -> PyResult<Slice<'_>> {
        Ok(match &self.values {
            _ if self.shape.contains(&0) => match self.values {
                Values::Floats(_) => Slice::Floats(&[]),
                Values::Bytes(_) => Slice::Bytes(&[]),
            },
            Values::Floats(values) => Slice::Floats(values.as_slice()?),
            Values::Bytes(values) => Slice::Bytes(values.as_slice()?),
        })
    }

    /// How many examples there are.
    pub fn rows(&self) -> usize {
        self.shape[0]
    }

    /// Sizes of an example.
    pub fn example(&self) -> &[usize] {
        &self.shape[1..]
    }

    /// The shape of an example, whose dimensions are `axes`, or what they most likely are.
    ///
    /// # Errors
    /// When an example has more dimensions than these axes, or fewer.
    pub fn example_shape(&self, axes: Option<Axes>) -> PyResult<ExampleShape> {
        let sizes = self.example().to_vec();
        let count = sizes.len();
        match axes {
            None => Ok(sizes.into()),
            Some(axes) => ExampleShape::new(sizes, axes).ok_or_else(|| {
                Error::new_err(format!(
                    "an example of the array has {count} dimensions; `{}` has {}, {}",
                    axes.name(),
                    axes.dimensions().unwrap_or(1),
                    axes.in_words()
                ))
            }),
        }
    }
}

impl<'a> Slice<'a> {
    /// The values as examples of `shape`.
    ///
    /// # Errors
    /// When there are none.
    pub fn view(self, shape: ExampleShape) -> Result<DatasetView<'a>, Failure> {
        Ok(match self {
            Self::Floats(values) => DatasetView::from_floats(NAME, shape, values)?,
            Self::Bytes(values) => DatasetView::from_bytes(NAME, shape, values)?,
        })
    }
}

fn check_aligned(array: &Bound<'_, PyArrayDyn<f32>>) -> PyResult<()> {
    match array.data().is_aligned() {
        true => Ok(()),
        false => Err(Error::new_err("the array is not aligned in memory")),
    }
}

/// Examples, each of which is looked at when it is read: one that is not finite is refused there.
pub struct Finite<'a> {
    rows: &'a DatasetView<'a>,
    takes_missing: bool,
}

impl<'a> Finite<'a> {
    /// `rows`, which may have values that are missing where `takes_missing` holds.
    pub fn new(rows: &'a DatasetView<'a>, takes_missing: bool) -> Self {
        Self {
            rows,
            takes_missing,
        }
    }
}

impl Rows for Finite<'_> {
    fn rows(&self) -> usize {
        self.rows.rows()
    }

    fn cols(&self) -> usize {
        self.rows.cols()
    }

    fn full_scale(&self) -> f32 {
        self.rows.full_scale()
    }

    fn label(&self, index: u32) -> Option<u32> {
        self.rows.label(index)
    }

    fn read(&self, indices: &[u32], mut out: MatrixMut<'_>) -> io::Result<()> {
        self.rows.read(indices, out.reborrow())?;
        if !has_odd(out.as_mut_slice()) {
            return Ok(());
        }
        let wrong = |x: &f32| !(x.is_finite() || self.takes_missing && x.is_nan());
        for (row, &index) in out.iter_rows_mut().zip(indices) {
            if let Some(column) = row.iter().position(wrong) {
                let text = format!(
                    "the value in row {index}, column {column} is {}, which is not finite",
                    row[column]
                );
                return Err(io::Error::new(io::ErrorKind::InvalidData, text));
            }
        }
        Ok(())
    }
}

/// Whether a value is infinite or NaN: all bits of its exponent are set.
fn has_odd(values: &[f32]) -> bool {
    const EXPONENT: u32 = 0xff << 23;
    vectorized(
        #[inline(always)]
        || {
            let odd = |x: &f32| u32::from(x.to_bits() & EXPONENT == EXPONENT);
            values.iter().fold(0, |all, x| all | odd(x)) != 0
        },
    )
}

/// An array of Python's own that takes `values` over: `[rows, …]` of `shape`.
///
/// # Errors
/// When there are not as many.
pub fn array<'py, T: Element>(
    py: Python<'py>,
    values: Vec<T>,
    shape: &[usize],
) -> PyResult<Bound<'py, PyArrayDyn<T>>> {
    let array: Bound<'py, PyArray1<T>> = PyArray::from_vec(py, values);
    array.reshape(shape)
}
