//! What a run held out to test on.

use latentia_data::Source;
use latentia_models::{ModelError, ModelFile, hold_out};
use latentia_tensor::{Rows, Windows};

use crate::terminal::tell;

/// What a run held out to test on, of data without a test part of its own.
#[derive(Clone, Debug)]
pub struct HeldOut {
    share: f64,
    seed: u64,
    windows: Option<Windows>,
    /// What the run was given, by its name or path and its fingerprint.
    data: String,
    fingerprint: String,
}

impl HeldOut {
    /// What the run of the model in `file` held out, if anything.
    pub fn of(file: &ModelFile) -> Option<Self> {
        let provenance = &file.provenance;
        let share = provenance.training.test;
        (share > 0.0).then(|| Self {
            share,
            seed: provenance.seed,
            windows: file.model.windows().cloned(),
            data: provenance.data.clone(),
            fingerprint: provenance.fingerprint.clone(),
        })
    }

    /// What the run learned from and the test part, of the same data; others as they are.
    ///
    /// # Errors
    /// When examples cannot be read.
    pub fn divide(&self, name: &str, source: Source) -> anyhow::Result<Source> {
        let examples = &source.train;
        if source.test.is_some()
            || self.fingerprint != examples.fingerprint().map_err(ModelError::from)?
        {
            if name == self.data {
                tell(&format!(
                    "warning: `{name}` is not what the model was given in training: its test part cannot be told from what it learned from, \
                     and all of it is used"
                ));
            }
            return Ok(source);
        }
        let windows = self.windows.as_ref();
        let (rest, test) = hold_out(examples.rows(), self.share, windows, self.seed);
        Ok(Source {
            test: Some(examples.choose(&test)),
            train: examples.choose(&rest),
        })
    }
}
