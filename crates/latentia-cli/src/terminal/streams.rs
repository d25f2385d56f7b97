//! The standard streams: data to one, messages to the other.

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

/// Leaves messages to another process that does the same: from now on [`tell`] says nothing.
pub fn fall_silent() {
    IS_SILENT.store(true, Ordering::Relaxed);
}

/// Prints a message for people. That nobody reads it is no reason to stop.
pub fn tell(message: &str) {
    if !IS_SILENT.load(Ordering::Relaxed) {
        complain(message);
    }
}

/// As [`tell`], also in a process that is silent otherwise: why it ends.
pub fn complain(message: &str) {
    let _ = writeln!(io::stderr(), "{message}");
}
