//! The standard streams: data to one, messages to the other.

use std::io::{self, Write};

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

/// Prints a message for people. That nobody reads it is no reason to stop.
pub fn tell(message: &str) {
    let _ = writeln!(io::stderr(), "{message}");
}
