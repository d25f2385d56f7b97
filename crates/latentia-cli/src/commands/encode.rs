//! `latentia encode`

use std::io;
use std::path::Path;

use latentia_data::Dataset;
use latentia_models::{Autoencoder, ModelError, ModelFile, ObservedRows, Pca};
use latentia_tensor::{Matrix, MatrixRef, Rows, Subset};

use crate::args::EncodeArgs;
use crate::figures::codes;
use crate::inputs::{Loader, check_fit, class_name, open};
use crate::measures::variances;
use crate::outputs::{Element, Format, OutputColumns, write_blocks};
use crate::processes::Shares;
use crate::terminal::{StageBar, count, counted, tell};

/// The most codes that are drawn.
const MOST_DRAWN: usize = 20_000;

pub(super) fn run(args: &EncodeArgs, loader: &Loader, shares: &Shares) -> anyhow::Result<()> {
    let format = Format::of(&args.output, &Format::CODES)?;
    let ModelFile {
        model, provenance, ..
    } = open(&args.model)?;
    let loader = loader.among(shares.collective()).carrying(!args.no_ids);
    let examples = loader.pick(&args.data, &model)?.dataset;
    check_fit(&model, &args.data, &examples)?;
    if matches!(format, Format::Svg | Format::Html) {
        if !shares.is_first_of_unshared() {
            return Ok(());
        }
        return draw(args, (&model, &provenance.preset), &examples);
    }
    let shape = [examples.rows(), model.code_width()];
    shares.agree(args, &args.model, &examples)?;
    let own = shares.own_rows(&examples, shape[0], 1);
    if !shares.is_first() {
        shares.send(model.encode(&own)?.as_slice(), shape[1]);
        return Ok(());
    }
    let columns = OutputColumns::numbered("z", shape[1]).beside(&examples);
    let bar = StageBar::new("encoding", own.rows());
    let kind = (format, Element::Float);
    write_blocks(&args.output, kind, &shape, &columns, |sink| {
        model
            .for_each_code(&ObservedRows::new(&own, &bar), |_, codes| sink(codes))
            .map_err(|error| match error {
                ModelError::Codes(reason) => reason,
                error => io::Error::other(error),
            })?;
        shares.receive(shape[1], |codes| {
            sink(MatrixRef::new(codes, codes.len() / shape[1], shape[1]))
        })
    })?;
    drop(bar);
    tell_written(&args.output, shape);
    Ok(())
}

fn tell_written(output: &Path, [examples, width]: [usize; 2]) {
    let (output, examples) = (output.display(), counted(examples, "code"));
    tell(&format!(
        "wrote {output}: {examples} of {}",
        counted(width, "number")
    ));
}

/// Draws the codes as points, as many as can be told apart.
fn draw(
    args: &EncodeArgs,
    (model, preset): (&Autoencoder, &str),
    examples: &Dataset,
) -> anyhow::Result<()> {
    let (all, width) = (examples.rows(), model.code_width());
    let shown = all.min(MOST_DRAWN);
    if shown < all {
        tell(&format!(
            "drawing {} of {} codes, evenly spaced over the examples",
            count(shown),
            count(all)
        ));
    }
    let rows: Vec<u32> = (0..shown).map(|i| (i * all / shown) as u32).collect();
    let encoded = model.encode(&Subset::new(examples, rows.clone()))?;
    let (points, axes) = match width {
        1 => {
            let numbers = encoded.view().iter_rows().zip(&rows);
            let numbers = numbers.flat_map(|(code, row)| [code[0], *row as f32]);
            let points = Matrix::from_vec(shown, 2, numbers.collect());
            (points, ["z1".into(), "number of the example".into()])
        }
        2 => (encoded, ["z1".into(), "z2".into()]),
        _ => projected(&encoded)?,
    };
    let classes = rows.iter().filter_map(|&row| class_name(examples, row));
    let classes: Vec<String> = classes.collect();
    let ids = examples.ids().into_iter();
    let names = ids.flat_map(|ids| rows.iter().map(|&row| ids.text(row as usize).into()));
    let names: Vec<String> = names.collect();
    let title = format!("{} of {} by {preset}", counted(shown, "code"), args.data);
    codes(&title, &axes, points.view(), &classes, &names).write(&args.output)?;
    tell_written(&args.output, [shown, width]);
    Ok(())
}

/// Codes along their two principal components, whose names say how much of the variance they have; along their first two dimensions
/// where they have no two components, as all are equal or on a line.
fn projected(codes: &Matrix) -> anyhow::Result<(Matrix, [String; 2])> {
    let points = Pca::learn(codes, 2)?.project(codes)?;
    if points.cols() < 2 {
        let rows = codes.view().iter_rows();
        let points = rows.flat_map(|code| [code[0], code[1]]).collect();
        let points = Matrix::from_vec(codes.rows(), 2, points);
        return Ok((points, ["z1".into(), "z2".into()]));
    }
    let (all, shown) = (variances(codes), variances(&points));
    let names = [0, 1].map(|axis| {
        let share = 100.0 * shown[axis] / all.iter().sum::<f64>();
        let number = axis + 1;
        format!("principal component {number}, {share:.0} % of the variance")
    });
    Ok((points, names))
}
