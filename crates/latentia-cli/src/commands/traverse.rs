//! `latentia traverse`

use latentia_models::ModelFile;

use crate::args::TraverseArgs;
use crate::commands::decode::write_decoded;
use crate::model::open;
use crate::output::Format;

pub(super) fn run(args: &TraverseArgs) -> anyhow::Result<()> {
    let format = Format::of(&args.output, &[Format::Png, Format::Npy, Format::Csv])?;
    let ModelFile { model, .. } = open(&args.model)?;
    let steps = args.steps.into();
    let codes = model.traversal_codes(steps)?;
    write_decoded(&model, &codes, format, steps, &args.output)
}
