//! The end of the interpreter, which waits for what works without its lock.
//!
//! A thread that comes back for the lock of an interpreter that is no more is ended in the middle of our frames, and the process with
//! it. So the interpreter's end asks runs of training to stop after their batch, and waits until every thread of ours is back.

use std::process;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use pyo3::marker::Ungil;
use pyo3::prelude::*;

/// How often it is looked whether all are back.
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// Threads that work without the lock, and the process that they are of: those of one are not in a process that is forked from it. Both
/// change under the lock alone.
static AWAY: AtomicUsize = AtomicUsize::new(0);
static PROCESS: AtomicU32 = AtomicU32::new(0);

/// Whether the interpreter ends.
static ENDS: AtomicBool = AtomicBool::new(false);

/// What `work` gives, done without the interpreter's lock; with it where the interpreter ends, which then waits for the lock.
pub fn detached<T: Ungil + Send>(py: Python<'_>, work: impl FnOnce() -> T + Ungil + Send) -> T {
    if has_begun() {
        return work();
    }
    if PROCESS.swap(process::id(), Ordering::Relaxed) != process::id() {
        AWAY.store(0, Ordering::Relaxed);
    }
    AWAY.fetch_add(1, Ordering::Relaxed);
    let done = py.detach(work);
    AWAY.fetch_sub(1, Ordering::Relaxed);
    done
}

/// Whether what can be stopped is to stop.
pub fn has_begun() -> bool {
    ENDS.load(Ordering::Relaxed)
}

/// Waits until all are back.
#[pyfunction]
fn end(py: Python<'_>) {
    ENDS.store(true, Ordering::Relaxed);
    let is_own = || PROCESS.load(Ordering::Relaxed) == process::id();
    while is_own() && AWAY.load(Ordering::Relaxed) > 0 {
        py.detach(|| thread::sleep(BETWEEN_LOOKS));
    }
}

/// Lets the interpreter of `module` wait at its end.
///
/// # Errors
/// When it cannot be asked to.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let end = wrap_pyfunction!(end, module)?;
    module
        .py()
        .import("atexit")?
        .call_method1("register", (end,))?;
    Ok(())
}
