//! `latentia train`

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::anyhow;
use latentia_codec::Quantiser;
use latentia_data::Source;
use latentia_models::{
    Autoencoder, BoxError, DetectionSpec, Detector, ModelError, Part, Split, StoredTensor,
    Training, TrainingSpec, Validation,
};
use latentia_nn::Collective;
use latentia_tensor::Rows;

use crate::args::TrainArgs;
use crate::inputs::{Loader, split_part};
use crate::terminal::{Ended, UsageError, count, counted, tell};
use crate::training::{
    Progress, Run, RunFolder, agree, build, check_examples, experiment, fingerprint_of_all,
    overridden,
};

/// Share held out where a preset asks for a test part that the data does not have.
const HELD_OUT: f64 = 0.1;

pub(super) fn run(
    args: &TrainArgs,
    loader: &Loader,
    data_dir: Option<&Path>,
    collective: Arc<dyn Collective>,
) -> anyhow::Result<Ended> {
    let is_first = collective.rank() == 0;
    check_whole(args)?;
    let loader = loader.with_examples(args.examples);
    let loader = loader.with_target(args.target.as_deref());
    let loader = loader.with_columns(&args.columns)?;
    let read = read_to_choose(args, &loader)?;
    let (name, preset) = experiment(args, read.as_ref().map(|source| &source.train))?;
    let Some(data) = args.data.as_ref().or(preset.data.as_ref()) else {
        let hint = format!("preset `{name}` names no data; say what to train on with --data");
        return Err(UsageError(hint).into());
    };
    let source = match read {
        Some(source) => source,
        None => loader.load(data)?,
    };
    check_examples(data, &source.train)?;
    let out = args.out.clone();
    let mut folder = RunFolder::new(out.unwrap_or_else(|| Path::new("runs").join(&name)));
    if is_first && !args.force && !args.resume {
        folder.check_free()?;
    }

    let mut spec = preset.model;
    if let Some(width) = args.latent {
        spec.set_code_width(width).map_err(usage)?;
    }
    let mut schedule = overridden(preset.training, args);
    schedule.check().map_err(usage)?;
    preset.detection.check().map_err(usage)?;
    let mut model = build(&spec, &source.train, args.seed)?;

    let fingerprint = source.train.fingerprint().map_err(ModelError::from)?;
    let all_data = fingerprint_of_all(&source, &fingerprint)?;
    let validates_on_test = choose_validation(&mut schedule, &source);
    let test = source.test.as_ref().filter(|_| validates_on_test);
    let test = test.map(|test| test as &dyn Rows);
    let training = Training::new(&mut model, schedule, args.seed, &source.train, test);
    let training = training.map_err(|error| unsuitable(data, error))?;
    tell(&introduction(&name, data, &training));
    let (plan, mut detection) = (training.spec().clone(), preset.detection);
    detection.members = args.members.unwrap_or(detection.members);
    let interrupted = Arc::new(AtomicBool::new(false));
    let detector = detector(&plan, &detection, args.seed, &interrupted);
    agree(&training, &all_data, &*collective)?;
    let mut training = training.across(Arc::clone(&collective));
    // A folder that cannot be written is found out before the training and not after it.
    if is_first {
        training = training.attaching(&quantiser).attaching(&detector);
        folder.claim()?;
    }
    let run = Run {
        args,
        data_dir,
        name: &name,
        data,
        fingerprint: &fingerprint,
        source: &source,
        folder: &folder,
    };
    if args.resume {
        run.resume(&mut training, &all_data)?;
    } else if is_first && !args.force {
        // Once more, for a run that has ended since.
        folder.check_free()?;
    }
    if !is_first {
        return follow(&mut training);
    }
    let mut progress = Progress::new(&folder, all_data, args, &training, &interrupted)?;
    if !folder.model().exists() {
        progress.write_metrics(training.history())?;
    }
    run.complete(training, &mut progress)
}

/// Works a part of a run whose first process shows it and writes it down.
fn follow(training: &mut Training<'_>) -> anyhow::Result<Ended> {
    // The first process is asked to end the run, and ends it for all.
    ctrlc::set_handler(|| {})?;
    let fitted = training.fit(&mut ());
    match fitted.error {
        // Of the run itself, which is the same in all processes: the first one says it.
        None | Some(ModelError::Diverged { .. }) => Ok(Ended::Done),
        Some(error) => Err(error.into()),
    }
}

/// The data, where the preset depends on them.
fn read_to_choose(args: &TrainArgs, loader: &Loader) -> anyhow::Result<Option<Source>> {
    match (&args.preset, &args.config, &args.data) {
        (None, None, Some(data)) => Ok(Some(loader.load(data)?)),
        _ => Ok(None),
    }
}

/// What a compressor keeps with the model.
fn quantiser(model: &Autoencoder, split: &Split<'_>) -> Result<Vec<StoredTensor>, BoxError> {
    Ok(Quantiser::fit(model, &split.training)?.tensors())
}

/// What `detect` keeps with the model; nothing where the user does not wait for it.
fn detector<'a>(
    plan: &'a TrainingSpec,
    detection: &'a DetectionSpec,
    seed: u64,
    interrupted: &'a AtomicBool,
) -> impl Fn(&Autoencoder, &Split<'_>) -> Result<Vec<StoredTensor>, BoxError> + Sync + 'a {
    move |model, split| {
        if split.training.has_targets() {
            tell("a model of pairs does not reconstruct examples as they are: it has no detector");
            return Ok(Vec::new());
        }
        let (rows, held_out) = (&split.training, split.validation_rows());
        let goes_on = || match interrupted.load(Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        };
        match Detector::cross_fit(model, rows, held_out, plan, detection, seed, &goes_on) {
            Ok(detector) => Ok(detector.tensors()?),
            Err(ModelError::Interrupted) => {
                tell("the model has no detector: it was interrupted before that was fitted");
                Ok(Vec::new())
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Where a preset validates on a test part that the data does not have, a share is held out instead. Whether the run validates on
/// the test part.
fn choose_validation(schedule: &mut TrainingSpec, source: &Source) -> bool {
    let test = Validation::Part(Part::Test);
    let validates_on_test = schedule.validation == test && source.test.is_some();
    if schedule.validation == test && !validates_on_test {
        schedule.validation = Validation::Share(HELD_OUT);
    }
    validates_on_test
}

/// Refuses a part of a data set.
fn check_whole(args: &TrainArgs) -> Result<(), UsageError> {
    match args.data.as_deref().map(split_part) {
        Some((data, Some(part))) => Err(UsageError(format!(
            "training takes whole data sets: `{data}` without `:{part}`"
        ))),
        _ => Ok(()),
    }
}

/// Why a model cannot learn from `data`.
fn unsuitable(data: &str, error: ModelError) -> anyhow::Error {
    match error {
        ModelError::Range { .. } => anyhow!("`{data}`: {error}, as in `--preset table`"),
        ModelError::NotBytes { .. } | ModelError::Labels { .. } => anyhow!("`{data}`: {error}"),
        error => error.into(),
    }
}

fn usage(error: ModelError) -> UsageError {
    UsageError(error.to_string())
}

/// What is about to be trained, and on what.
fn introduction(name: &str, data: &str, training: &Training<'_>) -> String {
    let (model, split) = (training.model(), training.split());
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
