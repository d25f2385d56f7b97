//! A run from its first batch to the files it leaves.

use std::path::Path;

use latentia_codec::Quantiser;
use latentia_models::{Autoencoder, Epoch, ModelError, ModelFile, Provenance, StoppedBy, Training};
use latentia_tensor::Rows;

use super::progress::Progress;
use super::run_folder::RunFolder;
use super::split::DataSplit;
use super::summary::Summary;
use super::warnings::TrainingWarnings;
use crate::args::{EVALUATION_SEED, TrainArgs};
use crate::figures::{COLUMNS, grid, reconstruction_pairs};
use crate::inputs::with_labels;
use crate::measures::Evaluation;
use crate::terminal::{Ended, UsageError, counted, tell};

/// Examples in `samples.png`.
const SAMPLES: usize = 100;

/// Samples behind the likelihood that is shown after training; `evaluate` takes more.
const IMPORTANCE_SAMPLES: u32 = 10;

/// Pairs in `reconstructions.png`.
const PAIRS: usize = 20;

/// All that a run needs, apart from the model.
pub struct Run<'a> {
    /// What was asked for.
    pub args: &'a TrainArgs,
    /// Where named data sets are looked for first.
    pub data_dir: Option<&'a Path>,
    /// The preset's name, or the file's.
    pub name: &'a str,
    /// The data's name or path.
    pub data: &'a str,
    /// SHA-256 of the training examples.
    pub fingerprint: &'a str,
    /// The examples.
    pub split: &'a DataSplit<'a>,
    /// Where everything is written; claimed.
    pub folder: &'a RunFolder,
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
            let in_epoch = training.examples_done() - epochs * self.split.training.rows();
            let done = counted(in_epoch, "example");
            tell(&format!("resumed in epoch {}, after {done}", epochs + 1));
        } else if self.folder.model().exists() {
            let model = self.folder.model();
            return Err(UsageError(format!(
                "the run that wrote `{}` is complete; --force begins anew",
                model.display()
            ))
            .into());
        } else {
            let folder = self.folder.path().display();
            tell(&format!(
                "nothing to resume in `{folder}`: a new run begins"
            ));
        }
        Ok(())
    }

    /// Trains until the run ends, is interrupted or fails, and leaves a checkpoint; hand what it gave to [`Run::finish`].
    ///
    /// # Errors
    /// When the training fails, or what it gave cannot be written.
    pub fn train(
        &self,
        mut training: Training<'_>,
        progress: &mut Progress,
    ) -> anyhow::Result<Trained> {
        let ended = training.run(progress);
        progress.finish();
        let best = training.best_epoch().copied();
        let stopped_by = match ended {
            Ok(stopped_by) => stopped_by,
            Err(error @ ModelError::Diverged { .. }) => {
                // To go on from there would end in the same way. What another run has left is not touched.
                if progress.has_saved() || !self.args.force {
                    progress.write_metrics(training.history())?;
                    self.folder.remove_checkpoint()?;
                }
                return Err(error.into());
            }
            Err(error) => {
                // Keep a checkpoint, and in `finish` the best model, as far as the error allows.
                let can_resume = progress.save(&training).is_ok();
                training.restore_best();
                return Ok(Trained::Failed {
                    error,
                    provenance: self.provenance(&training, StoppedBy::Error),
                    best,
                    can_resume,
                });
            }
        };
        // From here on the run can go on, whatever happens. A complete model matters more than a way on to it.
        let saved = progress.save(&training);
        let warnings = TrainingWarnings::of(&training);
        if stopped_by == StoppedBy::Interrupt {
            saved?;
            training.restore_best();
        }
        Ok(Trained::Stopped {
            provenance: self.provenance(&training, stopped_by),
            best,
            warnings,
        })
    }

    /// Writes what a training gave, and says so.
    ///
    /// # Errors
    /// When the training failed, or something cannot be written.
    pub fn finish(
        &self,
        model: &Autoencoder,
        trained: Trained,
        progress: &Progress,
    ) -> anyhow::Result<Ended> {
        let (provenance, best, warnings) = match trained {
            Trained::Failed {
                error,
                provenance,
                best,
                can_resume,
            } => {
                if let Some(best) = best
                    && ModelFile::save(model, &provenance, &[], &self.folder.model()).is_ok()
                {
                    tell(&self.best_kept(best));
                }
                if can_resume {
                    tell(&self.how_to_resume());
                }
                return Err(error.into());
            }
            Trained::Stopped {
                provenance,
                best,
                warnings,
            } => (provenance, best, warnings),
        };
        let interrupted = provenance.stopped_by == StoppedBy::Interrupt;
        if interrupted && best.is_none() {
            tell(&format!(
                "interrupted in the first epoch, with no model to keep yet; {}",
                self.how_to_resume()
            ));
            return Ok(Ended::Interrupted);
        }
        self.write_model(model, &provenance, progress)?;
        if let Some(best) = best.filter(|_| interrupted) {
            let (kept, resume) = (self.best_kept(best), self.how_to_resume());
            tell(&format!("interrupted: {kept}; {resume}"));
            return Ok(Ended::Interrupted);
        }
        self.draw(model)?;
        // A complete run has nothing to go on with.
        self.folder.remove_checkpoint()?;
        let (part, examples) = self.split.to_show();
        let evaluation = Evaluation::measure(
            model,
            (self.data, part),
            examples,
            Some(&self.split.training),
            false,
            (IMPORTANCE_SAMPLES, EVALUATION_SEED),
        )?;
        let summary = Summary {
            model,
            path: &self.folder.model(),
            provenance: &provenance,
            progress,
            best,
            warnings: &warnings,
            evaluation: &evaluation,
        };
        match self.args.json {
            true => summary.print_json(self.args.seed)?,
            false => summary.print_text(self.data_dir)?,
        }
        Ok(Ended::Done)
    }

    fn provenance(&self, training: &Training<'_>, stopped_by: StoppedBy) -> Provenance {
        let fingerprint = self.fingerprint.to_owned();
        Provenance::of(training, self.name, self.data, fingerprint, stopped_by)
    }

    fn write_model(
        &self,
        model: &Autoencoder,
        provenance: &Provenance,
        progress: &Progress,
    ) -> anyhow::Result<()> {
        // Those of another model.
        self.folder.remove_pictures()?;
        let quantiser = Quantiser::fit(model, &self.split.training);
        let tables = quantiser.as_ref().map_or(Vec::new(), Quantiser::tensors);
        ModelFile::save(model, provenance, &tables, &self.folder.model())?;
        quantiser?;
        progress.write_metrics(&provenance.history)?;
        progress.nothing_left_to_keep();
        Ok(())
    }

    /// Draws reconstructions, and samples of a model that has a prior.
    fn draw(&self, model: &Autoencoder) -> anyhow::Result<()> {
        let (_, examples) = self.split.to_show();
        reconstruction_pairs(model, examples, PAIRS)?.write(&self.folder.reconstructions())?;
        if let Ok(codes) = model.sample_codes(SAMPLES, self.args.seed) {
            let samples = model.decode(&*with_labels(model, &codes, None)?)?;
            grid(samples.view(), model.shape(), COLUMNS).write(&self.folder.samples())?;
        }
        Ok(())
    }

    fn best_kept(&self, best: Epoch) -> String {
        let (epoch, path) = (best.epoch, self.folder.model());
        let path = path.display();
        format!("kept the model of epoch {epoch}, the best so far, in `{path}`")
    }

    fn how_to_resume(&self) -> String {
        let instead = match self.args.force {
            true => " instead of --force",
            false => "",
        };
        format!("the same command with --resume{instead} goes on")
    }
}

/// What a training gave; the model has the weights to keep.
pub enum Trained {
    /// It came to its end, or the user stopped it.
    Stopped {
        /// How the model came to be.
        provenance: Provenance,
        /// The epoch with the lowest loss.
        best: Option<Epoch>,
        /// What went wrong all the same.
        warnings: TrainingWarnings,
    },
    /// It could not go on.
    Failed {
        /// Why.
        error: ModelError,
        /// How the model came to be.
        provenance: Provenance,
        /// The epoch with the lowest loss.
        best: Option<Epoch>,
        /// Whether there is a checkpoint to go on from.
        can_resume: bool,
    },
}
