//! What there is to say of a complete run.

use std::path::Path;

use anyhow::Context;
use latentia_models::{
    Autoencoder, Epoch, Evaluation, Fitted, GradientFault, GradientReport, Part, Provenance,
    StoppedBy, Validation,
};
use serde_json::json;

use super::progress::Progress;
use super::run_folder::file_name;
use crate::measures::evaluation_table;
use crate::terminal::{counted, number, print, shell_word, tell};

/// A complete run: its model, where that is, and how it did.
pub struct Summary<'a> {
    /// The model, as it was written.
    pub model: &'a Autoencoder,
    /// The model's file.
    pub path: &'a Path,
    /// How the model came to be.
    pub provenance: &'a Provenance,
    /// The run as it went.
    pub progress: &'a Progress<'a>,
    /// What the run gave.
    pub fitted: &'a Fitted,
    /// How good the model is.
    pub evaluation: &'a Evaluation,
}

impl Summary<'_> {
    /// Prints one JSON object.
    ///
    /// # Errors
    /// When the standard output cannot be written.
    pub fn print_json(&self) -> anyhow::Result<()> {
        let (provenance, fitted, last) = (self.provenance, self.fitted, self.last_epoch()?);
        let report = json!({
            "model": self.path.to_string_lossy(),
            "preset": provenance.preset,
            "data": provenance.data,
            "epochs_run": provenance.history.len(),
            "stopped_by": provenance.stopped_by,
            "train_loss": last.train_loss,
            "validation_loss": last.validation_loss,
            "best_epoch": fitted.best.map(|best| best.epoch),
            "best_train_loss": fitted.best.map(|best| best.train_loss),
            "best_validation_loss": fitted.best.and_then(|best| best.validation_loss),
            "rollbacks": fitted.rollbacks,
            "gradients": {
                "vanishing": self.gradients(GradientFault::Vanishing),
                "exploding": self.gradients(GradientFault::Exploding),
            },
            "epoch_seconds": self.progress.seconds,
            "examples_per_second": self.progress.examples_per_second(),
            "threads": rayon::current_num_threads(),
            "seed": fitted.seed,
            "parameters": self.model.chain().parameter_count(),
            "evaluation": self.evaluation,
        });
        self.tell_what_chose();
        print(&format!("{}\n", serde_json::to_string_pretty(&report)?))
    }

    /// Prints the measures, and says how the run went, what it wrote, and what to do next.
    ///
    /// # Errors
    /// When the standard output cannot be written.
    pub fn print_text(&self, data_dir: Option<&Path>) -> anyhow::Result<()> {
        let last = self.last_epoch()?;
        let shown = self.provenance.weights_epoch(self.model).unwrap_or(last);
        let seconds: f64 = self.progress.seconds.iter().sum();
        let why = match self.provenance.stopped_by {
            StoppedBy::StopAtLoss => ", loss threshold reached",
            StoppedBy::Epochs | StoppedBy::Patience | StoppedBy::Interrupt | StoppedBy::Error => "",
        };
        let which = match shown.epoch == last.epoch {
            true => String::new(),
            false => format!("; the model is that of epoch {}, the best", shown.epoch),
        };
        let validation = shown
            .validation_loss
            .map_or_else(String::new, |loss| format!(", validation {}", number(loss)));
        tell(&format!(
            "trained {} in {seconds:.1} s{why}{which}: loss {}{validation}",
            counted(self.provenance.history.len(), "epoch"),
            number(shown.train_loss),
        ));
        let rollbacks = self.fitted.rollbacks;
        if rollbacks > 0 {
            tell(&format!(
                "it rolled back {}: the learning rate was 1/{} of the one asked for at the end",
                counted(rollbacks as usize, "time"),
                1u32 << rollbacks,
            ));
        }
        print(&evaluation_table(self.evaluation))?;
        self.tell_what_chose();
        let is_table = self.model.schema().is_some();
        let samples = match self.evaluation.variational {
            Some(_) => format!(", {}", file_name("samples", is_table)),
            None => String::new(),
        };
        tell(&format!(
            "wrote {}, metrics.csv, metrics.jsonl, loss.svg, {}{samples}",
            self.path.display(),
            file_name("reconstructions", is_table)
        ));
        let data_dir = data_dir.map_or_else(String::new, |folder| {
            format!(" --data-dir {}", shell_word(&folder.to_string_lossy()))
        });
        tell(&format!(
            "next: latentia report {0} -o report.html{data_dir}\n      latentia encode {0} {1} -o {2}{data_dir}",
            shell_word(&self.path.to_string_lossy()),
            shell_word(&self.provenance.data),
            if is_table { "codes.csv" } else { "codes.npy" }
        ));
        Ok(())
    }

    /// Says where the examples that measure the model chose its weights too.
    fn tell_what_chose(&self) {
        let spec = &self.provenance.training;
        if spec.patience.is_none() && spec.stop_at_loss.is_none() {
            return;
        }
        match self.evaluation.part {
            "validation" => tell(
                "measured on the validation examples, which chose the epoch too: --test 0.1 holds out others to measure on",
            ),
            "test" if spec.validation == Validation::Part(Part::Test) => tell(
                "measured on the test examples, which chose the epoch too: --set training.validation=0.1 chooses it by others",
            ),
            _ => {}
        }
    }

    fn gradients(&self, fault: GradientFault) -> Option<&GradientReport> {
        let mut reports = self.fitted.gradients.iter();
        reports.find(|report| report.fault == fault)
    }

    fn last_epoch(&self) -> anyhow::Result<&Epoch> {
        let last = self.provenance.history.last();
        last.context("a run has at least one epoch")
    }
}
