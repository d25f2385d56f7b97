//! How a model is trained.

use latentia_nn::{Optimizer, Schedule};
use serde::{Deserialize, Serialize};

use crate::{AugmentationSpec, ModelError};

/// The most epochs of a run: their history is kept with the model, in metadata that may have 100 MB.
const MAX_EPOCHS: u32 = 500_000;

/// The hyperparameters of a training run, as plain data.
///
/// ```
/// use latentia_models::TrainingSpec;
///
/// let spec = TrainingSpec { epochs: 20, patience: Some(3), ..TrainingSpec::default() };
/// // The same as a user writes it.
/// assert_eq!(spec, toml::from_str("epochs = 20\npatience = 3")?);
///
/// spec.check()?;
/// let refused = TrainingSpec { batch_size: 0, ..spec }.check().expect_err("no examples in a batch");
/// assert_eq!(refused.to_string(), "`batch-size` is 0; it must be at least 1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct TrainingSpec {
    /// Passes over the training examples. Example: `epochs = 30`
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 500_000)))]
    pub epochs: u32,
    /// Updates that a run has at least, in place of `epochs`: as many epochs as that takes, so that large data is gone through less
    /// often. Example: `steps = 2000`
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<u32>,
    /// Examples in a batch; the last one of an epoch may be shorter. Example: `batch-size = 128`
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub batch_size: usize,
    /// Step size of the optimiser. Example: `learning-rate = 2e-3`
    #[cfg_attr(feature = "schema", schemars(extend("exclusiveMinimum" = 0)))]
    pub learning_rate: f32,
    /// The rule of the update. Example: `optimizer = { kind = "sgd", momentum = 0.9 }`
    pub optimizer: Optimizer,
    /// Factor on the learning rate, epoch by epoch. Example: `schedule = { kind = "cosine", floor = 0.01 }`
    pub schedule: Schedule,
    /// Upper bound of the gradient's norm over all parameters (Pascanu et al. 2013). Example: `clip-norm = 1.0`
    #[cfg_attr(feature = "schema", schemars(extend("exclusiveMinimum" = 0)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f32>,
    /// Where the validation examples come from: a share of the training examples, 0 for none, or `"test"`.
    /// Example: `validation = "test"`
    pub validation: Validation,
    /// The share of the examples that is held out to measure the model on, of data without test examples: of windows of a series the last.
    /// Example: `test = 0.1`
    #[cfg_attr(feature = "schema", schemars(!skip_serializing_if, range(min = 0), extend("exclusiveMaximum" = 1)))]
    #[serde(skip_serializing_if = "is_zero")]
    pub test: f64,
    /// How training examples that are pictures are changed. Example: `augmentation = { shift = 1 }`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub augmentation: Option<AugmentationSpec>,
    /// Whether an epoch draws as many training examples of each class, with replacement, instead of each example once.
    /// Example: `balance-classes = true`
    #[cfg_attr(feature = "schema", schemars(!skip_serializing_if))]
    #[serde(skip_serializing_if = "is_false")]
    pub balance_classes: bool,
    /// The parts that are not trained, and keep the weights that they have: what is to stay of a model that has learned before.
    /// Normalisations in them work as in evaluation, dropout stays random. Example: `freeze = ["encoder"]`
    #[cfg_attr(feature = "schema", schemars(!skip_serializing_if))]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub freeze: Vec<FrozenPart>,
    /// Stop after this many epochs without a new minimum of the loss (of validation, where there is one), and go back to the
    /// best weights. Example: `patience = 10`
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patience: Option<u32>,
    /// Stop when the loss (of validation, where there is one) is at most this. Example: `stop-at-loss = 0.01`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_at_loss: Option<f64>,
}

/// Where the validation examples come from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    untagged,
    expecting = "expected a share of the training examples such as 0.1, or \"test\""
)]
pub enum Validation {
    /// A share of the training examples, held out; 0 for none.
    Share(
        #[cfg_attr(feature = "schema", schemars(range(min = 0), extend("exclusiveMaximum" = 1)))]
        f64,
    ),
    /// A part of its own that the data comes with.
    Part(Part),
}

/// A part of a model that is not trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum FrozenPart {
    /// From an example to what the code is made of.
    Encoder,
    /// What makes the code: a codebook, or a learned prior.
    Code,
    /// From the code to the output.
    Decoder,
}

/// A part of a data set beside the training examples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The test examples, as in the articles. Where there are none, the program holds out a tenth of the others instead.
    Test,
}

