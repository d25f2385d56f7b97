//! Some rows, or all of them, as a detector reads them.

use latentia_tensor::{Matrix, Rows, Subset, map_in_place};

use crate::ModelError;
use crate::autoencoder::inference::rows_at_once;

/// At most `most` of `rows`, evenly spaced.
pub(super) fn spaced(rows: &dyn Rows, most: usize) -> Subset<'_> {
    let (all, some) = (rows.rows() as u64, rows.rows().min(most) as u64);
    Subset::new(rows, (0..some).map(|i| (i * all / some) as u32).collect())
}

/// What `make` makes of a few of `rows` at a time, one after another: for what takes more memory than it leaves.
pub(super) fn few_at_a_time<T>(
    rows: &dyn Rows,
    make: impl Fn(&dyn Rows) -> Result<Vec<T>, ModelError>,
) -> Result<Vec<T>, ModelError> {
    in_parts(rows, rows_at_once(rows.cols()), make)
}

/// As [`few_at_a_time`], `at_once` of them. What is wrong with a row is told by its number among all.
pub(super) fn in_parts<T>(
    rows: &dyn Rows,
    at_once: usize,
    make: impl Fn(&dyn Rows) -> Result<Vec<T>, ModelError>,
) -> Result<Vec<T>, ModelError> {
    let all = rows.rows();
    let mut made = Vec::with_capacity(all);
    for first in (0..all).step_by(at_once) {
        let last = all.min(first + at_once);
        let some = Subset::new(rows, (first as u32..last as u32).collect());
        made.extend(make(&some).map_err(|error| error.of_example(|row| first + row))?);
    }
    Ok(made)
}

/// All of `rows`, in the data's own scale: bytes count as values in `[0, 1]`.
pub(super) fn raw(rows: &dyn Rows) -> Result<Matrix, ModelError> {
    let mut values = Matrix::zeros(rows.rows(), rows.cols());
    let all: Vec<u32> = (0..rows.rows() as u32).collect();
    rows.read(&all, values.view_mut())?;
    let full_scale = rows.full_scale();
    if full_scale != 1.0 {
        map_in_place(values.as_mut_slice(), move |x| x / full_scale);
    }
    Ok(values)
}
