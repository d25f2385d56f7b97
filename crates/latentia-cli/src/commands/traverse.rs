//! `latentia traverse`

use latentia_models::ModelFile;
use latentia_nn::CodeValues;

use crate::args::TraverseArgs;
use crate::figures::Sheet;
use crate::inputs::{class_of, open, with_labels};
use crate::outputs::{Format, write_decoded};
use crate::terminal::UsageError;

/// The most examples in a picture.
const MOST_SHOWN: usize = 10_000;

pub(super) fn run(args: &TraverseArgs) -> anyhow::Result<()> {
    let format = Format::of(&args.output, &Format::ALL)?;
    let ModelFile { model, .. } = open(&args.model)?;
    format.check_fits(&model, &args.output)?;
    let steps = args.steps.into();
    let codes = model.traversal_codes(steps)?;
    // One class for the whole picture: else it would show two things at once.
    let class = args.label.as_deref();
    let class = class.map(|label| class_of(&model, label)).transpose()?;
    if format == Format::Png && codes.rows() > MOST_SHOWN {
        let rows = codes.rows();
        let hint =
            format!("{rows} pictures are too many to draw; take fewer --steps, or write a .npy");
        return Err(UsageError(hint).into());
    }
    let turns = model.latent().values() == CodeValues::Directions;
    let column = |step: usize| match turns {
        true => format!("{}°", 360 * step / steps),
        false => number(codes.row(step)[0]),
    };
    let columns: Vec<String> = (0..steps).map(column).collect();
    let rows: Vec<String> = match model.code_width() {
        2 if !turns => (0..steps)
            .map(|row| number(codes.row(row * steps)[1]))
            .collect(),
        width => (1..=width)
            .map(|dimension| format!("z{dimension}"))
            .collect(),
    };
    let sheet = Sheet {
        title: match model.code_width() {
            _ if turns => "each dimension of the code turned to the next, once round",
            2 => "decoded codes: z1 across, z2 up",
            _ => "each dimension of the code from -3 to 3, the others at 0",
        },
        columns: &columns,
        rows: &rows,
        captions: &[],
    };
    let codes = with_labels(&model, &codes, class.or(Some(0)));
    write_decoded(&model, &codes, format, (&sheet, steps), &args.output)
}

/// A place along a dimension.
fn number(z: f32) -> String {
    format!("{z:.1}")
}
