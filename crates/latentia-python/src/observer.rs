//! What watches a run, from the thread that it runs on.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender};

use latentia::Training;
use latentia::models::{Epoch, GradientReport, ModelError, Observer, Rollback};

/// What the caller is told.
pub enum Event {
    /// That an epoch is over.
    Epoch {
        /// What it gave.
        epoch: Epoch,
        /// Epochs that the run has at most.
        epochs: u32,
        /// How long it took.
        seconds: f64,
    },
    /// What there is to warn of.
    Warning(String),
}

/// Tells the caller of each epoch, and stops after the batch where that asks for it.
pub struct Reporter<'a> {
    events: Sender<Event>,
    /// Where the caller says that it has seen an epoch, where it wants to before the next one begins.
    seen: Option<Receiver<()>>,
    stop: &'a AtomicBool,
}

impl<'a> Reporter<'a> {
    /// One that tells `events`, and waits for `seen` after each; `stop` ends the run.
    pub fn new(events: Sender<Event>, seen: Option<Receiver<()>>, stop: &'a AtomicBool) -> Self {
        Self { events, seen, stop }
    }

    fn warn(&self, text: String) {
        let _ = self.events.send(Event::Warning(text));
    }

    fn flow(&self) -> ControlFlow<()> {
        match self.stop.load(Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }
}

impl Observer for Reporter<'_> {
    fn on_batch_end(
        &mut self,
        _training: &Training<'_>,
        _done: usize,
        _loss: f64,
    ) -> Result<ControlFlow<()>, ModelError> {
        Ok(self.flow())
    }

    fn on_epoch_end(
        &mut self,
        training: &Training<'_>,
        epoch: &Epoch,
        seconds: f64,
    ) -> Result<ControlFlow<()>, ModelError> {
        if let Some(seen) = &self.seen {
            let event = Event::Epoch {
                epoch: *epoch,
                epochs: training.spec().epochs,
                seconds,
            };
            // Nobody listens any more where the caller has failed, and said so by `stop`.
            if self.events.send(event).is_ok() {
                let _ = seen.recv();
            }
        }
        Ok(self.flow())
    }
    fn on_rollback(&mut self, rollback: &Rollback) {
        self.warn(rollback.to_string());
    }

    fn on_gradient_warning(&mut self, report: &GradientReport) {
        self.warn(report.to_string());
    }
}
