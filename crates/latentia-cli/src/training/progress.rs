//! A training run as it goes: a bar on a terminal, a line now and then elsewhere; and its end by Ctrl-C.

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use latentia_models::{
    Epoch, GradientReport, ModelError, Observer, Rollback, StoppedBy, Training, write_atomically,
};
use latentia_tensor::Rows;

use super::event_file::EventFile;
use super::interrupt::Interrupt;
use super::live_page::LivePage;
use super::measured::{EpochMeasures, Measured};
use super::run_folder::RunFolder;
use crate::args::{CheckpointInterval, RunCommand, TrainArgs};
use crate::terminal::{bar, count, duration, number, tell, warn};

/// How often a bar moves.
const FRAME: Duration = Duration::from_millis(100);
/// How often a line is written where there is no terminal.
const LINE: Duration = Duration::from_secs(2);
/// How often a checkpoint is written at most, where nobody says how often: a hundred epochs in a second are not to spend it
/// on the disk.
const CHECKPOINT: Duration = Duration::from_secs(1);

/// Watches a run: shows it, writes it down, ends it on request.
pub struct Progress<'a> {
    bar: Option<ProgressBar>,
    epochs: u32,
    examples: usize,
    checkpoint: PathBuf,
    metrics: PathBuf,
    metrics_lines: PathBuf,
    command_file: PathBuf,
    live_page: Option<LivePage>,
    events: Option<EventFile>,
    /// The command that began the run, until it is written.
    command: Option<RunCommand>,
    fingerprint: String,
    interval: CheckpointInterval,
    /// Batches since the last checkpoint.
    batches: u64,
    has_saved: bool,
    /// Whether what an earlier run has left is to be replaced, once there is something new.
    replaces: bool,
    interrupt: &'a Interrupt,
    start: Instant,
    /// Examples that an earlier run had seen.
    resumed_at: usize,
    /// Those of them in the epoch that it did not complete.
    resumed_in_epoch: usize,
    /// Examples of whole epochs that a rollback undid.
    undone: usize,
    shown: Instant,
    saved: Instant,
    last_validation: Option<f64>,
    /// Seconds of each epoch of this run.
    pub seconds: Vec<f64>,
    /// What was measured in all of them.
    measured: Measured,
}

impl<'a> Progress<'a> {
    /// Watches `run`, and writes it down in `folder`; `fingerprint` is that of all its data. From now on Ctrl-C is kept by `interrupt`.
    ///
    /// # Errors
    /// When Ctrl-C cannot be caught.
    pub fn new(
        folder: &RunFolder,
        fingerprint: String,
        args: &TrainArgs,
        run: &Training<'_>,
        interrupt: &'a Interrupt,
    ) -> anyhow::Result<Self> {
        let epochs = run.spec().epochs;
        let examples = run.split().training.rows();
        interrupt.keep()?;
        let measured = Measured::read(&folder.metrics_lines(), run.history());
        let now = Instant::now();
        Ok(Self {
            bar: bar(epochs, examples),
            epochs,
            examples,
            checkpoint: folder.checkpoint(),
            metrics: folder.metrics(),
            metrics_lines: folder.metrics_lines(),
            command_file: folder.command(),
            live_page: None,
            events: None,
            command: None,
            fingerprint,
            interval: args.checkpoint_every.unwrap_or(CheckpointInterval::Epoch),
            batches: 0,
            has_saved: false,
            replaces: args.force,
            interrupt,
            start: now,
            resumed_at: run.examples_done(),
            resumed_in_epoch: run.examples_done() - run.history().len() * examples,
            undone: 0,
            shown: now,
            saved: now,
            last_validation: None,
            seconds: Vec::new(),
            measured,
        })
    }

    /// Whether the user has asked for an end.
    pub fn is_interrupted(&self) -> bool {
        self.interrupt.is_asked_for()
    }

    /// From now on, Ctrl-C ends the program at once.
    pub fn nothing_left_to_keep(&self) {
        self.interrupt.let_go();
    }

