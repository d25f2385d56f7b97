//! No panic crosses into Python.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::marker::Ungil;
use pyo3::{PyErr, PyResult, Python};

use crate::ending::detached;
use crate::error::{Error, Failure};

/// What `work` gives, done without the interpreter's lock. A panic, which is a defect of ours, is raised as an error like others.
///
/// # Errors
/// Those of `work`.
pub fn without_lock<T: Ungil + Send>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T, Failure> + Ungil + Send,
) -> PyResult<T> {
    let done = detached(py, || catch_unwind(AssertUnwindSafe(work)));
    match done {
        Ok(result) => Ok(result?),
        Err(panic) => Err(defect(&*panic)),
    }
}

/// The error that stands for a panic.
pub fn defect(panic: &(dyn Any + Send)) -> PyErr {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    let text = text.unwrap_or_else(|| "no message".to_owned());
    Error::new_err(format!("a defect of latentia, please report it: {text}"))
}
