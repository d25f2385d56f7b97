//! Ctrl-C while something works without the interpreter's lock.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use latentia::Rows;
use latentia::tensor::MatrixMut;
use pyo3::prelude::*;
use rayon::ThreadPool;

use crate::ending::{self, detached};
use crate::error::Failure;
use crate::guard::defect;

/// How often signals are looked for.
pub const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// What `work` gives, done on the threads of `pool` and without the interpreter's lock, while this thread looks for signals. What one of
/// them raises sets the flag that `work` is handed, and is raised when that has ended; see [`Interruptible`].
///
/// # Errors
/// Those of `work`; a panic, which is a defect of ours, as [`crate::guard::without_lock`] does.
pub fn interruptibly<T: Send>(
    py: Python<'_>,
    pool: &ThreadPool,
    work: impl FnOnce(&AtomicBool) -> Result<T, Failure> + Send,
) -> PyResult<T> {
    let stop = AtomicBool::new(false);
    let (mut done, mut raised) = (None, None);
    let (done_out, raised_out, asked) = (&mut done, &mut raised, &stop);
    detached(py, move || {
        let (at_work, heard) = channel::<()>();
        pool.in_place_scope(|scope| {
            scope.spawn(move |_| {
                *done_out = Some(catch_unwind(AssertUnwindSafe(|| work(asked))));
                drop(at_work);
            });
            while heard.recv_timeout(BETWEEN_LOOKS) == Err(RecvTimeoutError::Timeout) {
                let looked = Python::attach(|py| py.check_signals());
                if let Err(error) = looked {
                    raised_out.get_or_insert(error);
                }
                if raised_out.is_some() || ending::has_begun() {
                    asked.store(true, Ordering::Relaxed);
                }
            }
        });
    });
    match (raised, done) {
        (Some(error), _) => Err(error),
        (None, Some(Ok(result))) => Ok(result?),
        (None, Some(Err(panic))) => Err(defect(&*panic)),
        (None, None) => Err(defect(&"the work did not begin")),
    }
}

/// Examples that are read until a flag is set.
pub struct Interruptible<'a> {
    rows: &'a dyn Rows,
    stop: &'a AtomicBool,
}

impl<'a> Interruptible<'a> {
    /// `rows`, which cannot be read once `stop` is set.
    pub fn new(rows: &'a dyn Rows, stop: &'a AtomicBool) -> Self {
        Self { rows, stop }
    }
}

/// Nothing where `stop` is not set.
///
/// # Errors
/// When it is.
pub fn check(stop: &AtomicBool) -> io::Result<()> {
    match stop.load(Ordering::Relaxed) {
        true => Err(io::ErrorKind::Interrupted.into()),
        false => Ok(()),
    }
}

impl Rows for Interruptible<'_> {
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

    fn read(&self, indices: &[u32], out: MatrixMut<'_>) -> io::Result<()> {
        check(self.stop)?;
        self.rows.read(indices, out)
    }
}
