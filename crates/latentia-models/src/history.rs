//! What is known of the epochs of a run, as plain data: a model file keeps it, whoever reads it.

use serde::{Deserialize, Serialize};

/// One epoch's results.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Number of the epoch, from 1.
    pub epoch: u32,
    /// Loss over the training examples while they were learned from, in the likelihood's unit, with the code's terms at the
    /// weights then in force.
    pub train_loss: f64,
    /// Loss over the validation examples after the epoch, with the code's terms at their full weights. Examples are not
    /// corrupted for it, a denoising model's neither, unless the loss [is counted on what is hidden](crate::LossOn::Hidden): then each always alike. A penalty that needs a whole batch is its mean over groups of `batch-size`
    /// examples in order, the last one with what is left, weighed by their sizes.
    pub validation_loss: Option<f64>,
    /// Learning rate in force.
    pub learning_rate: f32,
}

impl Epoch {
    /// The loss that stops and schedules look at.
    pub(crate) fn watched_loss(&self) -> f64 {
        self.validation_loss.unwrap_or(self.train_loss)
    }
}

/// The epoch with the least loss, of validation where there is one, among those whose losses compare: after the first `warm_up`;
/// the last until that is over.
pub(crate) fn best_epoch(history: &[Epoch], warm_up: u32) -> Option<&Epoch> {
    let comparable = history.get(warm_up as usize..).unwrap_or_default();
    let loss = Epoch::watched_loss;
    let best = comparable.iter().min_by(|a, b| loss(a).total_cmp(&loss(b)));
    best.or(history.last())
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoppedBy {
    /// All epochs were run.
    Epochs,
    /// The loss found no new minimum for as long as the patience lasted.
    Patience,
    /// The loss fell to the threshold.
    StopAtLoss,
    /// The observer asked for it.
    Interrupt,
    /// An example could not be read, or a file not written.
    Error,
}
