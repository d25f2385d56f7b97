//! `latentia reconstruct`

use latentia_data::Dataset;
use latentia_models::{Autoencoder, ModelFile};
use latentia_tensor::{Rows, Subset};

use crate::args::ReconstructArgs;
use crate::figures::{PixelLayout, mixed, reconstruction_pairs};
use crate::inputs::{Loader, caption, check_fit, open};
use crate::outputs::{Format, OutputColumns, PictureFolder, write};
use crate::terminal::{UsageError, counted, tell};

/// Examples that are reconstructed at once.
const AT_ONCE: usize = 1_000;

pub(super) fn run(args: &ReconstructArgs, loader: &Loader) -> anyhow::Result<()> {
    // A name without an ending is a folder of pictures.
    let format = match args.output.extension() {
        None => None,
        Some(_) => Some(Format::of(&args.output, &Format::ALL)?),
    };
    let ModelFile { model, .. } = open(&args.model)?;
    format
        .unwrap_or(Format::Png)
        .check_fits(&model, &args.output)?;
    let loader = loader.carrying(!args.no_ids);
    let examples = loader.pick(&args.data, &model)?.dataset;
    check_fit(&model, &args.data, &examples)?;
    let shown = match format {
        None => write_folder(args, &model, &examples)?,
        Some(Format::Png) => {
            let shown = mixed(&examples, args.count.into());
            let captions = shown.iter().map(|&row| caption(&examples, row));
            let captions: Vec<String> = captions.collect();
            reconstruction_pairs(&model, (&examples, &shown), &captions)?.write(&args.output)?;
            shown.len()
        }
        Some(format) => {
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

/// Writes each reconstruction as a picture into a new folder, under the name of its example; how many those are.
fn write_folder(
    args: &ReconstructArgs,
    model: &Autoencoder,
    examples: &Dataset,
) -> anyhow::Result<usize> {
    if PixelLayout::of_grey_or_rgb(model.shape()).is_none() {
        let what = "the model's examples are no pictures in grey or RGB; end the output in .npy, .csv or .parquet";
        return Err(UsageError(what.into()).into());
    }
    let ids = examples.ids();
    let names = ids.map(|ids| ids.texts().map(String::from).collect());
    let mut folder = PictureFolder::new(&args.output, model.shape(), names)?;
    for first in (0..examples.rows()).step_by(AT_ONCE) {
        let rows = first..examples.rows().min(first + AT_ONCE);
        let some = Subset::new(examples, rows.map(|row| row as u32).collect());
        for row in model.reconstruct(&some)?.view().iter_rows() {
            folder.push(row)?;
        }
    }
    folder.finish()?;
    Ok(examples.rows())
}
