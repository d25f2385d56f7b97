//! `latentia decode`

use anyhow::bail;
use latentia_data::{Locations, Subset};
use latentia_models::ModelFile;
use latentia_tensor::Rows;

use crate::args::DecodeArgs;
use crate::examples::pick;
use crate::model::open;
use crate::output::{Format, write};
use crate::picture::grid;
use crate::table::counted;
use crate::tell;

/// Pictures beside each other.
const COLUMNS: usize = 10;

pub(super) fn run(args: &DecodeArgs, locations: &Locations) -> anyhow::Result<()> {
    let format = Format::of(&args.output, &[Format::Npy, Format::Csv, Format::Png])?;
    let ModelFile { model, .. } = open(&args.model)?;
    let codes = pick(&args.codes, locations)?.dataset;
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
    let mut examples = model.decode(&first)?;
    model.scaling().undo(examples.view_mut(), 1.0);
    match format {
        Format::Png => grid(examples.view(), model.shape(), COLUMNS).write(&args.output)?,
        Format::Npy | Format::Csv => write(&args.output, format, &examples)?,
    }
    tell(&format!(
        "wrote {}: {}",
        args.output.display(),
        counted(wanted, "example")
    ));
    Ok(())
}
