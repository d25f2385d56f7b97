//! `latentia interpolate`

use latentia_models::{Autoencoder, Labelled, ModelFile};
use latentia_tensor::{Rows, Subset};

use crate::args::InterpolateArgs;
use crate::figures::Sheet;
use crate::inputs::{Loader, check_fit, open, title};
use crate::outputs::{Format, write_decoded};
use crate::terminal::UsageError;

pub(super) fn run(args: &InterpolateArgs, loader: &Loader) -> anyhow::Result<()> {
    let format = Format::of(&args.output, &Format::ALL)?;
    let ModelFile { model, .. } = open(&args.model)?;
    format.check_fits(&model, &args.output)?;
    let examples = loader.pick(&args.data, &model)?.dataset;
    check_fit(&model, &args.data, &examples)?;
    for (name, index) in [("--from", args.from), ("--to", args.to)] {
        let last = examples.rows() - 1;
        if index > last {
            let data = &args.data;
            return Err(UsageError(format!(
                "`{name}` is {index}; the last example of `{data}` is {last}"
            ))
            .into());
        }
    }
    let ends = Subset::new(&examples, vec![args.from as u32, args.to as u32]);
    let steps = args.steps.into();
    let codes = Autoencoder::interpolation_codes(&model.encode(&ends)?, 0, 1, steps);
    let codes = model.quantise_latents(codes)?;
    // The nearer end says which class.
    let class = |step: usize| ends.label(u32::from(2 * step >= steps)).unwrap_or(0);
    let codes = Labelled::new(&codes, (0..steps).map(class).collect());
    let [from, to] = [args.from, args.to].map(|row| title(&examples, row as u32));
    let title = format!("from {from} to {to}");
    let sheet = Sheet {
        title: &title,
        ..Sheet::default()
    };
    write_decoded(&model, &codes, format, (&sheet, steps), &args.output)
}
