//! `latentia sample`

use std::path::Path;

use anyhow::{anyhow, bail};
use latentia_models::{FittedPrior, ModelFile, PriorKind};
use latentia_tensor::Rows;

use crate::args::{Prior, SampleArgs};
use crate::figures::{COLUMNS, Sheet};
use crate::inputs::{Examples, Loader, check_fit, class_of, classes_above, open, with_labels};
use crate::outputs::{Format, samples, write_examples};
use crate::terminal::{StageBar, UsageError, count, counted, number, tell};

/// The most examples in a picture.
const MOST_SHOWN: usize = 1000;

/// Gaussians in a mixture, as in Ghosh et al. 2020.
const COMPONENTS: u8 = 10;

/// Ending of a model's file.
const MODEL: &str = "safetensors";

pub(super) fn run(args: &SampleArgs, loader: &Loader) -> anyhow::Result<()> {
    let format = Format::of(&args.output, &Format::ALL)?;
    let file = open(&args.model)?;
    let model = &file.model;
    let kept = kept(&file, args)?;
    let prior = match (args.prior, &kept) {
        (Some(prior), _) => prior,
        (None, Some(kept)) => named(kept),
        (None, None) if has_codebook(&file) => Prior::Autoregressive,
        (None, None) => Prior::Prior,
    };
    check(args, prior)?;
    format.check_fits(model, &args.output)?;
    let wanted = match format {
        Format::Png => MOST_SHOWN.min(args.count as usize),
        _ => args.count as usize,
    };
    let codes = match (prior, kept) {
        (Prior::Prior, _) if has_codebook(&file) => bail!(
            "a code that is {} has no prior of its own; `--prior autoregressive` fits one to its indices",
            model.latent().name()
        ),
        (Prior::Prior, _) => model.sample_codes(wanted, args.seed)?,
        (_, Some(kept)) => kept.sample_codes(model, wanted, args.seed)?,
        (_, None) => {
            let fitted = fitted(&file, (args, prior), loader)?;
            fitted.sample_codes(model, wanted, args.seed)?
        }
    };
    let class = args.label.as_deref();
    let class = class.map(|label| class_of(model, label)).transpose()?;
    let codes = with_labels(model, &codes, class);
    let examples = samples(model, &codes, args.draw, args.seed)?;
    let classes = classes_above(model, class.is_none());
    let title = match prior {
        Prior::Prior if !classes.is_empty() => "samples from the prior, each decoded as a class",
        Prior::Prior => "samples from the prior",
        Prior::Mixture => "samples from a mixture fitted to codes",
        Prior::Flow => "samples from a flow fitted to codes",
        Prior::Knn => "samples from between codes of neighbours",
        Prior::Hypersphere => "samples from a sphere around codes",
        Prior::Autoregressive => "samples from an autoregressive prior",
    };
    let sheet = Sheet {
        title,
        columns: &classes,
        ..Sheet::default()
    };
    let grid = (&sheet, COLUMNS);
    write_examples(model, (&codes, &examples), format, grid, &args.output)
}

/// Refuses arguments that do not go together.
fn check(args: &SampleArgs, prior: Prior) -> anyhow::Result<()> {
    let usage = |what: &str| Err(UsageError(what.into()).into());
    if args.data.is_some() && prior == Prior::Prior {
        return usage(
            "`--data` goes with what is fitted, `--prior mixture`, `flow`, `knn`, `hypersphere` or `autoregressive`; the model's own prior \
             takes none",
        );
    }
    if args.components.is_some() && prior != Prior::Mixture {
        return usage("`--components` goes with `--prior mixture`; no other has any");
    }
    let Some(save) = &args.save else {
        return Ok(());
    };
    if prior == Prior::Prior {
        return usage(
            "`--save` goes with what is fitted; the model's own prior is in its file already",
        );
    }
    if save.extension().is_none_or(|ending| ending != MODEL) {
        let what = format!("`{}`: a model's name ends in .{MODEL}", save.display());
        return usage(&what);
    }
    Ok(())
}

fn has_codebook(file: &ModelFile) -> bool {
    PriorKind::Autoregressive.fits(&file.model)
}

/// What `--prior` calls it.
fn named(prior: &FittedPrior) -> Prior {
    match prior {
        FittedPrior::Mixture(_) => Prior::Mixture,
        FittedPrior::Flow(_) => Prior::Flow,
        FittedPrior::Neighbours(_) => Prior::Knn,
        FittedPrior::Hypersphere(_) => Prior::Hypersphere,
        _ => Prior::Autoregressive,
    }
}

