//! `latentia train`

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use latentia_data::{Dataset, Source, Subset, split};
use latentia_models::{
    Autoencoder, Epoch, GradientFault, GradientReport, ModelError, ModelFile, Part, Preset,
    Provenance, Quantiser, StoppedBy, Training, TrainingSpec, Validation,
};
use latentia_tensor::Rows;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::args::TrainArgs;
use crate::figures::{COLUMNS, grid, picture_of};
use crate::inputs::{Loader, of_classes, split_part};
use crate::measures::Evaluation;
use crate::terminal::{
    Ended, UsageError, count, counted, number, print, shell_word, suggestion, tell,
};
use crate::training::{Progress, RunFolder, config};

/// Held out where a preset asks for a test part that the data does not have.
const HELD_OUT: f64 = 0.1;

/// Examples in `samples.png`.
const SAMPLES: usize = 100;

/// Samples behind the likelihood that is shown after training; `evaluate` takes more.
const IMPORTANCE_SAMPLES: u32 = 10;

/// Pairs in `reconstructions.png`.
const PAIRS: usize = 20;

pub(super) fn run(
    args: TrainArgs,
    loader: &Loader,
    data_dir: Option<&Path>,
) -> anyhow::Result<Ended> {
    if let Some((data, Some(part))) = args.data.as_deref().map(split_part) {
        let hint = format!("training takes whole data sets: `{data}` without `:{part}`");
        return Err(UsageError(hint).into());
    }
    let (name, preset) = experiment(&args)?;
    let Some(data) = args.data.clone().or_else(|| preset.data.clone()) else {
        let hint = format!("preset `{name}` names no data; say what to train on with --data");
        return Err(UsageError(hint).into());
    };
    let source = loader.with_pictures(args.pictures).load(&data)?;
    let path = args.out.clone();
    let mut folder = RunFolder::new(path.unwrap_or_else(|| Path::new("runs").join(&name)));
    let model_path = folder.model();
    if !args.force && !args.resume {
        folder.check_free()?;
    }

    let mut spec = preset.model;
    if let Some(width) = args.latent {
        spec.set_code_width(width).map_err(usage)?;
    }
    let training = overridden(preset.training, &args);
    training.check().map_err(usage)?;
    let mut model = spec.build(source.train.shape(), args.seed).map_err(usage)?;

    let parts = Parts::new(&source, &training, args.seed);
    let fingerprint = source.train.fingerprint().map_err(ModelError::from)?;
    let all_data = fingerprint_of_all(&source, &fingerprint)?;
    tell(&format!(
        "{name}: {}, code of {}, {} of `{data}`{}",
        counted(model.chain().parameter_count(), "parameter"),
        model.code_width(),
        counted(parts.training.rows(), "training example"),
        parts
            .validation
            .as_ref()
            .map_or_else(String::new, |v| format!(
                ", {} for validation",
                count(v.rows())
            )),
    ));

    let validation = parts.validation.as_ref().map(|subset| subset as &dyn Rows);
    let mut run = Training::new(
        &mut model,
        training.clone(),
        args.seed,
        &parts.training,
        validation,
    )
    .map_err(|error| match error {
        ModelError::Range { .. } => anyhow!("`{data}`: {error}, as in `--preset table`"),
        ModelError::NotBytes { .. } | ModelError::Labels { .. } => anyhow!("`{data}`: {error}"),
        error => error.into(),
    })?;
    // A folder that cannot be written is found out before the training and not after it.
    folder.claim()?;
    if args.resume {
        goes_on(&mut run, &folder, &all_data, parts.training.rows())?;
    } else if !args.force {
        // Once more, for a run that has ended since.
        folder.check_free()?;
    }
    let mut progress = Progress::new(
        &folder,
        all_data,
        args.checkpoint_every,
        &run,
        parts.training.rows(),
    )?;
    if !model_path.exists() {
        progress.write_metrics(run.history())?;
    }

    let ended = run.run(&mut progress);
    progress.finish();
    let best = run.best_epoch().copied();
    let provenance = |run: &Training<'_>, stopped_by| {
        Provenance::of(run, &name, &data, fingerprint.clone(), stopped_by)
    };
    let kept = |best: Epoch| {
        let (epoch, path) = (best.epoch, model_path.display());
        format!("kept the model of epoch {epoch}, the best so far, in `{path}`")
    };
    let instead = if args.force {
        " instead of --force"
    } else {
        ""
    };
    let resume = format!("the same command with --resume{instead} goes on");
    let stopped_by = match ended {
        Ok(stopped_by) => stopped_by,
        Err(error @ ModelError::Diverged { .. }) => {
            // To go on from there would end in the same way. What another run has left is not touched.
            if progress.has_saved() || !args.force {
                progress.write_metrics(run.history())?;
                folder.remove_checkpoint()?;
            }
            return Err(error.into());
        }
        Err(error) => {
            // What there is is kept, as far as what went wrong lets it.
            let saved = progress.save(&run);
            run.restore_best();
            let provenance = provenance(&run, StoppedBy::Error);
            if let Some(best) = best
                && ModelFile::save(&model, &provenance, None, &model_path).is_ok()
            {
                tell(&kept(best));
            }
            if saved.is_ok() {
                tell(&resume);
            }
            return Err(error.into());
        }
    };
    // From here on the run can go on, whatever happens. A complete model matters more than a way on to it.
    let saved = progress.save(&run);
    let trouble = Trouble::of(&run);
    let interrupted = stopped_by == StoppedBy::Interrupt;
    if interrupted {
        saved?;
        run.restore_best();
        if best.is_none() {
            tell(&format!(
                "interrupted in the first epoch, with no model to keep yet; {resume}"
            ));
            return Ok(Ended::Interrupted);
        }
    }
    let provenance = provenance(&run, stopped_by);
    // Those of another model.
    folder.remove_pictures()?;
    let quantiser = Quantiser::fit(&model, &parts.training);
    ModelFile::save(&model, &provenance, quantiser.as_ref().ok(), &model_path)?;
    quantiser?;
    progress.write_metrics(&provenance.history)?;
    progress.nothing_left_to_keep();
    if let Some(best) = best.filter(|_| interrupted) {
        tell(&format!("interrupted: {}; {resume}", kept(best)));
        return Ok(Ended::Interrupted);
    }
    let (part, examples) = parts.to_show();
    picture_of(&model, examples, PAIRS)?.write(&folder.reconstructions())?;
    if let Ok(codes) = model.sample_codes(SAMPLES, args.seed) {
        let samples = model.decode(&*of_classes(&model, &codes, None)?)?;
        grid(samples.view(), model.shape(), COLUMNS).write(&folder.samples())?;
    }
    // A complete run has nothing to go on with.
    folder.remove_checkpoint()?;
    let evaluation = Evaluation::measure(
        &model,
        (&data, part),
        examples,
        Some(&parts.training),
        false,
        IMPORTANCE_SAMPLES,
    )?;
    report(&Outcome {
        args: &args,
        data_dir,
        model: &model,
        path: &model_path,
        provenance: &provenance,
        progress: &progress,
        best,
        trouble: &trouble,
        evaluation: &evaluation,
    })
}

