//! `latentia train`

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::anyhow;
use latentia_codec::Quantiser;
use latentia_data::{Dataset, Source};
use latentia_models::{
    Autoencoder, BoxError, DetectionSpec, Detector, ModelError, Preset, Split, StoredTensor,
    Training, TrainingSpec,
};
use latentia_nn::Collective;
use latentia_tensor::Rows;

use crate::args::TrainArgs;
use crate::inputs::{Loader, check_fit, open, split_part};
use crate::terminal::{Ended, UsageError, count, counted, shell_word, tell, waiting};
use crate::training::{
    Interrupt, Progress, Run, RunFolder, Summary, agree, build, check_examples, experiment,
    fingerprint_of_all,
};

pub(super) fn run(args: &TrainArgs, collective: Arc<dyn Collective>) -> anyhow::Result<Ended> {
    check_whole(args.data.as_deref())?;
    let loader = Loader::new(&args.reading).among(&collective);
    let loader = loader.with_examples(args.examples);
    let loader = loader.with_target(args.target.as_deref());
    let loader = loader.with_columns(&args.columns)?;
    let read = read_to_choose(args, &loader)?;
    let (name, preset) = experiment(args, read.as_ref().map(|source| &source.train))?;
    let data = data_of(args, &name, &preset)?;
    let source = match read {
        Some(source) => source,
        None => loader.load(&data)?,
    };
    let folder = folder(args, &name);
    let job = Job {
        args,
        data: &Data::of(&data, source)?,
        name: &name,
        preset,
        how_to_resume: &format!(
            "`latentia train --resume {}` goes on",
            shell_word(&folder.to_string_lossy())
        ),
        folder,
        interrupt: &Interrupt::default(),
        keeps_command: true,
    };
    job.train(collective, &|summary| match args.json {
        true => summary.print_json(),
        false => summary.print_text(args.reading.data_dir.as_deref()),
    })
}

/// What is trained on.
///
/// # Errors
/// When neither the arguments nor the preset say it.
pub(super) fn data_of(args: &TrainArgs, name: &str, preset: &Preset) -> Result<String, UsageError> {
    let data = args.data.as_ref().or(preset.data.as_ref());
    data.cloned().ok_or_else(|| {
        let hint = format!("preset `{name}` names no data; say what to train on with --data");
        UsageError(hint)
    })
}

/// Data that can be learned from, and what they are known by.
pub(super) struct Data {
    pub(super) name: String,
    source: Source,
    /// SHA-256 of the examples.
    fingerprint: String,
    /// That of all that a run may look at.
    pub(super) all: String,
}

impl Data {
    /// Those of `source`, which a user calls `name`.
    ///
    /// # Errors
    /// When nothing can be learned from them, or they cannot be read.
    pub(super) fn of(name: &str, source: Source) -> anyhow::Result<Self> {
        check_examples(name, &source.train)?;
        let fingerprint = source.train.fingerprint().map_err(ModelError::from)?;
        Ok(Self {
            name: name.into(),
            all: fingerprint_of_all(&source, &fingerprint)?,
            fingerprint,
            source,
        })
    }
}

/// A run that has not begun.
pub(super) struct Job<'a> {
    /// What was asked for.
    pub(super) args: &'a TrainArgs,
    /// What is trained on.
    pub(super) data: &'a Data,
    /// The preset's name, or the file's.
    pub(super) name: &'a str,
    /// What is trained.
    pub(super) preset: Preset,
    /// Where to.
    pub(super) folder: PathBuf,
    /// How the user ends it.
    pub(super) interrupt: &'a Interrupt,
    /// Whether its folder keeps the command that began it.
    pub(super) keeps_command: bool,
    /// What goes on with it, after an interruption.
    pub(super) how_to_resume: &'a str,
}

impl Job<'_> {
    /// Trains, and tells `on_complete` of a complete run.
    ///
    /// # Errors
    /// When the model does not fit the data, the training fails, or something cannot be written.
    pub(super) fn train(
        self,
        collective: Arc<dyn Collective>,
        on_complete: &dyn Fn(&Summary<'_>) -> anyhow::Result<()>,
    ) -> anyhow::Result<Ended> {
        let is_first = collective.rank() == 0;
        let (args, source) = (self.args, &self.data.source);
        let mut folder = RunFolder::new(self.folder);
        if is_first && !args.force && !args.resumes() {
            folder.check_free()?;
        }
        let mut model = match &args.from {
            Some(path) => trained(path, &self.data.name, &source.train)?,
            None => build(&self.preset.model, &source.train, args.seed)?,
        };
        let schedule = self.preset.training.suiting(source.test.is_some());
        let test = source.test.as_ref().map(|test| test as &dyn Rows);
        let training = Training::new(&mut model, schedule, args.seed, &source.train, test);
        let training = training.map_err(|error| unsuitable(&self.data.name, error))?;
        tell(&introduction(self.name, &self.data.name, &training));
        let plan = training.spec().clone();
        let detector = detector(&plan, &self.preset.detection, args.seed, self.interrupt);
        agree(&training, &self.data.all, &*collective)?;
        let mut training = training.across(Arc::clone(&collective));
        // A folder that cannot be written is found out before the training and not after it.
        if is_first {
            training = training.attaching(&quantiser).attaching(&detector);
            folder.claim()?;
        }
        let run = Run {
            args,
            name: self.name,
            data: &self.data.name,
            fingerprint: &self.data.fingerprint,
            source,
            folder: &folder,
            how_to_resume: self.how_to_resume,
        };
        if args.resumes() {
            run.resume(&mut training, &self.data.all)?;
        } else if is_first && !args.force {
            // Once more, for a run that has ended since.
            folder.check_free()?;
        }
        if !is_first {
            return follow(&mut training);
        }
        let all_data = self.data.all.clone();
        let mut progress = Progress::new(&folder, all_data, args, &training, self.interrupt)?;
        if self.keeps_command {
            progress.keep_command(args);
        }
        let name = format!("{} on {}", self.name, self.data.name);
        progress.show(args, &folder, &name)?;
        if !folder.model().exists() {
            progress.write_metrics(training.history())?;
        }
        run.complete(training, &mut progress, on_complete)
    }
}

