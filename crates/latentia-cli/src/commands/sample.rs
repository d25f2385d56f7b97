//! `latentia sample`

use anyhow::{anyhow, bail};
use latentia_models::{CodeNeighbours, CodeSampler, FittedFlow, Hypersphere, Mixture, ModelFile};
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

/// Neighbours between which codes are drawn, as in Chawla et al. 2002.
const NEIGHBOURS: usize = 5;

pub(super) fn run(args: &SampleArgs, loader: &Loader) -> anyhow::Result<()> {
    let format = Format::of(&args.output, &Format::ALL)?;
    if args.data.is_some() && args.prior == Prior::Prior {
        let hint = "`--data` goes with `--prior mixture`, `flow`, `knn` or `hypersphere`; the model's own prior takes none";
        return Err(UsageError(hint.into()).into());
    }
    if args.components.is_some() && args.prior != Prior::Mixture {
        let hint = "`--components` goes with `--prior mixture`; no other has any";
        return Err(UsageError(hint.into()).into());
    }
    let file = open(&args.model)?;
    let model = &file.model;
    format.check_fits(model, &args.output)?;
    let wanted = match format {
        Format::Png => MOST_SHOWN.min(args.count as usize),
        _ => args.count as usize,
    };
    let codes = match args.prior {
        Prior::Prior => model.sample_codes(wanted, args.seed)?,
        _ => from_fitted(&file, args, wanted, loader)?,
    };
    let class = args.label.as_deref();
    let class = class.map(|label| class_of(model, label)).transpose()?;
    let codes = with_labels(model, &codes, class);
    let examples = samples(model, &codes, args.draw, args.seed)?;
    let classes = classes_above(model, class.is_none());
    let title = match args.prior {
        Prior::Prior if !classes.is_empty() => "samples from the prior, each decoded as a class",
        Prior::Prior => "samples from the prior",
        Prior::Mixture => "samples from a mixture fitted to codes",
        Prior::Flow => "samples from a flow fitted to codes",
        Prior::Knn => "samples from between codes of neighbours",
        Prior::Hypersphere => "samples from a sphere around codes",
    };
    let sheet = Sheet {
        title,
        columns: &classes,
        ..Sheet::default()
    };
    let grid = (&sheet, COLUMNS);
    write_examples(model, (&codes, &examples), format, grid, &args.output)
}

/// `count` codes drawn from what is fitted to the codes of examples.
fn from_fitted(
    ModelFile {
        model, provenance, ..
    }: &ModelFile,
    args: &SampleArgs,
    count: usize,
    loader: &Loader,
) -> anyhow::Result<Matrix> {
    let latent = model.latent();
    if latent.is_restricted() && args.prior != Prior::Mixture {
        bail!(
            "a code that is {} has few values, between which none can be drawn; `--prior mixture` takes the nearest to what it draws",
            latent.name()
        );
    }
    let data = args.data.as_ref().unwrap_or(&provenance.data);
    let examples = loader
        .pick_training(data, model)
        .map_err(|error| match &args.data {
            Some(_) => error,
            None => anyhow!("{error}; the model was trained on it, --data names other data"),
        })?;
    check_fit(model, data, &examples.dataset)?;
    let codes = model.encode(&examples.dataset)?;
    let (sampler, what) = fit(&codes, args)?;
    tell(&format!(
        "fitted {what} to codes of `{data}` ({})",
        examples.part
    ));
    Ok(model.quantise_latents(sampler.sample(count, args.seed))?)
}

/// What `--prior` names, fitted to codes, and what to call it.
fn fit(codes: &Matrix, args: &SampleArgs) -> anyhow::Result<(Box<dyn CodeSampler>, String)> {
    Ok(match args.prior {
        Prior::Flow => {
            let flow = FittedFlow::fit(codes, args.seed)?;
            (Box::new(flow), "a flow".into())
        }
        Prior::Knn => {
            let neighbours = CodeNeighbours::fit(codes, NEIGHBOURS)?;
            (
                Box::new(neighbours),
                format!("lines to {NEIGHBOURS} neighbours"),
            )
        }
        Prior::Hypersphere => (Box::new(Hypersphere::fit(codes)?), "a sphere".into()),
        Prior::Prior | Prior::Mixture => {
            let components = args.components.unwrap_or(COMPONENTS);
            let mixture = Mixture::fit(codes, components.into(), args.seed)?;
            let gaussians = counted(mixture.components(), "Gaussian");
            (Box::new(mixture), format!("a mixture of {gaussians}"))
        }
    })
}