/// Takes a run up from the folder's checkpoint, where there is one; an epoch has `examples` examples.
fn goes_on(
    run: &mut Training<'_>,
    folder: &RunFolder,
    data: &str,
    examples: usize,
) -> anyhow::Result<()> {
    let checkpoint = folder.checkpoint();
    if checkpoint.exists() {
        run.resume(&checkpoint, data)?;
        let epochs = run.history().len();
        let done = counted(run.examples_done() - epochs * examples, "example");
        tell(&format!("resumed in epoch {}, after {done}", epochs + 1));
    } else if folder.model().exists() {
        let model = folder.model();
        return Err(UsageError(format!(
            "the run that wrote `{}` is complete; --force begins anew",
            model.display()
        ))
        .into());
    } else {
        let folder = folder.path().display();
        tell(&format!(
            "nothing to resume in `{folder}`: a new run begins"
        ));
    }
    Ok(())
}

/// SHA-256 of all that a run may look at: its examples, by their fingerprint, their classes, and the test part.
fn fingerprint_of_all(source: &Source, training: &str) -> anyhow::Result<String> {
    let mut hash = Sha256::new_with_prefix(training);
    hash.update(source.train.labels().unwrap_or_default());
    if let Some(test) = &source.test {
        hash.update(test.fingerprint()?);
        hash.update(test.labels().unwrap_or_default());
    }
    Ok(hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

/// The preset or the file asked for; without either, what suits the data.
fn experiment(args: &TrainArgs) -> anyhow::Result<(String, Preset)> {
    if let Some(path) = &args.config {
        let preset = config::read(path)?;
        let name = path.file_stem().map_or_else(
            || "model".into(),
            |stem| stem.to_string_lossy().into_owned(),
        );
        return Ok((name, preset));
    }
    let is_table = |data: &str| data.to_lowercase().ends_with(".csv");
    let name = match (&args.preset, &args.data) {
        (Some(name), _) => name.as_str(),
        (None, Some(data)) if is_table(data) => "table",
        (None, _) => "digits",
    };
    let Some(text) = Preset::text(name) else {
        let names: Vec<&str> = Preset::names().collect();
        return Err(UsageError(format!(
            "no preset is called `{name}`; {}",
            suggestion(name, &names)
        ))
        .into());
    };
    Ok((name.to_string(), Preset::parse(text)?))
}

fn overridden(training: TrainingSpec, args: &TrainArgs) -> TrainingSpec {
    TrainingSpec {
        epochs: args.epochs.unwrap_or(training.epochs),
        batch_size: args.batch_size.unwrap_or(training.batch_size),
        learning_rate: args.learning_rate.unwrap_or(training.learning_rate),
        ..training
    }
}

fn usage(error: ModelError) -> UsageError {
    UsageError(error.to_string())
}

/// The examples of a run.
struct Parts<'a> {
    training: Subset<'a>,
    validation: Option<Subset<'a>>,
    test: Option<&'a Dataset>,
}

impl<'a> Parts<'a> {
    fn new(source: &'a Source, spec: &TrainingSpec, seed: u64) -> Self {
        let all = |dataset: &'a Dataset| Subset::new(dataset, (0..dataset.rows() as u32).collect());
        let test = source.test.as_ref();
        let share = match (spec.validation, test) {
            (Validation::Part(Part::Test), Some(test)) => {
                return Self {
                    training: all(&source.train),
                    validation: Some(all(test)),
                    test: Some(test),
                };
            }
            (Validation::Part(Part::Test), None) => HELD_OUT,
            (Validation::Share(share), _) => share,
        };
        let (training, held_out) = split(source.train.rows(), share, seed);
        Self {
            training: Subset::new(&source.train, training),
            validation: (!held_out.is_empty()).then(|| Subset::new(&source.train, held_out)),
            test,
        }
    }

    /// The examples to measure and to show: the test part, else those held out, else what was trained on.
    fn to_show(&self) -> (&'static str, &dyn Rows) {
        match (self.test, &self.validation) {
            (Some(test), _) => ("test", test),
            (None, Some(validation)) => ("validation", validation),
            (None, None) => ("train", &self.training),
        }
    }
}

/// What there is to say of a complete run.
struct Outcome<'a> {
    args: &'a TrainArgs,
    data_dir: Option<&'a Path>,
    model: &'a Autoencoder,
    path: &'a PathBuf,
    provenance: &'a Provenance,
    progress: &'a Progress,
    best: Option<Epoch>,
    trouble: &'a Trouble,
    evaluation: &'a Evaluation,
}

