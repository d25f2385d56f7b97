//! What is trained: a preset or a specification, and what is changed of it.

use latentia::data::{DatasetView, nearest_name};
use latentia::models::{DetectionSpec, ModelSpec, Preset, TrainingSpec};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::{Error, Failure};

/// Names of the presets.
#[pyfunction]
pub fn preset_names() -> Vec<&'static str> {
    Preset::names().collect()
}

/// The TOML of a preset.
#[pyfunction]
pub fn preset_text(name: &str) -> PyResult<&'static str> {
    Preset::text(name).ok_or_else(|| PyKeyError::new_err(unknown(name)))
}

fn unknown(name: &str) -> String {
    let names: Vec<&str> = Preset::names().collect();
    let nearest = nearest_name(name, &names);
    let hint = nearest.map_or_else(String::new, |own| format!("; did you mean `{own}`?"));
    format!("no preset is called `{name}`{hint}")
}

/// What is asked for, as the package writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The name of a preset.
    preset: Option<String>,
    /// A whole experiment, or its model alone.
    spec: Option<Value>,
    /// A whole experiment in TOML.
    toml: Option<String>,
    /// Keys of the training that differ.
    training: Map<String, Value>,
    /// Width of the code.
    latent: Option<usize>,
    /// Models of a detector.
    members: Option<u32>,
}

impl Request {
    /// Reads what is asked for.
    ///
    /// # Errors
    /// When it is nothing of the kind.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        Ok(serde_json::from_str(text)?)
    }

    /// The experiment for `examples`, rows of a table or not, the name of its preset where it has one, and what there is to say of the
    /// choice.
    ///
    /// # Errors
    /// When there is none of the name, or a key or a value is wrong.
    pub fn experiment(
        self,
        examples: &DatasetView<'_>,
        is_table: bool,
    ) -> Result<(Option<String>, Preset, Option<String>), Failure> {
        let mut note = None;
        let (name, mut preset) = match (&self.preset, self.spec, &self.toml) {
            (Some(name), _, _) => {
                let preset = Preset::text(name).ok_or_else(|| Error::new_err(unknown(name)))?;
                (Some(name.clone()), Preset::parse(preset)?)
            }
            (None, Some(spec), _) => (None, experiment_of(spec)?),
            (None, None, Some(text)) => (None, Preset::parse(text)?),
            (None, None, None) => {
                let (low, high) = examples.range();
                let beyond = low < 0.0 || high > latentia::Rows::full_scale(examples);
                let (name, preset) = Preset::suiting(examples.shape(), is_table, beyond)?;
                if name == "photos" && beyond {
                    note = Some(format!(
                        "values from {low} to {high} are no pixels: they are standardised"
                    ));
                }
                (Some(name.to_owned()), preset)
            }
        };
        if let Some(width) = self.latent {
            preset.model.set_code_width(width)?;
        }
        preset.training = overridden(preset.training, self.training)?;
        preset.training.check()?;
        if let Some(members) = self.members {
            preset.detection.members = members;
        }
        preset.detection.check()?;
        Ok((name, preset, note))
    }
}

/// A whole experiment, or one of that model.
fn experiment_of(spec: Value) -> Result<Preset, Failure> {
    match spec.get("model").is_some() {
        true => Ok(serde_json::from_value(spec)?),
        false => {
            let model: ModelSpec = serde_json::from_value(spec)?;
            Ok(Preset {
                description: String::new(),
                data: None,
                model,
                training: TrainingSpec::default(),
                detection: DetectionSpec::default(),
                expected: None,
            })
        }
    }
}

/// `training` with other values of some keys; epochs that are said take the place of steps.
fn overridden(
    training: TrainingSpec,
    changes: Map<String, Value>,
) -> Result<TrainingSpec, Failure> {
    let mut all = match serde_json::to_value(&training)? {
        Value::Object(all) => all,
        _ => Map::new(),
    };
    if changes.contains_key("epochs") && !changes.contains_key("steps") {
        all.remove("steps");
    }
    all.extend(changes);
    all.retain(|_, value| !value.is_null());
    Ok(serde_json::from_value(Value::Object(all))?)
}
