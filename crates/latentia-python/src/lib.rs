//! The extension module of the Python package `latentia`: what the crates do, on arrays.
//!
//! It takes arrays of `float32` and `uint8` in C order, borrowed while it works without the interpreter's lock, and gives arrays of its
//! own. The package in `python/` makes such arrays of whatever people have, and has the names that they use.
//!
//! - [`array`], [`labels`]: arrays as examples, [`given`]: those that fit a model; [`error`]: what is raised; [`guard`]: no panic crosses; [`interrupt`]: Ctrl-C; [`ending`]: the interpreter waits for threads
//! - [`pool`]: threads, also behind a fork
//! - [`model`]: a model, [`onnx`]: for other runtimes; [`experiment`]: what is asked for, [`training`]: how it learns, [`observer`]: watched from Python; [`times`]: those of a series

#![forbid(unsafe_code)]

mod array;
mod ending;
mod error;
mod experiment;
mod given;
mod guard;
mod interrupt;
mod labels;
mod model;
mod observer;
mod onnx;
mod pool;
mod sampling;
mod times;
mod training;

/// What `latentia` in Python is made of.
#[pyo3::pymodule]
mod _latentia {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::experiment::{preset_names, preset_text};
    #[pymodule_export]
    use super::model::Core;
    #[pymodule_export]
    use super::pool::{set_threads, threads};
    #[pymodule_export]
    use super::times::check_times;
    #[pymodule_export]
    use super::training::train;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        super::ending::register(module)?;
        let py = module.py();
        module.add("Error", py.get_type::<super::error::Error>())?;
        module.add("DataWarning", py.get_type::<super::error::DataWarning>())?;
        module.add(
            "TrainingWarning",
            py.get_type::<super::error::TrainingWarning>(),
        )?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
