//! `latentia decode`

use latentia_data::Locations;
use latentia_models::ModelFile;
use latentia_tensor::Rows;

use crate::args::DecodeArgs;
use crate::examples::pick;
use crate::output::{Format, write};
use crate::picture::grid;
use crate::table::count;
use crate::tell;

/// Pictures beside each other.
const COLUMNS: usize = 10;

pub(super) fn run(args: &DecodeArgs, locations: &Locations) -> anyhow::Result<()> {
    let format = Format::of(&args.output, &[Format::Npy, Format::Csv, Format::Png])?;
    let ModelFile { model, .. } = ModelFile::load(&args.model)?;
    let codes = pick(&args.codes, locations)?.dataset;
    let mut examples = model.decode(&codes)?;
    model.scaling().undo(examples.view_mut(), 1.0);
    match format {
        Format::Png => grid(examples.view(), model.shape(), COLUMNS).write(&args.output)?,
        Format::Npy | Format::Csv => write(&args.output, format, &examples)?,
    }
    tell(&format!(
        "wrote {}: {} examples",
        args.output.display(),
        count(codes.rows())
    ));
    Ok(())
}
