//! How what does not belong is found.

use serde::{Deserialize, Serialize};

use crate::{ModelError, ModelSpec};

/// The most members of a detector: each is a model of its own, in one file.
const MAX_MEMBERS: u32 = 64;

/// The most folds.
const MAX_FOLDS: u32 = 100;

/// The models behind a [`Detector`](crate::Detector), and how its scores are calibrated, as plain data.
///
/// ```
/// use latentia_models::DetectionSpec;
///
/// let spec: DetectionSpec = toml::from_str("members = 2\nfolds = 5")?;
/// assert_eq!(spec, DetectionSpec { members: 2, folds: 5, ..DetectionSpec::default() });
/// spec.check()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct DetectionSpec {
    /// Models whose scores are averaged; the first is the model itself. Example: `members = 2`
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 64)))]
    pub members: u32,
    /// Parts of the training rows of which each is scored by models that learned from the others, so that scores are calibrated without
    /// holding rows out; as many are, as it takes for a thousand scores. With 0, those of validation calibrate.
    /// Example: `folds = 5`
    #[cfg_attr(feature = "schema", schemars(range(max = 100)))]
    pub folds: u32,
    /// What every second member is made of; without it, members differ by their seeds.
    /// Example: `second = { likelihood = "mse", encoder = [{ layer = "dense", units = 2 }], decoder = [{ layer = "dense" }] }`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second: Option<ModelSpec>,
}

impl Default for DetectionSpec {
    fn default() -> Self {
        Self {
            members: 1,
            folds: 0,
            second: None,
        }
    }
}

impl DetectionSpec {
    /// Refuses values out of range.
    ///
    /// # Errors
    /// Names the first of them, its value and what would be valid.
    pub fn check(&self) -> Result<(), ModelError> {
        let refuse = |name, seen: u32, valid| {
            Err(ModelError::Option {
                name,
                seen: seen.to_string(),
                valid,
            })
        };
        if !(1..=MAX_MEMBERS).contains(&self.members) {
            return refuse("members", self.members, "from 1 to 64");
        }
        if self.folds == 1 || self.folds > MAX_FOLDS {
            return refuse("folds", self.folds, "0, or from 2 to 100");
        }
        Ok(())
    }

    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
