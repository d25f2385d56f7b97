//! `latentia reconstruct`

use latentia_models::ModelFile;
use latentia_tensor::Rows;

use crate::args::ReconstructArgs;
use crate::figures::reconstruction_pairs;
use crate::inputs::{Loader, check_fit, open};
use crate::outputs::{Format, OutputColumns, write};
use crate::terminal::{counted, tell};

pub(super) fn run(args: &ReconstructArgs, loader: &Loader) -> anyhow::Result<()> {
    let format = Format::of(&args.output, &Format::ALL)?;
    let ModelFile { model, .. } = open(&args.model)?;
    format.check_fits(&model, &args.output)?;
    let loader = loader.carrying(!args.no_ids);
    let examples = loader.pick(&args.data, &model)?.dataset;
    check_fit(&model, &args.data, &examples)?;
    let shown = match format {
        Format::Png => {
            reconstruction_pairs(&model, &examples, args.count.into())?.write(&args.output)?;
            examples.rows().min(args.count.into())
        }
        _ => {
            let columns = OutputColumns::examples_of(&model).beside(&examples);
            write(
                &args.output,
                format,
                &columns,
                &model.reconstruct(&examples)?,
            )?;
            examples.rows()
        }
    };
    tell(&format!(
        "wrote {}: {}",
        args.output.display(),
        counted(shown, "example")
    ));
    Ok(())
}
