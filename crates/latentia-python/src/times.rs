//! The times of a series.

use pyo3::prelude::*;

use crate::error::{DataWarning, Failure, warn};

/// Warns of gaps and the like in the times of the rows of a series, which column `column` of `name` says.
///
/// # Errors
/// When dates are in no order.
#[pyfunction]
pub fn check_times(py: Python<'_>, name: &str, column: &str, times: Vec<String>) -> PyResult<()> {
    let times = times.iter().map(String::as_str);
    let told = latentia::data::check_times(name, column, times).map_err(Failure::from)?;
    told.iter()
        .try_for_each(|text| warn::<DataWarning>(py, text))
}
