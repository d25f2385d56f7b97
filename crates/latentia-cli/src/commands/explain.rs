//! `latentia explain`

use std::path::Path;

use anyhow::Context;
use latentia_data::Dataset;
use latentia_models::{Autoencoder, Detector, Filters, ModelFile};
use latentia_tensor::{Matrix, MatrixRef, Rows, Subset};
use serde_json::json;

use crate::args::ExplainArgs;
use crate::figures::{PixelLayout, Sheet, heat_colour};
use crate::inputs::{Loader, check_fit, open, title};
use crate::measures::RowExplanation;
use crate::outputs::Format;
use crate::terminal::{UsageError, counted, number, print, tell};

pub(super) fn run(args: &ExplainArgs, loader: &Loader) -> anyhow::Result<()> {
    if let Some(output) = &args.output {
        Format::of(output, &[Format::Png])?;
    }
    let ModelFile {
        model, attachments, ..
    } = open(&args.model)?;
    if let Some(data) = &args.data {
        let detector = Detector::of(&model, &attachments)
            .with_context(|| format!("`{}`", args.model.display()))?;
        let detector = detector.unwrap_or_else(|| Detector::plain(&model));
        return one_example(args, (&model, &detector), data, loader);
    }
    let Some(output) = &args.output else {
        return Err(UsageError("`--output` names the picture to write".into()).into());
    };
    let (what, drawn) = match args.filters {
        true => ("filter", filters(&model, output, args.count.into())?),
        false => ("dimension", dimensions(args, &model, output)?),
    };
    if args.json {
        print(&format!(
            "{}\n",
            json!({ "output": output.to_string_lossy(), what: drawn })
        ))?;
    }
    tell(&format!(
        "wrote {}: {}",
        output.display(),
        counted(drawn, what)
    ));
    Ok(())
}

/// One example, and what the model makes of it.
fn one_example(
    args: &ExplainArgs,
    (model, detector): (&Autoencoder, &Detector),
    data: &str,
    loader: &Loader,
) -> anyhow::Result<()> {
    let examples = loader.carrying(true).pick(data, model)?.dataset;
    check_fit(model, data, &examples)?;
    let (index, rows) = (args.index, examples.rows());
    if index >= rows {
        let last = rows.saturating_sub(1);
        let message = format!("`{data}` has no example {index}; --index must be from 0 to {last}");
        return Err(UsageError(message).into());
    }
    match model.schema().is_some() || model.shape().len() == 1 {
        true => row(args, (model, detector), &examples),
        false => error_map(args, model, &examples),
    }
}

/// A row of a table, column by column.
fn row(
    args: &ExplainArgs,
    subject: (&Autoencoder, &Detector),
    examples: &Dataset,
) -> anyhow::Result<()> {
    let explanation = RowExplanation::of(subject, examples, args.index)?;
    if let Some(output) = &args.output {
        explanation.picture().write(output)?;
    }
    match args.json {
        true => {
            let mut report = serde_json::to_value(&explanation)?;
            if let Some(output) = &args.output {
                report["output"] = output.to_string_lossy().into();
            }
            print(&format!("{}\n", serde_json::to_string_pretty(&report)?))?;
        }
        false => print(&explanation.text())?,
    }
    if let Some(output) = &args.output {
        tell(&format!(
            "wrote {}: what each column has to do with the score",
            output.display()
        ));
    }
    Ok(())
}

