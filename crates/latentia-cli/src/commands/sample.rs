//! `latentia sample`

use latentia_models::ModelFile;

use crate::args::SampleArgs;
use crate::commands::decode::{COLUMNS, write_decoded};
use crate::model::open;
use crate::output::Format;

/// The most examples in a picture.
const MOST_SHOWN: usize = 1000;

pub(super) fn run(args: &SampleArgs) -> anyhow::Result<()> {
    let format = Format::of(&args.output, &[Format::Png, Format::Npy, Format::Csv])?;
    let ModelFile { model, .. } = open(&args.model)?;
    let wanted = match format {
        Format::Png => MOST_SHOWN.min(args.count as usize),
        Format::Npy | Format::Csv => args.count as usize,
    };
    let codes = model.sample_codes(wanted, args.seed)?;
    write_decoded(&model, &codes, format, COLUMNS, &args.output)
}
