//! `latentia decode`

use std::path::Path;

use anyhow::bail;
use latentia_data::Subset;
use latentia_models::{Autoencoder, ConditionSpec, ModelFile};
use latentia_tensor::{Matrix, Rows};

use crate::args::DecodeArgs;
use crate::condition::of_classes;
use crate::examples::Loader;
use crate::model::open;
use crate::output::{Format, write};
use crate::picture::grid;
use crate::terminal::{counted, tell};

/// Pictures beside each other.
pub(super) const COLUMNS: usize = 10;

pub(super) fn run(args: &DecodeArgs, loader: &Loader) -> anyhow::Result<()> {
    let format = Format::of(&args.output, &[Format::Npy, Format::Csv, Format::Png])?;
    let ModelFile { model, .. } = open(&args.model)?;
    let codes = loader.pick_plain(&args.codes)?.dataset;
    let (seen, expected) = (codes.cols(), model.code_width());
    if seen != expected {
        bail!(
            "`{}` has {seen} numbers a code, the model takes {expected}; `latentia encode` writes codes",
            args.codes
        );
    }
    let wanted = match format {
        Format::Png => codes.rows().min(args.count.into()),
        Format::Npy | Format::Csv => codes.rows(),
    };
    let first = Subset::new(&codes, (0..wanted as u32).collect());
    let first = of_classes(&model, &first, args.label)?;
    if let (Some(ConditionSpec { classes }), None) = (model.spec().condition, args.label) {
        let last = classes - 1;
        tell(&format!(
            "codes do not say their class: they take those from 0 to {last} in turn; --label gives all the same"
        ));
    }
    write_decoded(&model, &*first, format, COLUMNS, &args.output)
}

/// Writes the examples that `codes` stand for; a picture has `columns` of them beside each other.
pub(super) fn write_decoded(
    model: &Autoencoder,
    codes: &dyn Rows,
    format: Format,
    columns: usize,
    output: &Path,
) -> anyhow::Result<()> {
    write_examples(model, model.decode(codes)?, format, columns, output)
}

/// Writes examples in the model's scale; a picture has `columns` of them beside each other.
pub(super) fn write_examples(
    model: &Autoencoder,
    mut examples: Matrix,
    format: Format,
    columns: usize,
    output: &Path,
) -> anyhow::Result<()> {
    model.scaling().undo(examples.view_mut(), 1.0);
    match format {
        Format::Png => grid(examples.view(), model.shape(), columns).write(output)?,
        Format::Npy | Format::Csv => write(output, format, &examples)?,
    }
    let count = counted(examples.rows(), "example");
    tell(&format!("wrote {}: {count}", output.display()));
    Ok(())
}
