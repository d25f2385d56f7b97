//! Threads.
//!
//! Work runs on a pool of the process that it is in: the threads of one do not live on in a process that is forked from it, and whoever
//! waits for them would wait for ever. A run of training has a pool of its own, so that two runs, and what a callback asks
//! for meanwhile, never wait for each other's threads.

use std::process;
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::Error;

/// How many threads are asked for, and the pool of this process. It is locked only under the interpreter's lock and never across a
/// release of it, so that no fork finds it locked.
static STATE: Mutex<State> = Mutex::new(State {
    threads: 0,
    pool: None,
});

struct State {
    /// 0 for one each core, or as many as `RAYON_NUM_THREADS` says.
    threads: usize,
    /// With the process whose threads it has.
    pool: Option<(u32, Arc<ThreadPool>)>,
}

/// The pool that everything but training runs on.
///
/// # Errors
/// When the system gives no threads.
pub fn shared(_py: Python<'_>) -> PyResult<Arc<ThreadPool>> {
    let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
    match &state.pool {
        Some((process, pool)) if *process == process::id() => return Ok(Arc::clone(pool)),
        _ => {}
    }
    let pool = Arc::new(build(state.threads)?);
    let before = state.pool.replace((process::id(), Arc::clone(&pool)));
    // Threads of another process cannot be ended from here.
    std::mem::forget(before);
    Ok(pool)
}

/// A pool for one run of training.
///
/// # Errors
/// As [`shared`].
pub fn own(_py: Python<'_>) -> PyResult<ThreadPool> {
    let state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
    build(state.threads)
}

fn build(threads: usize) -> PyResult<ThreadPool> {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build();
    pool.map_err(|error| Error::new_err(format!("there are no threads to be had: {error}")))
}

/// How many threads work at once.
#[pyfunction]
pub fn threads(py: Python<'_>) -> PyResult<usize> {
    Ok(shared(py)?.current_num_threads())
}

/// Sets how many threads work at once; 0 stands for one each core. No result depends on it.
#[pyfunction]
pub fn set_threads(threads: usize) -> PyResult<()> {
    let pool = build(threads)?;
    let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
    state.threads = threads;
    // Who is at work on the one before has it until then.
    let before = state.pool.replace((process::id(), Arc::new(pool)));
    if before
        .as_ref()
        .is_some_and(|(process, _)| *process != process::id())
    {
        std::mem::forget(before);
    }
    Ok(())
}
