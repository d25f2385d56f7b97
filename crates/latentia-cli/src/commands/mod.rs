//! One file for each command.

mod data;
mod decode;
mod denoise;
mod detect;
mod encode;
mod evaluate;
mod explain;
mod inspect;
mod interpolate;
mod presets;
mod reconstruct;
mod sample;
mod train;
mod traverse;

use anyhow::Context;
use latentia_data::Locations;

use crate::Ended;
use crate::args::{Args, Command};

/// Does what was asked for.
///
/// # Errors
/// A [`crate::UsageError`] when the request itself is wrong, else what could not be done.
pub fn run(args: Args) -> anyhow::Result<Ended> {
    let locations = Locations::new(args.data_dir.as_deref());
    let threads = args.threads.map_or(0, usize::from);
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .context("cannot start the threads")?;
    match args.command {
        Command::Train(train) => {
            return train::run(train, &locations, args.data_dir.as_deref());
        }
        Command::Evaluate(args) => evaluate::run(&args, &locations)?,
        Command::Encode(args) => encode::run(&args, &locations)?,
        Command::Decode(args) => decode::run(&args, &locations)?,
        Command::Reconstruct(args) => reconstruct::run(&args, &locations)?,
        Command::Explain(args) => explain::run(&args, &locations)?,
        Command::Denoise(args) => denoise::run(&args, &locations)?,
        Command::Detect(args) => detect::run(&args, &locations)?,
        Command::Sample(args) => sample::run(&args, &locations)?,
        Command::Traverse(args) => traverse::run(&args)?,
        Command::Interpolate(args) => interpolate::run(&args, &locations)?,
        Command::Inspect(args) => inspect::run(&args)?,
        Command::Presets(args) => presets::run(&args)?,
        Command::Data(command) => data::run(&command, &locations, args.data_dir.as_deref())?,
    }
    Ok(Ended::Done)
}
