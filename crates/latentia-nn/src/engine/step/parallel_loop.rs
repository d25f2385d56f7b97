//! A loop whose items go to the threads of the current pool one at a time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::{hint, thread};

use rayon::prelude::*;

use crate::task_times;

/// Rounds for which a thread without work waits for the others awake, about a tenth of a millisecond.
const ROUNDS_AWAKE: usize = 200;
const SPINS: usize = 16;

/// Does `work` on each item with its number, on all threads where that is worth it.
pub(super) fn each<T: Send>(items: &mut [T], parallel: bool, work: impl Fn(usize, &mut T) + Sync) {
    let items = items.iter_mut().enumerate();
    each_in_turn(items, parallel, |(number, item)| work(number, item));
}

/// Does `work` on every item, on all threads where `parallel` says that it is worth it: a thread that is free takes the next item, half of
/// the threads from the front and half from the back, so that of two each finds in its cache what it had in the last step. Nothing is
/// allocated.
///
/// Threads leave the loop together, and so find the next one awake: to put a thread to sleep and to wake it takes as long as a task.
/// A task is not to wait for other tasks of the pool.
pub fn each_in_turn<I>(items: I, parallel: bool, work: impl Fn(I::Item) + Sync)
where
    I: DoubleEndedIterator<Item: Send> + Send,
{
    task_times::begin_loop();
    let work = |item| task_times::task(|| work(item));
    let threads = match parallel {
        true => rayon::current_num_threads(),
        false => 1,
    };
    let threads = items
        .size_hint()
        .1
        .map_or(threads, |most| most.min(threads));
    // A parallel loop of one thread would cost a small step more than its work.
    if threads <= 1 {
        return items.for_each(work);
    }
    let items = Mutex::new(items);
    let next = |thread| {
        let mut items = items.lock().unwrap_or_else(PoisonError::into_inner);
        match thread % 2 {
            0 => items.next(),
            _ => items.next_back(),
        }
    };
    let busy = AtomicUsize::new(0);
    (0..threads).into_par_iter().with_max_len(1).for_each(|_| {
        busy.fetch_add(1, Ordering::Relaxed);
        let thread = rayon::current_thread_index().unwrap_or(0);
        while let Some(item) = next(thread) {
            work(item);
        }
        busy.fetch_sub(1, Ordering::Release);
        for _ in 0..ROUNDS_AWAKE {
            if busy.load(Ordering::Acquire) == 0 {
                break;
            }
            (0..SPINS).for_each(|_| hint::spin_loop());
            // To whoever else needs this core.
            thread::yield_now();
        }
    });
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use rayon::ThreadPoolBuilder;

    use super::*;

    fn on_threads(threads: usize, work: impl FnOnce() + Send) {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("a pool of threads").install(work);
    }

    #[test]
    fn every_item_has_its_turn_once_on_any_number_of_threads() {
        for threads in [1, 2, 5] {
            for count in [0, 1, 3, 1000] {
                let mut items = vec![0; count];
                on_threads(threads, || {
                    each(&mut items, true, |at, item| *item += at + 1)
                });
                assert!(items.iter().copied().eq(1..=count), "{threads} threads");
            }
        }
    }

    #[test]
    fn a_loop_within_a_task_ends_and_so_does_one_with_a_task_that_panics() {
        let done = AtomicUsize::new(0);
        let count = |_| {
            done.fetch_add(1, Ordering::Relaxed);
        };
        on_threads(3, || {
            each_in_turn(0..20, true, |_| each_in_turn(0..20, true, count));
            let broken = || each_in_turn(0..20, true, |at| assert!(at != 7, "a broken task"));
            assert!(catch_unwind(AssertUnwindSafe(broken)).is_err());
            each_in_turn(0..20, true, count);
        });
        assert_eq!(done.into_inner(), 420);
    }
}
