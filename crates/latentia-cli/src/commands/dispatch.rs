//! From the arguments to the command that does what they ask for.

use anyhow::Context;
use latentia_data::{LoadOptions, Locations};

use super::{
    compress, data, decode, decompress, denoise, detect, encode, evaluate, explain, export, import,
    impute, inspect, interpolate, presets, reconstruct, sample, train, traverse,
};
use crate::args::{Args, Command};
use crate::inputs::Loader;
use crate::terminal::Ended;

/// Does what was asked for.
///
/// # Errors
/// A [`UsageError`](crate::terminal::UsageError) when the request itself is wrong, else what could not be done.
pub fn run(args: Args) -> anyhow::Result<Ended> {
    let loader = Loader {
        locations: Locations::new(args.data_dir.as_deref()),
        options: LoadOptions {
            strict: args.strict,
            memory: args.memory,
            table: args.table.options(),
            ..LoadOptions::default()
        },
        target: None,
        is_for_model: false,
    };
    let threads = args.threads.map_or(0, usize::from);
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .context("cannot start the threads")?;
    match args.command {
        Command::Train(train) => {
            return train::run(&train, &loader, args.data_dir.as_deref());
        }
        Command::Evaluate(args) => evaluate::run(&args, &loader)?,
        Command::Encode(args) => encode::run(&args, &loader)?,
        Command::Decode(args) => decode::run(&args, &loader)?,
        Command::Reconstruct(args) => reconstruct::run(&args, &loader)?,
        Command::Explain(args) => explain::run(&args, &loader)?,
        Command::Denoise(args) => denoise::run(&args, &loader)?,
        Command::Detect(args) => detect::run(&args, &loader)?,
        Command::Impute(args) => impute::run(&args, &loader)?,
        Command::Sample(args) => sample::run(&args, &loader)?,
        Command::Traverse(args) => traverse::run(&args)?,
        Command::Interpolate(args) => interpolate::run(&args, &loader)?,
        Command::Export(args) => export::run(&args)?,
        Command::Import(args) => import::run(&args)?,
        Command::Compress(args) => compress::run(&args, &loader)?,
        Command::Decompress(args) => decompress::run(&args)?,
        Command::Inspect(args) => inspect::run(&args)?,
        Command::Presets(args) => presets::run(&args)?,
        Command::Data(command) => data::run(&command, &loader, args.data_dir.as_deref())?,
    }
    Ok(Ended::Done)
}
