//! How long each task of a step takes: what `cargo xtask bench scaling` measures. Without the feature `task-times` nothing is.
//!
//! Times are kept by thread: tasks are told apart where a step runs on a pool of one.

#[cfg(feature = "task-times")]
mod record {
    use std::cell::RefCell;
    use std::time::Instant;

    thread_local! {
        static LOOPS: RefCell<Vec<Vec<f64>>> = const { RefCell::new(Vec::new()) };
    }

    /// Seconds of each task of this thread, loop by loop, since they were last taken.
    pub fn take() -> Vec<Vec<f64>> {
        LOOPS.take()
    }

    pub(crate) fn begin_loop() {
        LOOPS.with_borrow_mut(|loops| loops.push(Vec::new()));
    }

    pub(crate) fn task(work: impl FnOnce()) {
        let start = Instant::now();
        work();
        let seconds = start.elapsed().as_secs_f64();
        // A task that another thread took has no loop on its own.
        LOOPS.with_borrow_mut(|loops| loops.last_mut().map(|tasks| tasks.push(seconds)));
    }
}

#[cfg(not(feature = "task-times"))]
mod record {
    #[inline(always)]
    pub(crate) fn begin_loop() {}

    #[inline(always)]
    pub(crate) fn task(work: impl FnOnce()) {
        work();
    }
}

#[cfg(feature = "task-times")]
pub use record::take;
pub(crate) use record::{begin_loop, task};