impl Default for TrainingSpec {
    fn default() -> Self {
        Self {
            epochs: 50,
            steps: None,
            batch_size: 256,
            learning_rate: 1e-3,
            optimizer: Optimizer::default(),
            schedule: Schedule::default(),
            clip_norm: None,
            validation: Validation::Share(0.1),
            test: 0.0,
            augmentation: None,
            balance_classes: false,
            freeze: Vec::new(),
            patience: None,
            stop_at_loss: None,
        }
    }
}

/// Share held out where test examples that there are none of are to be validated on.
#[cfg(feature = "train")]
const HELD_OUT: f64 = 0.1;

impl TrainingSpec {
    /// The same, for data that have test examples or have none: where it is to validate on those that there are none of, a tenth of the
    /// training examples is held out instead.
    #[cfg(feature = "train")]
    #[must_use]
    pub fn suiting(self, has_test: bool) -> Self {
        match self.validation {
            Validation::Part(Part::Test) if !has_test && self.test == 0.0 => Self {
                validation: Validation::Share(HELD_OUT),
                ..self
            },
            _ => self,
        }
    }

    /// The same, with the epochs that `steps` take where there are so many training examples.
    #[cfg(feature = "train")]
    pub(crate) fn resolved(self, examples: usize) -> Self {
        let an_epoch = examples.div_ceil(self.batch_size.max(1)).max(1);
        let epochs = |steps: u32| (steps as usize).div_ceil(an_epoch) as u32;
        Self {
            epochs: self.steps.map_or(self.epochs, epochs).min(MAX_EPOCHS),
            ..self
        }
    }

    /// Refuses values out of range.
    ///
    /// # Errors
    /// Names the first of them, its value and what would be valid.
    pub fn check(&self) -> Result<(), ModelError> {
        let refuse = |name, seen: String, valid| Err(ModelError::Option { name, seen, valid });
        if !(1..=MAX_EPOCHS).contains(&self.epochs) {
            return refuse("epochs", self.epochs.to_string(), "1 to 500000");
        }
        if self.steps == Some(0) {
            return refuse("steps", "0".into(), "at least 1");
        }
        if self.batch_size == 0 {
            return refuse("batch-size", "0".into(), "at least 1");
        }
        if !positive(self.learning_rate) {
            let seen = self.learning_rate.to_string();
            return refuse("learning-rate", seen, "a positive number");
        }
        if let Some(limit) = self.clip_norm.filter(|&x| !positive(x)) {
            return refuse("clip-norm", limit.to_string(), "a positive number");
        }
        if let Validation::Share(share) = self.validation
            && !(0.0..1.0).contains(&share)
        {
            return refuse(
                "validation",
                share.to_string(),
                "at least 0 and less than 1, or `test`",
            );
        }
        if !(0.0..1.0).contains(&self.test) {
            let seen = self.test.to_string();
            return refuse("test", seen, "at least 0 and less than 1");
        }
        if let Some(augmentation) = self.augmentation {
            augmentation.check_crop()?;
        }
        if self.patience == Some(0) {
            return refuse("patience", "0".into(), "at least 1");
        }
        if let Some(loss) = self.stop_at_loss.filter(|loss| !loss.is_finite()) {
            return refuse("stop-at-loss", loss.to_string(), "a finite number");
        }
        let mut hyperparameters = self.optimizer.hyperparameters();
        hyperparameters.extend(self.schedule.hyperparameters());
        let wrong = hyperparameters.iter().find(|h| !h.bound.holds(h.value));
        match wrong {
            Some(h) => refuse(h.name, h.value.to_string(), h.bound.valid()),
            None => Ok(()),
        }
    }
}

pub(crate) fn is_false(x: &bool) -> bool {
    !x
}

fn is_zero(x: &f64) -> bool {
    *x == 0.0
}

fn positive(x: f32) -> bool {
    x.is_finite() && x > 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hyperparameters_of_optimiser_and_schedule_have_bounds() {
        let check = |text: &str| {
            let spec: TrainingSpec = toml::from_str(text).expect("a specification");
            spec.check().map_err(|error| error.to_string())
        };
        assert_eq!(check("optimizer = { kind = 'rmsprop' }"), Ok(()));
        let wrong = [
            (
                "optimizer = { kind = 'adam', beta1 = 1.0 }",
                "`beta1` is 1; it must be at least 0 and less than 1",
            ),
            (
                "optimizer = { kind = 'sgd', momentum = -0.5 }",
                "`momentum` is -0.5; it must be at least 0 and less than 1",
            ),
            (
                "schedule = { kind = 'cosine', floor = 7 }",
                "`floor` is 7; it must be from 0 to 1",
            ),
            (
                "schedule = { kind = 'step', every = 2, factor = 0 }",
                "`factor` is 0; it must be a positive number",
            ),
        ];
        for (text, expected) in wrong {
            assert_eq!(check(text), Err(expected.to_string()));
        }
    }
}
