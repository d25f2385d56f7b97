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
use crate::processes::Shares;
use crate::terminal::Ended;

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
    let shares = Shares::new(Arc::clone(&collective));
    let is_shared = matches!(
        &args.command,
        Command::Train(_) | Command::Encode(_) | Command::Detect(_) | Command::Compress(_)
    );
    if !is_shared && !shares.is_first_of_unshared() {
        return Ok(Ended::Done);
    }
    match args.command {
        Command::Train(args) => return train::run(&args, collective),
        Command::Sweep(args) => return sweep::run(&args, &Loader::new(&args.reading)),
        Command::Compare(args) => compare::run(&args)?,
        Command::Evaluate(args) => evaluate::run(&args, &Loader::new(&args.reading))?,
        Command::Encode(args) => encode::run(&args, &Loader::new(&args.reading), &shares)?,
        Command::Decode(args) => decode::run(&args, &Loader::new(&args.reading))?,
        Command::Reconstruct(args) => reconstruct::run(&args, &Loader::new(&args.reading))?,
        Command::Explain(args) => explain::run(&args, &Loader::new(&args.reading))?,
        Command::Denoise(args) => denoise::run(&args, &Loader::new(&args.reading))?,
        Command::Detect(args) => detect::run(&args, &Loader::new(&args.reading), &shares)?,
        Command::Impute(args) => impute::run(&args, &Loader::new(&args.reading))?,
        Command::Sample(args) => sample::run(&args, &Loader::new(&args.reading))?,
        Command::Traverse(args) => traverse::run(&args)?,
        Command::Interpolate(args) => interpolate::run(&args, &Loader::new(&args.reading))?,
        Command::Report(args) => report::run(&args, &Loader::new(&args.reading))?,
        Command::Export(args) => export::run(&args)?,
        Command::Import(args) => import::run(&args)?,
        Command::Compress(args) => compress::run(&args, &Loader::new(&args.reading), &shares)?,
        Command::Decompress(args) => decompress::run(&args)?,
        Command::Inspect(args) => inspect::run(&args)?,
        Command::Completions(args) => completions::run(&args)?,
        Command::Man(args) => man::run(&args)?,
        Command::Presets(args) => presets::run(&args)?,
        Command::Data(command) => data::run(&command)?,
    }
    Ok(Ended::Done)
}
