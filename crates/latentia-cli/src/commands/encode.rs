//! `latentia encode`

use std::io;

use latentia_data::Locations;
use latentia_models::ModelFile;
use latentia_tensor::Rows;

use crate::args::EncodeArgs;
use crate::examples::pick;
use crate::output::{Format, write_blocks};
use crate::table::count;
use crate::tell;

pub(super) fn run(args: &EncodeArgs, locations: &Locations) -> anyhow::Result<()> {
    let format = Format::of(&args.output, &[Format::Npy, Format::Csv])?;
    let ModelFile { model, .. } = ModelFile::load(&args.model)?;
    let examples = pick(&args.data, locations)?.dataset;
    // Refuses another width before a file is begun.
    model.scaled(&examples)?;
    let shape = [examples.rows(), model.code_width()];
    write_blocks(&args.output, format, shape, |see| {
        model
            .for_each_code(&examples, |_, codes| see(codes))
            .map_err(io::Error::other)
    })?;
    let output = args.output.display();
    tell(&format!(
        "wrote {output}: {} codes of {} numbers",
        count(shape[0]),
        shape[1]
    ));
    Ok(())
}
