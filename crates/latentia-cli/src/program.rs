//! The program from its arguments to its exit code.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue};
use clap::{Command, CommandFactory, Parser};
use latentia_mpi::Processes;
use latentia_nn::Alone;

use crate::args::Args;
use crate::commands;
use crate::terminal::{
    Ended, INTERRUPTED, UsageError, complain, describe, fall_silent, say_little, tell,
};
use crate::training::resumed;

/// How long a process waits before it says what may be wrong for all of them.
const PATIENCE: Duration = Duration::from_secs(1);

/// Runs the program with the arguments of the process.
#[must_use]
pub fn main() -> ExitCode {
    // Before the arguments are read: what is wrong with them is wrong in all processes, and said once.
    let processes = match latentia_mpi::start() {
        Ok(processes) => processes,
        Err(error) => {
            tell(&format!("error: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let collective = processes.as_ref().map(Processes::collective);
    let collective = collective.unwrap_or_else(|| Arc::new(Alone));
    let rank = collective.rank();
    if rank > 0 {
        fall_silent();
    }
    let ended = arguments().and_then(|args| {
        if args.quiet {
            say_little();
        }
        commands::run(args, collective)
    });
    let code = match ended {
        Ok(Ended::Done) => 0,
        Ok(Ended::Interrupted) => INTERRUPTED,
        // Whoever reads our output has read enough.
        Err(error) if is_broken_pipe(&error) => 0,
        Err(error) => failure(&error, processes.as_ref(), rank),
    };
    if let Some(processes) = processes {
        processes.end();
    }
    ExitCode::from(code)
}

/// What this process is asked for.
///
/// # Errors
/// When the arguments are wrong or ask for help, which is a [`clap::Error`] with code 0, and when there is no run to resume.
fn arguments() -> anyhow::Result<Args> {
    let args = Args::try_parse().map_err(|mut error| {
        without_harm(&mut error);
        error
    })?;
    resumed(args)
}

/// Says why process `rank` ends, and ends the others; gives the exit code.
fn failure(error: &anyhow::Error, processes: Option<&Processes>, rank: usize) -> u8 {
    let code = code_of(error);
    match (rank, code) {
        (0, _) => say(error),
        // The first process shows the help.
        (_, 0) => {}
        _ => {
            // What is wrong for all is for the first process to say, which ends the others.
            thread::sleep(PATIENCE);
            complain(&format!("process {rank}: {}", in_words(error)));
        }
    }
    match processes {
        Some(processes) if code > 0 => processes.abort(code),
        _ => code,
    }
}

/// Prints an error, help or the version.
fn say(error: &anyhow::Error) {
    match error.downcast_ref::<clap::Error>() {
        Some(error) => {
            let _ = error.print();
        }
        None => complain(&in_words(error)),
    }
}

fn in_words(error: &anyhow::Error) -> String {
    match error.downcast_ref::<clap::Error>() {
        Some(error) => error.to_string().trim_end().to_owned(),
        None => format!("error: {}", describe(error)),
    }
}

/// The exit code of an error: 2 where the request itself is wrong, 0 where it asks for help or the version.
fn code_of(error: &anyhow::Error) -> u8 {
    match error.downcast_ref::<clap::Error>() {
        Some(error) => u8::try_from(error.exit_code()).unwrap_or(2),
        None if error.is::<UsageError>() => 2,
        None => 1,
    }
}

/// Takes from a message about a mistake what would answer it with `--force`: a guess is not to destroy anything.
fn without_harm(error: &mut clap::Error) {
    const FORCE: &str = "--force";
    let suggested = error.get(ContextKind::SuggestedArg);
    if suggested == Some(&ContextValue::String(FORCE.into())) {
        error.remove(ContextKind::SuggestedArg);
        // The usage shows what was suggested as if it had been asked for.
        let mut program = Args::command();
        program.build();
        let mut commands = program.get_subcommands_mut();
        let has_force = |c: &&mut Command| c.get_arguments().any(|a| a.get_long() == Some("force"));
        if let Some(command) = commands.find(has_force) {
            let usage = ContextValue::StyledStr(command.render_usage());
            error.insert(ContextKind::Usage, usage);
        }
    }
    // That another command has it.
    if let Some(ContextValue::StyledStrs(tips)) = error.remove(ContextKind::Suggested) {
        let of_force = |tip: &StyledStr| tip.to_string().contains(&format!(" {FORCE}'"));
        let harmless: Vec<StyledStr> = tips.into_iter().filter(|tip| !of_force(tip)).collect();
        if !harmless.is_empty() {
            error.insert(ContextKind::Suggested, ContextValue::StyledStrs(harmless));
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
    kind == Some(io::ErrorKind::BrokenPipe)
}
