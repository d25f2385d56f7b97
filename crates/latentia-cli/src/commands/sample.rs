//! `latentia sample`

use anyhow::anyhow;
use latentia_models::{Mixture, ModelFile};
use latentia_tensor::Matrix;

use crate::args::{Prior, SampleArgs};
use crate::figures::{COLUMNS, Sheet};
use crate::inputs::{Loader, check_fit, class_of, classes_above, open, with_labels};
use crate::outputs::{Format, samples, write_examples};
use crate::terminal::{UsageError, counted, tell};

/// The most examples in a picture.
const MOST_SHOWN: usize = 1000;

/// Gaussians in a mixture, as in Ghosh et al. 2020.
const COMPONENTS: u8 = 10;

pub(super) fn run(args: &SampleArgs, loader: &Loader) -> anyhow::Result<()> {
    let format = Format::of(&args.output, &Format::ALL)?;
    let only_mixture = [
        ("--components", args.components.is_some()),
        ("--data", args.data.is_some()),
    ];
    if let (Prior::Normal, Some((name, _))) =
        (args.prior, only_mixture.iter().find(|(_, given)| *given))
    {
        let hint = format!("`{name}` goes with `--prior mixture`; the normal prior takes none");
        return Err(UsageError(hint).into());
    }
    let file = open(&args.model)?;
    let model = &file.model;
    format.check_fits(model, &args.output)?;
    let wanted = match format {
        Format::Png => MOST_SHOWN.min(args.count as usize),
        _ => args.count as usize,
    };
    let codes = match args.prior {
        Prior::Normal => model.sample_codes(wanted, args.seed)?,
        Prior::Mixture => from_mixture(&file, args, wanted, loader)?,
    };
    let class = args.label.as_deref();
    let class = class.map(|label| class_of(model, label)).transpose()?;
    let codes = with_labels(model, &codes, class);
    let examples = samples(model, &codes, args.draw, args.seed)?;
    let classes = classes_above(model, class.is_none());
    let title = match args.prior {
        Prior::Normal if !classes.is_empty() => "samples from the prior, each decoded as a class",
        Prior::Normal => "samples from the prior",
        Prior::Mixture => "samples from a mixture fitted to codes",
    };
    let sheet = Sheet {
        title,
        columns: &classes,
        ..Sheet::default()
    };
    let grid = (&sheet, COLUMNS);
    write_examples(model, (&codes, &examples), format, grid, &args.output)
}

/// `count` codes drawn from a mixture that is fitted to the codes of examples.
fn from_mixture(
    ModelFile {
        model, provenance, ..
    }: &ModelFile,
    args: &SampleArgs,
    count: usize,
    loader: &Loader,
) -> anyhow::Result<Matrix> {
    let data = args.data.as_ref().unwrap_or(&provenance.data);
    let examples = loader
        .pick_training(data, model)
        .map_err(|error| match &args.data {
            Some(_) => error,
            None => anyhow!("{error}; the model was trained on it, --data names other data"),
        })?;
    check_fit(model, data, &examples.dataset)?;
    let codes = model.encode(&examples.dataset)?;
    let components = args.components.unwrap_or(COMPONENTS);
    let mixture = Mixture::fit(&codes, components.into(), args.seed)?;
    tell(&format!(
        "fitted a mixture of {} to codes of `{data}` ({})",
        counted(mixture.components(), "Gaussian"),
        examples.part
    ));
    Ok(model.quantise_latents(mixture.sample(count, args.seed))?)
}
