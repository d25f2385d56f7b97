//! From the arguments to the command that does what they ask for.

use std::sync::Arc;

use anyhow::Context;
use latentia_nn::Collective;

use super::{
    compare, completions, compress, data, decode, decompress, denoise, detect, encode, evaluate,
    explain, export, import, impute, inspect, interpolate, man, presets, reconstruct, report,
    sample, sweep, train, traverse,
};
use crate::args::{Args, Command};
use crate::inputs::Loader;
use crate::terminal::{Ended, tell};

/// Does what was asked for, in the processes of `collective` together. What they do not share is done by the first one alone.
///
/// # Errors
/// A [`UsageError`](crate::terminal::UsageError) when the request itself is wrong, else what could not be done.
pub fn run(args: Args, collective: Arc<dyn Collective>) -> anyhow::Result<Ended> {
    let threads = args.threads.map_or(0, usize::from);
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .context("cannot start the threads")?;
    if let Command::Train(train) = &args.command {
        return train::run(train, collective);
    }
    if collective.rank() > 0 {
        return Ok(Ended::Done);
    }
    if collective.ranks() > 1 {
        tell("the first process does all of it: only `train` is shared among processes");
    }
    match args.command {
        // It is done.
        Command::Train(_) => {}
        Command::Sweep(args) => return sweep::run(&args, &Loader::new(&args.reading)),
        Command::Compare(args) => compare::run(&args)?,
        Command::Evaluate(args) => evaluate::run(&args, &Loader::new(&args.reading))?,
        Command::Encode(args) => encode::run(&args, &Loader::new(&args.reading))?,
        Command::Decode(args) => decode::run(&args, &Loader::new(&args.reading))?,
        Command::Reconstruct(args) => reconstruct::run(&args, &Loader::new(&args.reading))?,
        Command::Explain(args) => explain::run(&args, &Loader::new(&args.reading))?,
        Command::Denoise(args) => denoise::run(&args, &Loader::new(&args.reading))?,
        Command::Detect(args) => detect::run(&args, &Loader::new(&args.reading))?,
        Command::Impute(args) => impute::run(&args, &Loader::new(&args.reading))?,
        Command::Sample(args) => sample::run(&args, &Loader::new(&args.reading))?,
        Command::Traverse(args) => traverse::run(&args)?,
        Command::Interpolate(args) => interpolate::run(&args, &Loader::new(&args.reading))?,
        Command::Report(args) => report::run(&args, &Loader::new(&args.reading))?,
        Command::Export(args) => export::run(&args)?,
        Command::Import(args) => import::run(&args)?,
        Command::Compress(args) => compress::run(&args, &Loader::new(&args.reading))?,
        Command::Decompress(args) => decompress::run(&args)?,
        Command::Inspect(args) => inspect::run(&args)?,
        Command::Completions(args) => completions::run(&args)?,
        Command::Man(args) => man::run(&args)?,
        Command::Presets(args) => presets::run(&args)?,
        Command::Data(command) => data::run(&command)?,
    }
    Ok(Ended::Done)
}
