//! How many values an example has.

use crate::error::DataError;

/// Values of an example of `shape`, when `values` of them make whole examples.
pub(crate) fn example_size(name: &str, shape: &[usize], values: usize) -> Result<usize, DataError> {
    let cols = shape
        .iter()
        .try_fold(1, |cols: usize, &size| cols.checked_mul(size));
    let Some(cols) = cols.filter(|&cols| cols > 0 && !shape.is_empty()) else {
        return Err(DataError::invalid(
            name,
            "shape of an example",
            format!("{shape:?}"),
            "one dimension or more, each of size 1 or more",
        ));
    };
    if values == 0 || !values.is_multiple_of(cols) {
        return Err(DataError::invalid(
            name,
            "values",
            values.to_string(),
            format!("one example or more, each of {cols} values (shape {shape:?})"),
        ));
    }
    if values / cols > u32::MAX as usize {
        return Err(DataError::invalid(
            name,
            "examples",
            (values / cols).to_string(),
            format!("{} at most", u32::MAX),
        ));
    }
    Ok(cols)
}
