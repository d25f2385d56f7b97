//! The end of a run by Ctrl-C.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::terminal::INTERRUPTED;

/// What Ctrl-C does: it ends the program at once, or is kept for a run that has something to write down first.
#[derive(Debug, Default)]
pub struct Interrupt {
    is_asked_for: Arc<AtomicBool>,
    /// Runs that have something to write down.
    kept: Arc<AtomicUsize>,
    is_caught: AtomicBool,
}

impl Interrupt {
    /// From now on, the first Ctrl-C is kept. The second time, the user means it.
    ///
    /// # Errors
    /// When Ctrl-C cannot be caught.
    pub fn keep(&self) -> anyhow::Result<()> {
        self.kept.fetch_add(1, Ordering::Relaxed);
        if self.is_caught.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        let (asked_for, kept) = (Arc::clone(&self.is_asked_for), Arc::clone(&self.kept));
        ctrlc::set_handler(move || {
            if asked_for.swap(true, Ordering::Relaxed) || kept.load(Ordering::Relaxed) == 0 {
                std::process::exit(i32::from(INTERRUPTED));
            }
        })?;
        Ok(())
    }

    /// A run that kept it has nothing left to write down: where it was the last, Ctrl-C ends the program at once.
    pub fn let_go(&self) {
        self.kept.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether the user has asked for an end.
    pub fn is_asked_for(&self) -> bool {
        self.is_asked_for.load(Ordering::Relaxed)
    }
}
