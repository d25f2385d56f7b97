//! The end of a run by Ctrl-C.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::terminal::INTERRUPTED;

/// What Ctrl-C does: it ends the program at once, or is kept for a run that has something to write down first.
#[derive(Debug, Default)]
pub struct Interrupt {
    is_asked_for: Arc<AtomicBool>,
    is_kept: Arc<AtomicBool>,
    is_caught: AtomicBool,
}

impl Interrupt {
    /// From now on, the first Ctrl-C is kept. The second time, the user means it.
    ///
    /// # Errors
    /// When Ctrl-C cannot be caught.
    pub fn keep(&self) -> anyhow::Result<()> {
        self.is_kept.store(true, Ordering::Relaxed);
        if self.is_caught.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        let (asked_for, kept) = (Arc::clone(&self.is_asked_for), Arc::clone(&self.is_kept));
        ctrlc::set_handler(move || {
            if asked_for.swap(true, Ordering::Relaxed) || !kept.load(Ordering::Relaxed) {
                std::process::exit(i32::from(INTERRUPTED));
            }
        })?;
        Ok(())
    }

    /// From now on, Ctrl-C ends the program at once.
    pub fn let_go(&self) {
        self.is_kept.store(false, Ordering::Relaxed);
    }

    /// Whether the user has asked for an end.
    pub fn is_asked_for(&self) -> bool {
        self.is_asked_for.load(Ordering::Relaxed)
    }
}
