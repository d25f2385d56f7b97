//! A training run from its first batch to the files it leaves.

use latentia_data::Source;
use latentia_models::{
    Autoencoder, Epoch, Evaluation, EvaluationOptions, Fitted, ModelError, ModelFile, Provenance,
    Split, StoppedBy, Training,
};
use latentia_tensor::{Rows, Subset};

use super::progress::Progress;
use super::run_folder::RunFolder;
use super::summary::Summary;
use crate::args::{EVALUATION_SEED, TrainArgs};
use crate::figures::{COLUMNS, Sheet, losses, mixed, reconstruction_pairs};
use crate::inputs::{caption, classes_above, with_labels};
use crate::outputs::{self, Format, OutputColumns, write, write_row_pairs};
use crate::terminal::{Ended, StageBar, UsageError, counted, tell};

/// Examples in `samples.png`, or `.csv`.
const SAMPLES: usize = 100;

/// Samples behind the likelihood that is shown after training; `evaluate` takes more.
const IMPORTANCE_SAMPLES: u32 = 10;

/// Training rows of a table that classes are told from.
const MOST_PROBED: usize = 20_000;

/// Pairs in `reconstructions.png`, or `.csv`.
const PAIRS: usize = 20;

/// All that a run needs, apart from the training itself.
pub struct Run<'a> {
    /// What was asked for.
    pub args: &'a TrainArgs,
    /// The preset's name, or the file's.
    pub name: &'a str,
    /// The data's name or path.
    pub data: &'a str,
    /// SHA-256 of the examples.
    pub fingerprint: &'a str,
    /// The data themselves.
    pub source: &'a Source,
    /// Where everything is written; claimed.
    pub folder: &'a RunFolder,
    /// What goes on with it, where it is interrupted.
    pub how_to_resume: &'a str,
}

