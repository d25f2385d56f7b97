//! `latentia reconstruct`

use latentia_data::Subset;
use latentia_models::{Autoencoder, ModelFile};
use latentia_tensor::{Matrix, MatrixMut, Rows};

use crate::args::ReconstructArgs;
use crate::examples::Loader;
use crate::model::{check_fit, open};
use crate::output::{Format, write};
use crate::picture::{Picture, comparison};
use crate::terminal::{counted, tell};

pub(super) fn run(args: &ReconstructArgs, loader: &Loader) -> anyhow::Result<()> {
    let format = Format::of(&args.output, &[Format::Png, Format::Npy, Format::Csv])?;
    let ModelFile { model, .. } = open(&args.model)?;
    let examples = loader.pick(&args.data, &model)?.dataset;
    check_fit(&model, &args.data, &examples)?;
    let shown = match format {
        Format::Png => {
            picture_of(&model, &examples, args.count.into())?.write(&args.output)?;
            examples.rows().min(args.count.into())
        }
        Format::Npy | Format::Csv => {
            let mut reconstructions = model.reconstruct(&examples)?;
            model.scaling().undo(reconstructions.view_mut(), 1.0);
            write(&args.output, format, &reconstructions)?;
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

/// The first `count` examples above their reconstructions. Values outside `[0, 1]` are drawn on the scale of the originals.
pub(super) fn picture_of(
    model: &Autoencoder,
    examples: &dyn Rows,
    count: usize,
) -> anyhow::Result<Picture> {
    let indices: Vec<u32> = (0..examples.rows().min(count) as u32).collect();
    let mut originals = Matrix::zeros(indices.len(), examples.cols());
    let first = Subset::new(examples, indices.clone());
    let reconstructions = model.reconstruct(&first)?;
    model.scaled(&first)?.read(&indices, originals.view_mut())?;
    Ok(pairs(model, originals, reconstructions))
}

/// A picture of two sets of examples in the model's scale, one above the other.
pub(super) fn pairs(model: &Autoencoder, mut above: Matrix, mut below: Matrix) -> Picture {
    for matrix in [&mut above, &mut below] {
        model.scaling().undo(matrix.view_mut(), 1.0);
    }
    let values = above.as_slice().iter();
    let (low, high) = values.fold((0.0f32, 1.0f32), |(low, high), &x| {
        (low.min(x), high.max(x))
    });
    for matrix in [&mut above, &mut below] {
        to_brightness(matrix.view_mut(), low, high);
    }
    comparison(above.view(), below.view(), model.shape())
}

fn to_brightness(mut matrix: MatrixMut<'_>, low: f32, high: f32) {
    for x in matrix.as_mut_slice() {
        *x = (*x - low) / (high - low);
    }
}
