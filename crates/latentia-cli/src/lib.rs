//! The program `latentia`: arguments, progress, tables, pictures, exit codes.
//!
//! It knows no mathematics: it turns arguments into calls of the other crates, and their results into text and files.
//! Data goes to stdout, progress and messages to stderr. Exit codes: 0 done, 1 could not, 2 wrong usage, 130 interrupted.
//!
//! - [`args`]: what can be asked for; [`commands`]: one file for each command
//! - [`examples`]: what a user means by DATA; [`model`], [`config`]: by MODEL and by a configuration
//! - [`evaluation`], [`probes`]: a model's measures beside PCA's
//! - [`picture`], [`table`], [`output`]: PNG, text, NPY and CSV
//! - [`report`], [`rivals`]: a compressed file beside other formats
//! - [`progress`]: a run as it goes; [`run_folder`]: its files; [`fetch`]: downloads

#![forbid(unsafe_code)]

pub mod args;
pub mod commands;
pub mod condition;
pub mod config;
pub mod evaluation;
pub mod examples;
pub mod fetch;
mod message;
pub mod model;
pub mod output;
pub mod picture;
pub mod probes;
pub mod progress;
pub mod report;
pub mod rivals;
pub mod run_folder;
pub mod table;
mod usage;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;

pub use usage::UsageError;

/// The exit code of an interrupted run, as shells give it: 128 + SIGINT.
const INTERRUPTED: u8 = 130;

/// How a command ended, when nothing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It did what it was asked for.
    Done,
    /// The user stopped it; what there was has been kept.
    Interrupted,
}

/// Runs the program with the arguments of the process.
#[must_use]
pub fn main() -> ExitCode {
    let args = match args::Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Help and version come this way too, with code 0.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match commands::run(args) {
        Ok(Ended::Done) => ExitCode::SUCCESS,
        Ok(Ended::Interrupted) => ExitCode::from(INTERRUPTED),
        // Whoever reads our output has read enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Written without panic: stderr may be closed too.
            let _ = writeln!(io::stderr(), "error: {}", message::describe(&error));
            ExitCode::from(if error.is::<UsageError>() { 2 } else { 1 })
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
    kind == Some(io::ErrorKind::BrokenPipe)
}

/// Prints data.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    written.context("cannot write to the standard output")
}

/// Prints a message for people. That nobody reads it is no reason to stop.
pub(crate) fn tell(message: &str) {
    let _ = writeln!(io::stderr(), "{message}");
}