/// What went wrong in a run that is complete all the same.
struct Trouble {
    setbacks: u32,
    vanishing: Option<GradientReport>,
    exploding: Option<GradientReport>,
}

impl Trouble {
    fn of(run: &Training<'_>) -> Self {
        Self {
            setbacks: run.setbacks(),
            vanishing: run.gradients(GradientFault::Vanishing).cloned(),
            exploding: run.gradients(GradientFault::Exploding).cloned(),
        }
    }
}

fn report(outcome: &Outcome<'_>) -> anyhow::Result<Ended> {
    let Outcome {
        args,
        data_dir,
        model,
        path,
        provenance,
        progress,
        best,
        trouble,
        evaluation,
    } = outcome;
    let history = &provenance.history;
    let last = history.last().context("a run has at least one epoch")?;
    if args.json {
        let report = json!({
            "model": path.to_string_lossy(),
            "preset": provenance.preset,
            "data": provenance.data,
            "epochs_run": history.len(),
            "stopped_by": provenance.stopped_by,
            "train_loss": last.train_loss,
            "validation_loss": last.validation_loss,
            "best_epoch": best.map(|best| best.epoch),
            "setbacks": trouble.setbacks,
            "gradients": {
                "vanishing": trouble.vanishing,
                "exploding": trouble.exploding,
            },
            "epoch_seconds": progress.seconds,
            "examples_per_second": progress.examples_per_second(),
            "threads": rayon::current_num_threads(),
            "seed": args.seed,
            "parameters": model.chain().parameter_count(),
            "evaluation": evaluation,
        });
        print(&format!("{}\n", serde_json::to_string_pretty(&report)?))?;
        return Ok(Ended::Done);
    }
    let seconds: f64 = progress.seconds.iter().sum();
    let why = match provenance.stopped_by {
        StoppedBy::Patience => format!(", best after {}", best.map_or(0, |best| best.epoch)),
        StoppedBy::StopAtLoss => ", loss threshold reached".into(),
        StoppedBy::Epochs | StoppedBy::Interrupt | StoppedBy::Error => String::new(),
    };
    let validation = last
        .validation_loss
        .map_or_else(String::new, |loss| format!(", validation {}", number(loss)));
    tell(&format!(
        "trained {} in {seconds:.1} s{why}: loss {}{validation}",
        counted(history.len(), "epoch"),
        number(last.train_loss),
    ));
    if trouble.setbacks > 0 {
        tell(&format!(
            "it went back {}: the learning rate was 1/{} of the one asked for at the end",
            counted(trouble.setbacks as usize, "time"),
            1u32 << trouble.setbacks,
        ));
    }
    print(&evaluation.table())?;
    let samples = if evaluation.variational.is_some() {
        ", samples.png"
    } else {
        ""
    };
    tell(&format!(
        "wrote {}, metrics.csv, reconstructions.png{samples}",
        path.display()
    ));
    let place = data_dir.map_or_else(String::new, |folder| {
        format!(" --data-dir {}", shell_word(&folder.to_string_lossy()))
    });
    tell(&format!(
        "next: latentia inspect {0}\n      latentia encode {0} {1} -o codes.npy{place}",
        shell_word(&path.to_string_lossy()),
        shell_word(&provenance.data)
    ));
    Ok(Ended::Done)
}