impl Run<'_> {
    /// Takes `training` up from the folder's checkpoint, where there is one.
    ///
    /// # Errors
    /// When the checkpoint is of another run, or the run that it is asked to go on with is complete.
    pub fn resume(&self, training: &mut Training<'_>, all_data: &str) -> anyhow::Result<()> {
        let checkpoint = self.folder.checkpoint();
        if checkpoint.exists() {
            training.resume(&checkpoint, all_data)?;
            let epochs = training.history().len();
            let in_epoch = training.examples_done() - epochs * training.split().training.rows();
            let done = counted(in_epoch, "example");
            tell(&format!("resumed in epoch {}, after {done}", epochs + 1));
        } else if self.folder.model().exists() {
            self.extend(training, all_data)?;
        } else {
            let folder = self.folder.path().display();
            tell(&format!(
                "nothing to resume in `{folder}`: a new run begins"
            ));
        }
        Ok(())
    }

    /// Takes `training` up where a complete run ended, to train it further.
    fn extend(&self, training: &mut Training<'_>, all_data: &str) -> anyhow::Result<()> {
        let (model, last) = (self.folder.model(), self.folder.last_checkpoint());
        let model = model.display();
        if !last.exists() {
            return Err(UsageError(format!(
                "the run that wrote `{model}` is complete; --force begins anew, --from begins another with its weights"
            ))
            .into());
        }
        training.resume(&last, all_data)?;
        let done = training.history().len();
        if let Some(end) = training.end() {
            let further = match end {
                StoppedBy::Epochs => "--epochs N trains it further",
                _ => "it ended before its last epoch, and --from begins another with its weights",
            };
            return Err(UsageError(format!(
                "the run that wrote `{model}` is complete, after {}; {further}, --force begins anew",
                counted(done, "epoch")
            ))
            .into());
        }
        tell(&format!(
            "trains a run of {} further",
            counted(done, "epoch")
        ));
        Ok(())
    }

    /// Trains until the run ends, is interrupted or fails; writes what it gave, and tells `on_complete` of a complete run.
    ///
    /// # Errors
    /// When the training fails, or something cannot be written.
    pub fn complete(
        &self,
        mut training: Training<'_>,
        progress: &mut Progress<'_>,
        on_complete: &dyn Fn(&Summary<'_>) -> anyhow::Result<()>,
    ) -> anyhow::Result<Ended> {
        let mut fitted = training.fit(progress);
        progress.finish();
        let provenance = Provenance {
            target: self.args.target.clone(),
            ..fitted.provenance(self.name, self.data, self.fingerprint)
        };
        let model = training.model();
        if let Some(error) = fitted.error.take() {
            self.rescue(model, &provenance, fitted.best, &error, progress);
            return Err(error.into());
        }
        // By Ctrl-C in an epoch, or while a detector was fitted.
        let interrupted = progress.is_interrupted();
        let Some(best) = fitted.best else {
            tell(&format!(
                "interrupted in the first epoch, with no model to keep yet; {}",
                self.how_to_resume
            ));
            return Ok(Ended::Interrupted);
        };
        self.write_model(model, &provenance, &mut fitted, progress)?;
        if interrupted {
            let (kept, resume) = (self.best_kept(best), self.how_to_resume);
            tell(&format!("interrupted: {kept}; {resume}"));
            return Ok(Ended::Interrupted);
        }
        self.show(model, training.split())?;
        self.folder.keep_checkpoint()?;
        let (part, examples) = to_show(training.split());
        let learned_from = &training.split().training;
        let options = EvaluationOptions {
            training: Some(learned_from),
            factors: None,
            // A table has no test part that `evaluate` could ask for classes of.
            probe: model.schema().is_some() && learned_from.rows() <= MOST_PROBED,
            importance_samples: IMPORTANCE_SAMPLES,
            seed: EVALUATION_SEED,
            observer: &StageBar::new("measuring", 0),
        };
        let evaluation = Evaluation::measure(model, (self.data, part), examples, &options)?;
        let summary = Summary {
            model,
            path: &self.folder.model(),
            provenance: &provenance,
            progress,
            fitted: &fitted,
            evaluation: &evaluation,
        };
        on_complete(&summary)?;
        Ok(Ended::Done)
    }

    /// Keeps the best model of a run that could not go on, as far as the error allows, and says how to. One that diverged has
    /// nothing to keep: to go on from there would end in the same way.
    fn rescue(
        &self,
        model: &Autoencoder,
        provenance: &Provenance,
        best: Option<Epoch>,
        error: &ModelError,
        progress: &Progress<'_>,
    ) {
        if matches!(error, ModelError::Diverged { .. }) {
            return;
        }
        if let Some(best) = best
            && ModelFile::save(model, provenance, &[], &self.folder.model()).is_ok()
        {
            tell(&self.best_kept(best));
        }
        if progress.can_resume() {
            tell(self.how_to_resume);
        }
    }

    fn write_model(
        &self,
        model: &Autoencoder,
        provenance: &Provenance,
        fitted: &mut Fitted,
        progress: &mut Progress<'_>,
    ) -> anyhow::Result<()> {
        // Those of another model.
        self.folder.remove_shown()?;
        // A complete model matters more than what a compressor keeps with it.
        let tables = std::mem::replace(&mut fitted.attachments, Ok(Vec::new()));
        let kept = tables.as_deref().unwrap_or_default();
        ModelFile::save(model, provenance, kept, &self.folder.model())?;
        tables.map_err(anyhow::Error::from_boxed)?;
        progress.write_metrics(&provenance.history)?;
        let (run, unit) = (
            format!("{} on {}", self.name, self.data),
            model.likelihood().unit(),
        );
        losses(&run, &provenance.history, unit.name()).write(&self.folder.losses())?;
        progress.nothing_left_to_keep();
        Ok(())
    }

    /// Shows reconstructions, and samples of a model that has a prior: pictures, or tables of rows.
    fn show(&self, model: &Autoencoder, split: &Split<'_>) -> anyhow::Result<()> {
        let is_table = model.schema().is_some();
        let (_, examples) = to_show(split);
        let dataset = self.source.test.as_ref().unwrap_or(&self.source.train);
        let numbers = examples.indices();
        let reconstructions = self.folder.reconstructions(is_table);
        match is_table {
            true => {
                let first = (0..examples.rows().min(PAIRS) as u32).collect();
                let first = Subset::new(examples, first);
                write_row_pairs(model, &first, &numbers[..first.rows()], &reconstructions)?;
            }
            false => {
                let shown = mixed(examples, PAIRS);
                let captions = shown.iter();
                let captions = captions.map(|&row| caption(dataset, numbers[row as usize]));
                let captions: Vec<String> = captions.collect();
                let pairs = reconstruction_pairs(model, (examples, &shown), &captions)?;
                pairs.write(&reconstructions)?;
            }
        }
        if let Ok(codes) = model.sample_codes(SAMPLES, self.args.seed) {
            let codes = with_labels(model, &codes, None);
            let samples = self.folder.samples(is_table);
            match is_table {
                true => {
                    let columns = OutputColumns::decoded_from(model, &codes);
                    let drawn = outputs::samples(model, &codes, false, self.args.seed)?;
                    write(&samples, Format::Csv, &columns, &drawn)?;
                }
                false => {
                    let drawn = model.decode_scaled(&codes)?;
                    let sheet = Sheet {
                        title: "samples from the prior",
                        columns: &classes_above(model, true),
                        ..Sheet::default()
                    };
                    let picture = sheet.grid(drawn.view(), model.shape(), COLUMNS);
                    picture.write(&samples)?;
                }
            }
        }
        Ok(())
    }

    fn best_kept(&self, best: Epoch) -> String {
        let (epoch, path) = (best.epoch, self.folder.model());
        let path = path.display();
        format!("kept the model of epoch {epoch}, the best so far, in `{path}`")
    }
}

/// The examples to measure and to show: those to test on, else those held out for validation, else what was trained on.
fn to_show<'a>(split: &'a Split<'a>) -> (&'static str, &'a Subset<'a>) {
    match (&split.test, &split.validation) {
        (Some(test), _) => ("test", test),
        (None, Some(validation)) => ("validation", validation),
        (None, None) => ("train", &split.training),
    }
}