/// One example, its reconstruction, and where they differ.
fn error_map(args: &ExplainArgs, model: &Autoencoder, examples: &Dataset) -> anyhow::Result<()> {
    let index = args.index;
    let one = Subset::new(examples, vec![index as u32]);
    let (above, below) = (model.inputs(&one)?, model.reconstruct(&one)?);
    let layout = PixelLayout::or_row(model.shape());
    let (above, below) = (above.as_slice(), below.as_slice());
    let errors: Vec<f32> = above
        .iter()
        .zip(below)
        .map(|(x, y)| (x - y) * (x - y))
        .collect();
    let errors = layout.channel_sums(&errors);
    let worst = (0..errors.len()).max_by(|&a, &b| errors[a].total_cmp(&errors[b]));
    let worst = worst.unwrap_or(0);
    let largest = errors.get(worst).copied().unwrap_or(0.0);
    let total: f64 = errors.iter().map(|&e| f64::from(e)).sum();

    let mut tiles = layout.to_rgb(above);
    tiles.extend(layout.to_rgb(below));
    let scale = if largest > 0.0 { 1.0 / largest } else { 0.0 };
    tiles.extend(errors.iter().flat_map(|e| heat_colour((e * scale).sqrt())));
    let tiles = MatrixRef::new(&tiles, 3, tiles.len() / 3);
    if let Some(output) = &args.output {
        let columns = ["original", "reconstr.", "error"].map(String::from);
        let sheet = Sheet {
            title: &title(examples, index as u32),
            columns: &columns,
            ..Sheet::default()
        };
        sheet
            .grid(tiles, &[layout.height, layout.width, 3], 3)
            .write(output)?;
    }

    let worst_pixel = [worst / layout.width.max(1), worst % layout.width.max(1)];
    if args.json {
        let report = json!({
            "output": args.output.as_ref().map(|output| output.to_string_lossy()),
            "example": index,
            "squared_error": total,
            "worst_row": worst_pixel[0],
            "worst_column": worst_pixel[1],
            "worst_squared_error": largest,
        });
        print(&format!("{report}\n"))?;
    } else {
        print(&format!(
            "example {index}: squared error {}, the largest {} at row {}, column {}\n",
            number(total),
            number(largest.into()),
            worst_pixel[0],
            worst_pixel[1]
        ))?;
    }
    if let Some(output) = &args.output {
        tell(&format!(
            "wrote {}: the example, its reconstruction, and where they differ",
            output.display()
        ));
    }
    Ok(())
}

/// The first layer's weights, grey for 0.
fn filters(model: &Autoencoder, output: &Path, most: usize) -> anyhow::Result<usize> {
    let Filters {
        picture, weights, ..
    } = model.filters();
    let drawn = weights.rows().min(most);
    let strength = |row: &usize| {
        weights
            .row(*row)
            .iter()
            .map(|w| f64::from(w * w))
            .sum::<f64>()
    };
    let mut order: Vec<usize> = (0..weights.rows()).collect();
    if drawn < weights.rows() {
        order.sort_by(|a, b| strength(b).total_cmp(&strength(a)));
        order.truncate(drawn);
        let rows = weights.rows();
        tell(&format!(
            "drawing the {drawn} of {rows} filters with the largest weights, the largest first"
        ));
    }
    let layout = picture.map_or_else(|| PixelLayout::or_row(&[weights.cols()]), PixelLayout::from);
    let mut pictures = Vec::new();
    for filter in order.iter().map(|row| weights.row(*row)) {
        let largest = filter.iter().fold(0.0f32, |most, w| most.max(w.abs()));
        let scale = if largest > 0.0 { 0.5 / largest } else { 0.0 };
        let around_grey: Vec<f32> = filter.iter().map(|w| 0.5 + scale * w).collect();
        pictures.extend(layout.to_rgb(&around_grey));
    }
    let pictures = Matrix::from_vec(drawn, pictures.len() / drawn.max(1), pictures);
    let columns = drawn.isqrt().clamp(8, 32);
    let title = format!("{drawn} of {} filters of the first layer", weights.rows());
    let sheet = Sheet {
        title: &title,
        captions: &order.iter().map(usize::to_string).collect::<Vec<_>>(),
        ..Sheet::default()
    };
    let shape = [layout.height, layout.width, 3];
    sheet.grid(pictures.view(), &shape, columns).write(output)?;
    Ok(drawn)
}

/// Inputs that make dimensions of the code large.
fn dimensions(args: &ExplainArgs, model: &Autoencoder, output: &Path) -> anyhow::Result<usize> {
    let mut inputs = Vec::new();
    for &dimension in &args.dimension {
        inputs.extend(model.maximise(dimension, args.steps, args.seed)?.into_vec());
    }
    let count = args.dimension.len();
    let inputs = Matrix::from_vec(count, model.width(), inputs);
    let dimensions = args.dimension.iter();
    let sheet = Sheet {
        title: "inputs that make dimensions of the code large",
        captions: &dimensions
            .map(|dimension| format!("z{}", dimension + 1))
            .collect::<Vec<_>>(),
        ..Sheet::default()
    };
    let columns = count.isqrt().max(8);
    sheet
        .grid(inputs.view(), model.shape(), columns)
        .write(output)?;
    Ok(count)
}
