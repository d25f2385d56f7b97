//! What goes on with a run that its folder alone names.

use std::env;

use anyhow::{Context, bail};
use clap::Parser;

use super::run_folder::RunFolder;
use crate::args::{Args, Command, RunCommand, TrainArgs};
use crate::terminal::UsageError;

/// What `args` ask for: where that is to go on with a run that they name, all that began it, and the current directory is then that in
/// which it was begun.
///
/// # Errors
/// When that run cannot be gone on with, or more is given than may be another for it.
pub fn resumed(args: Args) -> anyhow::Result<Args> {
    let Command::Train(given) = &args.command else {
        return Ok(args);
    };
    let Some(Some(run)) = given.resume.clone() else {
        return Ok(args);
    };
    check_alone(&args)?;
    let folder = RunFolder::new(std::path::absolute(&run)?);
    let mut command = RunCommand::read(&folder.command(), &run)?;
    let words = ["latentia".to_string()]
        .into_iter()
        .chain(command.arguments.iter().cloned());
    let shown = run.display();
    let began = Args::try_parse_from(words);
    let mut began = began.map_err(|_| {
        UsageError(format!(
            "the command in `{shown}`, of version {}, is none of this version, {}",
            command.version,
            env!("CARGO_PKG_VERSION")
        ))
    })?;
    began.quiet = args.quiet;
    began.threads = args.threads.or(began.threads);
    let Command::Train(train) = &mut began.command else {
        bail!("the command in `{shown}` does not train");
    };
    if train.data.as_deref() == Some("-") {
        return Err(UsageError(format!(
            "`{shown}` was trained on the standard input: the command that began it goes on with it, with --resume"
        ))
        .into());
    }
    command.epochs = given.epochs.or(command.epochs);
    train.epochs = command.epochs.or(train.epochs);
    train.checkpoint_every = given.checkpoint_every.or(train.checkpoint_every);
    (train.json, train.force, train.resume) = (given.json, false, Some(Some(run.clone())));
    train.out = Some(
        if env::current_dir().is_ok_and(|here| here == command.directory) {
            run
        } else {
            folder.path().to_path_buf()
        },
    );
    let directory = &command.directory;
    env::set_current_dir(directory)
        .with_context(|| format!("the run was begun in `{}`", directory.display()))?;
    train.command = Some(command);
    Ok(began)
}

/// Refuses what a run that is gone on with has of its own.
fn check_alone(args: &Args) -> Result<(), UsageError> {
    let bare = |words: &[&str]| Args::try_parse_from(words).map(|args| format!("{args:?}"));
    let Command::Train(given) = &args.command else {
        return Ok(());
    };
    let same = Args {
        threads: None,
        quiet: false,
        command: Command::Train(TrainArgs {
            resume: None,
            epochs: None,
            checkpoint_every: None,
            json: false,
            ..given.clone()
        }),
    };
    let memory = given.reading.memory.to_string();
    match bare(&["latentia", "train", "--memory", &memory]) {
        Ok(bare) if bare != format!("{same:?}") => Err(UsageError(
            "--resume RUN goes on with all that the run was begun with; beside it there can be --epochs, --checkpoint-every, --json, \
             --quiet and --threads"
                .into(),
        )),
        _ => Ok(()),
    }
}
