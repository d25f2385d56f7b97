//! `latentia sample`

use std::path::Path;

use anyhow::{anyhow, bail};
use latentia_models::{
    Autoregressive, CodeNeighbours, CodeSampler, FittedFlow, Hypersphere, Mixture, ModelFile,
};
use latentia_nn::CodeValues;
use latentia_tensor::{Matrix, Rows};

use crate::args::{Prior, SampleArgs};
use crate::figures::{COLUMNS, Sheet};
use crate::inputs::{Examples, Loader, check_fit, class_of, classes_above, open, with_labels};
use crate::outputs::{Format, samples, write_examples};
use crate::terminal::{StageBar, UsageError, counted, number, tell};

/// The most examples in a picture.
const MOST_SHOWN: usize = 1000;

/// Gaussians in a mixture, as in Ghosh et al. 2020.
const COMPONENTS: u8 = 10;

/// Neighbours between which codes are drawn, as in Chawla et al. 2002.
const NEIGHBOURS: usize = 5;

/// Ending of a model's file.
const MODEL: &str = "safetensors";

pub(super) fn run(args: &SampleArgs, loader: &Loader) -> anyhow::Result<()> {
    let format = Format::of(&args.output, &Format::ALL)?;
    let file = open(&args.model)?;
    let model = &file.model;
    let kept = kept(&file, args)?;
    let prior = match args.prior {
        Some(prior) => prior,
        None if kept.is_some() || has_codebook(&file) => Prior::Autoregressive,
        None => Prior::Prior,
    };
    check(args, prior)?;
    format.check_fits(model, &args.output)?;
    let wanted = match format {
        Format::Png => MOST_SHOWN.min(args.count as usize),
        _ => args.count as usize,
    };
    let codes = match prior {
        Prior::Prior if has_codebook(&file) => bail!(
            "a code that is {} has no prior of its own; `--prior autoregressive` fits one to its indices",
            model.latent().name()
        ),
        Prior::Prior => model.sample_codes(wanted, args.seed)?,
        Prior::Autoregressive => {
            let prior = match kept {
                Some(kept) => kept,
                None => autoregressive(&file, args, loader)?,
            };
            prior.sample_codes(model, wanted, args.seed)?
        }
        _ => from_fitted(&file, (args, prior), wanted, loader)?,
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
    if prior != Prior::Autoregressive {
        return usage("`--save` goes with `--prior autoregressive`; no other is kept with a model");
    }
    if save.extension().is_none_or(|ending| ending != MODEL) {
        let what = format!("`{}`: a model's name ends in .{MODEL}", save.display());
        return usage(&what);
    }
    Ok(())
}

fn has_codebook(file: &ModelFile) -> bool {
    matches!(file.model.latent().values(), CodeValues::Codebook { .. })
}

/// The prior that is kept with the model, unless another is asked for.
fn kept(file: &ModelFile, args: &SampleArgs) -> anyhow::Result<Option<Autoregressive>> {
    let is_asked = matches!(args.prior, None | Some(Prior::Autoregressive));
    if !is_asked || args.data.is_some() || args.save.is_some() {
        return Ok(None);
    }
    Autoregressive::of(&file.model, &file.attachments).map_err(|error| {
        let path = args.model.display();
        anyhow!("`{path}`: {error}, which --save FILE does")
    })
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

/// An autoregressive prior fitted to the codes of examples, written where it is to be kept.
fn autoregressive(
    file: &ModelFile,
    args: &SampleArgs,
    loader: &Loader,
) -> anyhow::Result<Autoregressive> {
    let model = &file.model;
    if !has_codebook(file) {
        bail!(
            "a code that is {} has no indices; `--prior autoregressive` is for vector-quantised and finite-scalar-quantised ones, \
             `--prior mixture` for any",
            model.latent().name()
        );
    }
    let (examples, data) = training(file, args, loader)?;
    if args.prior.is_none() {
        tell(&format!(
            "a code that is {} has no prior of its own: an autoregressive one is fitted to `{data}` ({}){}",
            model.latent().name(),
            examples.part,
            match args.save {
                Some(_) => "",
                None => "; `--save FILE` keeps it with the model",
            }
        ));
    }
    let bar = StageBar::new("codes", examples.dataset.rows());
    let prior = Autoregressive::fit(model, &examples.dataset, args.seed, &bar)?;
    drop(bar);
    let bits = prior.bits_per_index().map_or_else(String::new, |bits| {
        let uniform = number(prior.uniform_bits());
        let bits = number(bits);
        format!(": {bits} bits an index on held-out codes, {uniform} if all were equally likely")
    });
    tell(&format!(
        "fitted an autoregressive prior to codes of `{data}` ({}){bits}",
        examples.part
    ));
    if let Some(save) = &args.save {
        keep(file, &prior, save)?;
    }
    Ok(prior)
}

/// Writes the model with a prior in place of any that it had.
fn keep(file: &ModelFile, prior: &Autoregressive, path: &Path) -> anyhow::Result<()> {
    let others = file.attachments.iter();
    let others = others.filter(|tensor| !Autoregressive::owns(tensor));
    let kept: Vec<_> = others.cloned().chain(prior.tensors()).collect();
    ModelFile::save(&file.model, &file.provenance, &kept, path)?;
    tell(&format!(
        "wrote {}: the model and its prior",
        path.display()
    ));
    Ok(())
}

/// `count` codes drawn from what else is fitted to the codes of examples.
fn from_fitted(
    file: &ModelFile,
    (args, prior): (&SampleArgs, Prior),
    count: usize,
    loader: &Loader,
) -> anyhow::Result<Matrix> {
    let (model, latent) = (&file.model, file.model.latent());
    if latent.is_restricted() && prior != Prior::Mixture {
        let or = match has_codebook(file) {
            true => ", `--prior autoregressive` draws its indices",
            false => "",
        };
        bail!(
            "a code that is {} has few values, between which none can be drawn; `--prior mixture` takes the nearest to what it draws{or}",
            latent.name()
        );
    }
    let (examples, data) = training(file, args, loader)?;
    let codes = model.encode(&examples.dataset)?;
    let (sampler, what) = fit(&codes, args, prior)?;
    tell(&format!(
        "fitted {what} to codes of `{data}` ({})",
        examples.part
    ));
    Ok(model.quantise_latents(sampler.sample(count, args.seed))?)
}

/// What `--prior` names, fitted to codes, and what to call it.
fn fit(
    codes: &Matrix,
    args: &SampleArgs,
    prior: Prior,
) -> anyhow::Result<(Box<dyn CodeSampler>, String)> {
    Ok(match prior {
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
        Prior::Prior | Prior::Mixture | Prior::Autoregressive => {
            let components = args.components.unwrap_or(COMPONENTS);
            let mixture = Mixture::fit(codes, components.into(), args.seed)?;
            let gaussians = counted(mixture.components(), "Gaussian");
            (Box::new(mixture), format!("a mixture of {gaussians}"))
        }
    })
}