/// Where a run is written: to the folder that the user names, else to one of its own.
fn folder(args: &TrainArgs, name: &str) -> PathBuf {
    if let Some(out) = &args.out {
        return out.clone();
    }
    let base = Path::new("runs").join(named_after(name, args.data.as_deref()));
    match (args.resumes(), args.force) {
        (true, _) => RunFolder::unfinished(&base),
        (_, true) => base,
        _ => {
            let vacant = RunFolder::vacant(&base);
            if vacant != base {
                let (base, vacant) = (base.display(), vacant.display());
                tell(&format!(
                    "`{base}` holds a run already: this one is written to `{vacant}`"
                ));
            }
            vacant
        }
    }
}

/// What the folder of a run of the preset `name` is called, or that of a sweep: after it and the data that the user names.
pub(super) fn named_after(name: &str, data: Option<&str>) -> String {
    let data = data.and_then(stem).filter(|data| data != name);
    match data {
        Some(data) => format!("{name}-{data}"),
        None => name.to_string(),
    }
}

/// The name of data in that of a folder: of a path its last part, up to the first dot.
fn stem(data: &str) -> Option<String> {
    let last = Path::new(data).file_name()?.to_string_lossy().into_owned();
    let stem: String = last
        .trim_start_matches(['.', '-'])
        .chars()
        .take_while(|&c| c != '.')
        .collect();
    let plain = |c: char| {
        if c.is_alphanumeric() || c == '_' {
            c
        } else {
            '-'
        }
    };
    let stem: String = stem.chars().map(plain).collect();
    (!stem.is_empty()).then_some(stem)
}

/// The model in the file `path`, to be trained further on `examples` of `data`.
fn trained(path: &Path, data: &str, examples: &Dataset) -> anyhow::Result<Autoencoder> {
    let model = open(path)?.model;
    check_fit(&model, data, examples)?;
    tell(&format!(
        "begins with the weights of `{}`, whose model and scale are kept",
        path.display()
    ));
    Ok(model)
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
pub(super) fn read_to_choose(args: &TrainArgs, loader: &Loader) -> anyhow::Result<Option<Source>> {
    match (&args.preset, &args.config, &args.from, &args.data) {
        (None, None, None, Some(data)) => Ok(Some(loader.load(data)?)),
        _ => Ok(None),
    }
}

/// What a compressor keeps with the model.
fn quantiser(model: &Autoencoder, split: &Split<'_>) -> Result<Vec<StoredTensor>, BoxError> {
    let fitted = waiting("fitting the quantiser", || {
        Quantiser::fit(model, &split.training)
    });
    Ok(fitted?.tensors())
}

/// What `detect` keeps with the model; nothing where the user does not wait for it.
fn detector<'a>(
    plan: &'a TrainingSpec,
    detection: &'a DetectionSpec,
    seed: u64,
    interrupt: &'a Interrupt,
) -> impl Fn(&Autoencoder, &Split<'_>) -> Result<Vec<StoredTensor>, BoxError> + Sync + 'a {
    move |model, split| {
        if split.training.has_targets() {
            tell("a model of pairs does not reconstruct examples as they are: it has no detector");
            return Ok(Vec::new());
        }
        let (rows, held_out) = (&split.training, split.validation_rows());
        let goes_on = || match interrupt.is_asked_for() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        };
        let fitted = waiting("fitting the detector", || {
            Detector::cross_fit(model, rows, held_out, plan, detection, seed, &goes_on)
        });
        match fitted {
            Ok(detector) => Ok(detector.tensors()?),
            Err(ModelError::Interrupted) => {
                tell("the model has no detector: it was interrupted before that was fitted");
                Ok(Vec::new())
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Refuses a part of a data set.
pub(super) fn check_whole(data: Option<&str>) -> Result<(), UsageError> {
    match data.map(split_part) {
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
        ModelError::NotBytes { .. } | ModelError::NotCounts { .. } | ModelError::Labels { .. } => {
            anyhow!("`{data}`: {error}")
        }
        error => error.into(),
    }
}

/// What is about to be trained, and on what.
fn introduction(name: &str, data: &str, training: &Training<'_>) -> String {
    let (model, split) = (training.model(), training.split());
    let others = [
        ("validation", &split.validation),
        (
            "test",
            &split
                .test
                .as_ref()
                .filter(|_| training.spec().test > 0.0)
                .cloned(),
        ),
    ];
    let others = others.map(|(part, rows)| match rows {
        Some(rows) => format!(", {} for {part}", count(rows.rows())),
        None => String::new(),
    });
    format!(
        "{name}: {}, code of {}, {} of `{data}`{}",
        counted(model.chain().parameter_count(), "parameter"),
        model.code_width(),
        counted(split.training.rows(), "training example"),
        others.concat()
    )
}