/// The prior that is kept with the model, unless another is asked for.
fn kept(file: &ModelFile, args: &SampleArgs) -> anyhow::Result<Option<FittedPrior>> {
    let is_new = args.data.is_some() || args.save.is_some() || args.components.is_some();
    if is_new || args.prior == Some(Prior::Prior) {
        return Ok(None);
    }
    let kept = match FittedPrior::of(&file.model, &file.attachments) {
        // What is named can be fitted again.
        Err(_) if args.prior.is_some() => None,
        kept => kept.map_err(|error| {
            let path = args.model.display();
            anyhow!("`{path}`: {error}, which --prior does, with --save FILE to keep it")
        })?,
    };
    let is_asked = |kept: &FittedPrior| args.prior.is_none_or(|prior| prior == named(kept));
    Ok(kept.filter(is_asked))
}

/// The examples that a prior is fitted to, and what to call the data.
fn training<'a>(
    ModelFile {
        model, provenance, ..
    }: &'a ModelFile,
    args: &'a SampleArgs,
    loader: &Loader,
) -> anyhow::Result<(Examples, &'a str)> {
    let data = args.data.as_ref().unwrap_or(&provenance.data);
    let examples = loader
        .pick_training(data, model)
        .map_err(|error| match &args.data {
            Some(_) => error,
            None => anyhow!("{error}; the model was trained on it, --data names other data"),
        })?;
    check_fit(model, data, &examples.dataset)?;
    Ok((examples, data))
}

/// What `--prior` names, fitted to the codes of examples, and written where it is to be kept.
fn fitted(
    file: &ModelFile,
    (args, prior): (&SampleArgs, Prior),
    loader: &Loader,
) -> anyhow::Result<FittedPrior> {
    let model = &file.model;
    let (latent, has_codebook) = (model.latent(), has_codebook(file));
    if prior == Prior::Autoregressive && !has_codebook {
        bail!(
            "a code that is {} has no indices; `--prior autoregressive` is for quantised and categorical ones, `--prior mixture` for any",
            latent.name()
        );
    }
    let kind = kind(prior, args);
    if !kind.fits(model) {
        let or = match has_codebook {
            true => ", `--prior autoregressive` draws its indices",
            false => "",
        };
        bail!(
            "a code that is {} has few values, between which none can be drawn; `--prior mixture` takes the nearest to what it draws{or}",
            latent.name()
        );
    }
    let (examples, data) = training(file, args, loader)?;
    if args.prior.is_none() && args.save.is_none() {
        tell(&format!(
            "a code that is {} has no prior of its own: an autoregressive one is fitted; `--save FILE` keeps it with the model",
            latent.name()
        ));
    }
    let all = examples.dataset.rows();
    let bar = StageBar::new("codes", all);
    let fitted = FittedPrior::fit(model, &examples.dataset, kind, args.seed, &bar)?;
    let learned = match all.min(kind.most_codes()) {
        learned if learned < all => {
            format!("{} of the {} codes", count(learned), count(all))
        }
        _ => "codes".into(),
    };
    tell(&format!(
        "fitted {} to {learned} of `{data}` ({}){}",
        called(&fitted),
        examples.part,
        bits_of(&fitted)
    ));
    if let Some(save) = &args.save {
        keep(file, &fitted, save)?;
    }
    Ok(fitted)
}

/// How good a prior of indices is, as the end of a message.
fn bits_of(prior: &FittedPrior) -> String {
    let prior = prior.autoregressive();
    let bits = prior.and_then(|prior| Some((prior.bits_per_index()?, prior.uniform_bits())));
    bits.map_or_else(String::new, |(bits, uniform)| {
        let (bits, uniform) = (number(bits), number(uniform));
        format!(": {bits} bits an index on held-out codes, {uniform} if all were equally likely")
    })
}

/// Writes the model with a prior in place of any that it had.
fn keep(file: &ModelFile, prior: &FittedPrior, path: &Path) -> anyhow::Result<()> {
    let others = file.attachments.iter();
    let others = others.filter(|tensor| !FittedPrior::owns(tensor));
    let kept: Vec<_> = others.cloned().chain(prior.tensors()).collect();
    ModelFile::save(&file.model, &file.provenance, &kept, path)?;
    tell(&format!(
        "wrote {}: the model and its prior",
        path.display()
    ));
    Ok(())
}

/// What `--prior` names.
fn kind(prior: Prior, args: &SampleArgs) -> PriorKind {
    match prior {
        Prior::Flow => PriorKind::Flow,
        Prior::Knn => PriorKind::Neighbours,
        Prior::Hypersphere => PriorKind::Hypersphere,
        Prior::Autoregressive => PriorKind::Autoregressive,
        Prior::Prior | Prior::Mixture => PriorKind::Mixture {
            components: args.components.unwrap_or(COMPONENTS).into(),
        },
    }
}

/// What to call it.
fn called(prior: &FittedPrior) -> String {
    match prior {
        FittedPrior::Mixture(mixture) => {
            let gaussians = counted(mixture.components(), "Gaussian");
            format!("a mixture of {gaussians}")
        }
        FittedPrior::Flow(_) => "a flow".into(),
        FittedPrior::Neighbours(own) => format!("lines to {} neighbours", own.neighbours()),
        FittedPrior::Hypersphere(_) => "a sphere".into(),
        _ => "an autoregressive prior".into(),
    }
}
