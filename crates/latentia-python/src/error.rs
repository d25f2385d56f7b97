//! What is raised.

use std::ffi::CString;
use std::io;

use latentia::codec::CodecError;
use latentia::data::DataError;
use latentia::models::ModelError;
use pyo3::exceptions::{
    PyFileNotFoundError, PyIsADirectoryError, PyOSError, PyPermissionError, PyUserWarning,
    PyValueError,
};
use pyo3::prelude::*;
use pyo3::{PyErr, PyTypeInfo};

pyo3::create_exception!(
    latentia,
    Error,
    PyValueError,
    "What cannot be done with these values, this model or this file, in the words of the program `latentia`."
);

pyo3::create_exception!(
    latentia,
    DataWarning,
    PyUserWarning,
    "Of data from which less can be learned than they seem to hold, in the words of the program `latentia`."
);

pyo3::create_exception!(
    latentia,
    TrainingWarning,
    PyUserWarning,
    "Of a run that went back from a loss that was not finite, or whose gradients vanish or explode."
);

/// Warns whoever called the package of `text`, as a `W`.
///
/// # Errors
/// Where warnings are to be raised.
pub fn warn<W: PyTypeInfo>(py: Python<'_>, text: &str) -> PyResult<()> {
    // The frame below is that of the package.
    const CALLER: i32 = 2;
    let text = CString::new(text.replace('\0', ""))?;
    PyErr::warn(py, &py.get_type::<W>(), &text, CALLER)
}

/// What Python raises in place of an error of the crates: that of the system where a file is at fault, else [`Error`].
pub fn raised(error: &(dyn std::error::Error + 'static)) -> PyErr {
    let text = error.to_string();
    match file_error(error).map(io::Error::kind) {
        Some(io::ErrorKind::NotFound) => PyFileNotFoundError::new_err(text),
        Some(io::ErrorKind::PermissionDenied) => PyPermissionError::new_err(text),
        Some(io::ErrorKind::IsADirectory) => PyIsADirectoryError::new_err(text),
        Some(_) => PyOSError::new_err(text),
        None => Error::new_err(text),
    }
}

/// The system's error where a file could not be read or written.
fn file_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a io::Error> {
    match error.downcast_ref::<ModelError>() {
        Some(ModelError::Read { source, .. } | ModelError::Write { source, .. }) => Some(source),
        _ => None,
    }
}

/// The error that an example was refused by while it was read, where that is what `error` is.
fn refused(error: &ModelError) -> Option<String> {
    let (ModelError::Examples(error) | ModelError::Codes(error)) = error else {
        return None;
    };
    let is_refusal = error.kind() == io::ErrorKind::InvalidData;
    is_refusal.then(|| error.to_string())
}

/// An error of any of the crates.
pub struct Failure(PyErr);

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        failure.0
    }
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self(error)
    }
}

impl From<ModelError> for Failure {
    fn from(error: ModelError) -> Self {
        match refused(&error) {
            Some(text) => Self(Error::new_err(text)),
            None => Self(raised(&error)),
        }
    }
}

impl From<CodecError> for Failure {
    fn from(error: CodecError) -> Self {
        match error {
            CodecError::Model(error) => error.into(),
            error => Self(raised(&error)),
        }
    }
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Self {
        Self(raised(&error))
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self(Error::new_err(in_words(&error)))
    }
}

/// What is wrong with a specification, without the place in a text that nobody wrote.
fn in_words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let end = text.rfind(" at line ").unwrap_or(text.len());
    text[..end].to_owned()
}

/// The error that stands for what others wrap.
pub fn boxed(error: &(dyn std::error::Error + Send + Sync + 'static)) -> PyErr {
    Error::new_err(error.to_string())
}

/// A model without a detector was asked for what one knows.
pub fn no_detector() -> PyErr {
    Error::new_err("the model has no detector: scores are its loss, which nothing calibrates")
}
