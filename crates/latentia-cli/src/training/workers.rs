//! Runs beside each other.

use std::thread;

use anyhow::Context;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::terminal::{Ended, say_little_here};

/// Those who train runs beside each other, with the threads of the program divided among them. What a run gives does not depend on them.
pub struct Workers {
    /// A pool each; none where one alone has all threads of the program.
    pools: Vec<ThreadPool>,
}

impl Workers {
    /// As many as `asked` for, else as there are threads, but never more than those or than `runs`.
    ///
    /// # Errors
    /// When threads cannot be started.
    pub fn of(asked: Option<usize>, runs: usize) -> anyhow::Result<Self> {
        let threads = rayon::current_num_threads();
        let workers = asked.unwrap_or(threads).min(threads).min(runs);
        if workers <= 1 {
            return Ok(Self { pools: Vec::new() });
        }
        let pools = (0..workers).map(|worker| {
            let own = threads * (worker + 1) / workers - threads * worker / workers;
            let pool = ThreadPoolBuilder::new().num_threads(own);
            // Several bars, or lines of several runs, would tell nobody anything.
            let pool = pool.start_handler(|_| say_little_here());
            pool.build().context("cannot start the threads")
        });
        Ok(Self {
            pools: pools.collect::<anyhow::Result<_>>()?,
        })
    }

    /// Whether runs say little of themselves, as others are trained beside them.
    pub fn are_several(&self) -> bool {
        !self.pools.is_empty()
    }

    /// Has each of them do `work` with its pool. How all have ended: by the first error, or interrupted where one was.
    ///
    /// # Errors
    /// The first of those who had one.
    pub fn each(
        &self,
        work: impl Fn(Option<&ThreadPool>) -> anyhow::Result<Ended> + Sync,
    ) -> anyhow::Result<Ended> {
        if self.pools.is_empty() {
            return work(None);
        }
        let work = &work;
        let ended: Vec<anyhow::Result<Ended>> = thread::scope(|scope| {
            let pools = self.pools.iter();
            let all = pools.map(|pool| scope.spawn(move || work(Some(pool))));
            let all: Vec<_> = all.collect();
            let ended = all.into_iter().map(|worker| worker.join());
            ended
                .map(|ended| ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        });
        let ended = ended.into_iter().collect::<anyhow::Result<Vec<Ended>>>()?;
        let is_cut = ended.contains(&Ended::Interrupted);
        Ok(if is_cut {
            Ended::Interrupted
        } else {
            Ended::Done
        })
    }
}