    /// Shows the run called `run` also on the page and in the files of `folder` that `args` ask for.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn show(&mut self, args: &TrainArgs, folder: &RunFolder, run: &str) -> anyhow::Result<()> {
        let page = || LivePage::new(folder.live_page(), run.into());
        self.live_page = args.live.then(page);
        if args.tensorboard {
            self.events = Some(EventFile::create(folder.path())?);
        }
        if args.live {
            tell(&format!(
                "{} shows the run as it goes",
                folder.live_page().display()
            ));
        }
        Ok(())
    }

    /// The command that began the run is kept as soon as there is something of it: that of `args` or of this process, or, where the run
    /// goes on, the one that is there.
    pub fn keep_command(&mut self, args: &TrainArgs) {
        let is_kept = args.resumes() && self.command_file.exists();
        let own = || RunCommand::own().filter(|_| !is_kept);
        self.command = args.command.clone().or_else(own);
    }

    /// Writes the metrics.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write_metrics(&mut self, history: &[Epoch]) -> Result<(), ModelError> {
        write_metrics(&self.metrics, history)?;
        if let Some(command) = &self.command {
            command.write(&self.command_file)?;
            self.command = None;
        }
        self.measured.write(&self.metrics_lines, history)
    }

    /// Takes the bar away for good.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// Examples seen in a second of this run's training.
    pub fn examples_per_second(&self) -> f64 {
        let seconds: f64 = self.seconds.iter().sum();
        let in_whole_epochs = self.seconds.len() * self.examples;
        in_whole_epochs.saturating_sub(self.resumed_in_epoch) as f64 / seconds.max(1e-9)
    }

    /// Whether there is a checkpoint to go on from.
    pub fn can_resume(&self) -> bool {
        self.has_saved
    }

    /// Writes a checkpoint, and the metrics.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&mut self, training: &Training<'_>) -> Result<(), ModelError> {
        training.save_checkpoint(&self.checkpoint, &self.fingerprint)?;
        self.has_saved = true;
        self.write_metrics(training.history())?;
        self.saved = Instant::now();
        self.batches = 0;
        Ok(())
    }

    fn remove_checkpoint(&self) -> Result<(), ModelError> {
        match fs::remove_file(&self.checkpoint) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(ModelError::Write {
                path: self.checkpoint.clone(),
                source,
            }),
            _ => Ok(()),
        }
    }

    /// Says what may be wrong while the bar steps aside.
    fn say(&self, message: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| warn(message)),
            None => warn(message),
        }
    }

    fn describe(&self, epoch: u32, loss: f64, examples_done: usize) -> String {
        let elapsed = self.start.elapsed().as_secs_f64().max(1e-9);
        let seen = (examples_done + self.undone).saturating_sub(self.resumed_at);
        let speed = seen as f64 / elapsed;
        let left = (self.epochs as usize * self.examples).saturating_sub(examples_done) as f64
            / speed.max(1e-9);
        let validation = self
            .last_validation
            .map_or_else(String::new, |loss| format!("  validation {}", number(loss)));
        format!(
            "epoch {epoch}/{}  loss {}{validation}  {} left  {} examples/s",
            self.epochs,
            number(loss),
            duration(left),
            count(speed as usize),
        )
    }
}

impl Observer for Progress<'_> {
    fn on_batch_end(
        &mut self,
        training: &Training<'_>,
        done: usize,
        loss: f64,
    ) -> Result<ControlFlow<()>, ModelError> {
        let epochs_done = training.history().len();
        if let Some(bar) = &self.bar
            && self.shown.elapsed() >= FRAME
        {
            let examples_done = epochs_done * self.examples + done;
            bar.set_message(self.describe(epochs_done as u32 + 1, loss, examples_done));
            bar.set_position(examples_done as u64);
            self.shown = Instant::now();
        }
        if self.is_interrupted() {
            return Ok(ControlFlow::Break(()));
        }
        self.batches += 1;
        let due = match self.interval {
            CheckpointInterval::Epoch => false,
            CheckpointInterval::Batches(batches) => self.batches >= batches,
            CheckpointInterval::Time(time) => self.saved.elapsed() >= time,
        };
        if due {
            self.save(training)?;
        }
        Ok(ControlFlow::Continue(()))
    }

    fn on_epoch_end(
        &mut self,
        training: &Training<'_>,
        epoch: &Epoch,
        seconds: f64,
    ) -> Result<ControlFlow<()>, ModelError> {
        self.seconds.push(seconds);
        let measures = EpochMeasures::of(training, epoch, seconds);
        if let Some(page) = &mut self.live_page {
            page.renew(training)?;
        }
        if let Some(events) = &mut self.events {
            let numbers = measures.tagged(epoch);
            events.add(epoch.epoch, &numbers)?;
        }
        self.measured.insert(epoch.epoch, measures);
        self.last_validation = epoch.validation_loss;
        let last = epoch.epoch == self.epochs;
        if self.bar.is_none() && (self.shown.elapsed() >= LINE || epoch.epoch == 1 || last) {
            let examples_done = epoch.epoch as usize * self.examples;
            tell(&self.describe(epoch.epoch, epoch.train_loss, examples_done));
            self.shown = Instant::now();
        }
        if self.interval == CheckpointInterval::Epoch && self.saved.elapsed() >= CHECKPOINT && !last
        {
            self.save(training)?;
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Leaves a checkpoint, so that the run can go on whatever happens from here on.
    fn on_end(
        &mut self,
        training: &Training<'_>,
        ended: &Result<StoppedBy, ModelError>,
    ) -> Result<(), ModelError> {
        self.finish();
        if let (Some(page), false) = (&self.live_page, training.history().is_empty()) {
            page.end(training)?;
        }
        match ended {
            Err(ModelError::Diverged { .. }) => {
                // To go on from there would end in the same way. What another run has left is not touched.
                if self.has_saved || !self.replaces {
                    self.write_metrics(training.history())?;
                    return self.remove_checkpoint();
                }
                Ok(())
            }
            Ok(StoppedBy::Interrupt) => self.save(training),
            // A complete model matters more than a way on to it, and the first error more than the next.
            Ok(_) | Err(_) => {
                self.has_saved = self.save(training).is_ok();
                Ok(())
            }
        }
    }

    fn on_rollback(&mut self, rollback: &Rollback) {
        let undone = (rollback.cause.epoch - 1).saturating_sub(rollback.back_to);
        self.undone += undone as usize * self.examples;
        self.last_validation = None;
        self.say(&rollback.to_string());
    }

    fn on_gradient_warning(&mut self, report: &GradientReport) {
        self.say(&report.to_string());
    }
}

fn write_metrics(path: &Path, history: &[Epoch]) -> Result<(), ModelError> {
    write_atomically(path, |out| {
        let mut writer = csv::Writer::from_writer(out);
        for epoch in history {
            writer.serialize(epoch)?;
        }
        if history.is_empty() {
            writer.write_record(["epoch", "train_loss", "validation_loss", "learning_rate"])?;
        }
        writer.flush()
    })
}
