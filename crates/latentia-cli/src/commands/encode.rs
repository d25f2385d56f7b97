//! `latentia encode`

use std::io;

use latentia_models::{ModelError, ModelFile};
use latentia_tensor::Rows;

use crate::args::EncodeArgs;
use crate::inputs::{Loader, check_fit, open};
use crate::outputs::{Element, Format, OutputColumns, write_blocks};
use crate::terminal::{counted, tell};

pub(super) fn run(args: &EncodeArgs, loader: &Loader) -> anyhow::Result<()> {
    let format = Format::of(&args.output, &Format::ARRAYS)?;
    let ModelFile { model, .. } = open(&args.model)?;
    let loader = loader.carrying(!args.no_ids);
    let examples = loader.pick(&args.data, &model)?.dataset;
    check_fit(&model, &args.data, &examples)?;
    let shape = [examples.rows(), model.code_width()];
    let columns = OutputColumns::numbered("z", shape[1]).beside(&examples);
    let kind = (format, Element::Float);
    write_blocks(&args.output, kind, &shape, &columns, |sink| {
        model
            .for_each_code(&examples, |_, codes| sink(codes))
            .map_err(|error| match error {
                ModelError::Codes(reason) => reason,
                error => io::Error::other(error),
            })
    })?;
    let output = args.output.display();
    tell(&format!(
        "wrote {output}: {} of {}",
        counted(shape[0], "code"),
        counted(shape[1], "number")
    ));
    Ok(())
}
