//! The standard streams: data to one, messages to the other.

use std::cell::Cell;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;

/// Prints data.
///
/// # Errors
/// When the standard output cannot be written.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    written.context("cannot write to the standard output")
}

/// Whether another process speaks for this one.
static IS_SILENT: AtomicBool = AtomicBool::new(false);

/// Whether the user wants to hear of what may be wrong alone.
static IS_QUIET: AtomicBool = AtomicBool::new(false);

/// From now on [`tell`] says warnings alone, and there are no bars.
pub fn say_little() {
    IS_QUIET.store(true, Ordering::Relaxed);
}

thread_local! {
    /// Whether the same holds for what this thread says.
    static IS_QUIET_HERE: Cell<bool> = const { Cell::new(false) };
}

/// As [`say_little`], of this thread alone.
pub fn say_little_here() {
    IS_QUIET_HERE.set(true);
}

/// Whether nothing is to be said but what may be wrong.
pub(super) fn is_quiet() -> bool {
    IS_QUIET.load(Ordering::Relaxed) || IS_QUIET_HERE.get()
}

/// Leaves messages to another process that does the same: from now on [`tell`] says nothing.
pub fn fall_silent() {
    IS_SILENT.store(true, Ordering::Relaxed);
}

/// Prints a message for people. That nobody reads it is no reason to stop.
pub fn tell(message: &str) {
    if !is_quiet() || message.starts_with("warning:") {
        warn(message);
    }
}

/// As [`tell`], also where the user wants to hear little: what may be wrong.
pub fn warn(message: &str) {
    if !IS_SILENT.load(Ordering::Relaxed) {
        complain(message);
    }
}

/// As [`tell`], also in a process that is silent otherwise: why it ends.
pub fn complain(message: &str) {
    let _ = writeln!(io::stderr(), "{message}");
}
