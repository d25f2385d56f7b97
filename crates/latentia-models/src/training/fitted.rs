//! What a run gave.

use super::gradients::GradientReport;
use crate::{BoxError, Epoch, ModelError, Provenance, StoppedBy, StoredTensor, TrainingSpec};

/// What a run gave, beside the model with its weights.
///
/// ```
/// use latentia_models::{ModelSpec, StoppedBy, TrainingSpec};
/// use latentia_tensor::Matrix;
///
/// let spec: ModelSpec = toml::from_str(r#"
///     likelihood = "mse"
///     encoder = [{ layer = "dense", units = 1 }]
///     decoder = [{ layer = "dense" }]
/// "#)?;
/// let mut model = spec.build(&[2], 42)?;
/// let line = (0..50).flat_map(|i| [i as f32 / 50.0, 1.0 - i as f32 / 25.0]).collect();
/// let points = Matrix::from_vec(50, 2, line);
///
/// let fitted = model.fit(&points, &TrainingSpec { epochs: 2, ..TrainingSpec::default() }, 42)?;
/// assert_eq!((fitted.stopped_by, fitted.history.len()), (StoppedBy::Epochs, 2));
/// assert!(fitted.best.is_some_and(|best| best.validation_loss <= fitted.history[0].validation_loss));
///
/// // What a model file keeps of it.
/// let provenance = fitted.provenance("a line", "points", "");
/// assert_eq!(provenance.history, fitted.history);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Fitted {
    /// Why the run ended.
    pub stopped_by: StoppedBy,
    /// What it ended by, where it could not go on.
    pub error: Option<ModelError>,
    /// Its hyperparameters.
    pub spec: TrainingSpec,
    /// Seed of the order of examples and of all noise.
    pub seed: u64,
    /// Whether it went on from the weights of a model that had learned before.
    pub warm_start: bool,
    /// Every epoch.
    pub history: Vec<Epoch>,
    /// The epoch with the least loss, of validation where there is one.
    pub best: Option<Epoch>,
    /// How often it went back from a loss that was not finite.
    pub rollbacks: u32,
    /// The first report of each fault of the gradients.
    pub gradients: Vec<GradientReport>,
    /// What others keep with the model, or why they cannot; see [`super::Training::attaching`].
    pub attachments: Result<Vec<StoredTensor>, BoxError>,
}

impl Fitted {
    /// The same, or the error that the run ended by.
    ///
    /// # Errors
    /// That one.
    pub fn into_result(mut self) -> Result<Self, ModelError> {
        match self.error.take() {
            Some(error) => Err(error),
            None => Ok(self),
        }
    }

    /// How the model came to be, under the name `preset`, on `data` whose examples have the SHA-256 `fingerprint`.
    pub fn provenance(&self, preset: &str, data: &str, fingerprint: &str) -> Provenance {
        Provenance {
            preset: preset.into(),
            data: data.into(),
            target: None,
            fingerprint: fingerprint.into(),
            seed: self.seed,
            warm_start: self.warm_start,
            training: self.spec.clone(),
            stopped_by: self.stopped_by,
            history: self.history.clone(),
            warnings: self.warnings(),
        }
    }

    /// What may have gone wrong, a sentence each.
    fn warnings(&self) -> Vec<String> {
        let reports = self.gradients.iter().map(GradientReport::to_string);
        let rolled_back = (self.rollbacks > 0).then(|| {
            format!(
                "a loss was not finite: training went back {} to earlier weights, and ended with 1/{} of the learning rate asked for",
                match self.rollbacks {
                    1 => "once".into(),
                    times => format!("{times} times"),
                },
                1u32 << self.rollbacks
            )
        });
        reports.chain(rolled_back).collect()
    }
}
