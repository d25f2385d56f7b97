//! `latentia train`

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use latentia_models::{Autoencoder, ModelError, Training};
use latentia_tensor::Rows;

use crate::args::TrainArgs;
use crate::inputs::{Loader, split_part};
use crate::terminal::{Ended, UsageError, count, counted, tell};
use crate::training::{
    DataSplit, Progress, Run, RunFolder, experiment, fingerprint_of_all, overridden,
};

pub(super) fn run(
    args: &TrainArgs,
    loader: &Loader,
    data_dir: Option<&Path>,
) -> anyhow::Result<Ended> {
    if let Some((data, Some(part))) = args.data.as_deref().map(split_part) {
        let hint = format!("training takes whole data sets: `{data}` without `:{part}`");
        return Err(UsageError(hint).into());
    }
    let (name, preset) = experiment(args)?;
    let Some(data) = args.data.as_ref().or(preset.data.as_ref()) else {
        let hint = format!("preset `{name}` names no data; say what to train on with --data");
        return Err(UsageError(hint).into());
    };
    let source = loader.with_pictures(args.pictures).load(data)?;
    let mut folder = RunFolder::new(match &args.out {
        Some(out) => out.clone(),
        None => PathBuf::from("runs").join(&name),
    });
    if !args.force && !args.resume {
        folder.check_free()?;
    }

    let mut spec = preset.model;
    if let Some(width) = args.latent {
        spec.set_code_width(width).map_err(usage)?;
    }
    let schedule = overridden(preset.training, args);
    schedule.check().map_err(usage)?;
    let mut model = spec.build(source.train.shape(), args.seed).map_err(usage)?;

    let split = DataSplit::new(&source, &schedule, args.seed);
    let fingerprint = source.train.fingerprint().map_err(ModelError::from)?;
    let all_data = fingerprint_of_all(&source, &fingerprint)?;
    tell(&introduction(&name, data, &model, &split));

    let (examples, validation) = (&split.training, split.validation_rows());
    let mut training = Training::new(&mut model, schedule, args.seed, examples, validation)
        .map_err(|error| match error {
            ModelError::Range { .. } => anyhow!("`{data}`: {error}, as in `--preset table`"),
            ModelError::NotBytes { .. } | ModelError::Labels { .. } => anyhow!("`{data}`: {error}"),
            error => error.into(),
        })?;
    // A folder that cannot be written is found out before the training and not after it.
    folder.claim()?;
    let run = Run {
        args,
        data_dir,
        name: &name,
        data,
        fingerprint: &fingerprint,
        split: &split,
        folder: &folder,
    };
    if args.resume {
        run.resume(&mut training, &all_data)?;
    } else if !args.force {
        // Once more, for a run that has ended since.
        folder.check_free()?;
    }
    let interval = args.checkpoint_every;
    let mut progress = Progress::new(&folder, all_data, interval, &training, examples.rows())?;
    if !folder.model().exists() {
        progress.write_metrics(training.history())?;
    }
    let trained = run.train(training, &mut progress)?;
    run.finish(&model, trained, &progress)
}

fn usage(error: ModelError) -> UsageError {
    UsageError(error.to_string())
}

/// What is about to be trained, and on what.
fn introduction(name: &str, data: &str, model: &Autoencoder, split: &DataSplit<'_>) -> String {
    let validation = split.validation.as_ref().map_or_else(String::new, |rows| {
        format!(", {} for validation", count(rows.rows()))
    });
    format!(
        "{name}: {}, code of {}, {} of `{data}`{validation}",
        counted(model.chain().parameter_count(), "parameter"),
        model.code_width(),
        counted(split.training.rows(), "training example"),
    )
}
