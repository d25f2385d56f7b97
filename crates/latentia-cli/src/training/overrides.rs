//! Single keys of an experiment, set by arguments.

use latentia_models::Preset;
use toml::{Table, Value};

use super::config::in_words;
use crate::terminal::{UsageError, suggestion};

/// What says which kind a table is of: the other keys belong to that kind.
const KINDS: [&str; 2] = ["kind", "layer"];

/// `preset` with each KEY=VALUE of `settings` in place of what it has there. A key is the path in the preset's TOML, elements of arrays by
/// their number from 0, as in `model.encoder.0.units`; a value is TOML, or else text. A new `kind` leaves the settings of the one before
/// out, and `training.epochs` the `training.steps` that would decide instead.
///
/// # Errors
/// A [`UsageError`] that names the setting and what is wrong with it: a key that there is not, with the nearest one; a value that the key
/// cannot have.
pub fn with_settings(preset: Preset, settings: &[String]) -> anyhow::Result<Preset> {
    let mut table = Table::try_from(&preset)?;
    let mut preset = Ok(preset);
    for setting in settings {
        let refuse = |problem: String| UsageError(format!("`--set {setting}`: {problem}"));
        let example = "it must be KEY=VALUE, as in training.batch-size=64";
        let (key, value) = setting
            .split_once('=')
            .ok_or_else(|| refuse(example.into()))?;
        let path: Vec<&str> = key.trim().split('.').collect();
        set(&mut table, &path, value_of(value.trim())).map_err(refuse)?;
        // The first one that is wrong is told, where none behind it makes it right.
        preset = match (table.clone().try_into(), preset) {
            (Ok(preset), _) => Ok(preset),
            (Err(_), Err(first)) => Err(first),
            (Err(error), Ok(_)) => Err(refuse(problem(&error, &path))),
        };
    }
    Ok(preset?)
}

/// A value as TOML, else as text.
fn value_of(text: &str) -> Value {
    text.parse().unwrap_or_else(|_| Value::String(text.into()))
}

/// Puts `value` where `path` leads, by tables that need not be there yet.
fn set(table: &mut Table, path: &[&str], value: Value) -> Result<(), String> {
    if path == ["training", "epochs"]
        && let Some(Value::Table(training)) = table.get_mut("training")
    {
        training.remove("steps");
    }
    let Some((last, folders)) = path.split_last() else {
        return Ok(());
    };
    let mut place = Place::Table(table);
    for (depth, folder) in folders.iter().enumerate() {
        let seen = path[..=depth].join(".");
        place = match place.entry(folder, &seen)? {
            Value::Table(table) => Place::Table(table),
            Value::Array(array) => Place::Array(array),
            other => return Err(format!("`{seen}` is {other}, which has no keys")),
        };
    }
    if let Place::Table(table) = &mut place
        && KINDS.contains(last)
        && table.get(*last) != Some(&value)
    {
        table.clear();
    }
    *place.entry(last, &path.join("."))? = value;
    Ok(())
}

/// What has keys.
enum Place<'a> {
    Table(&'a mut Table),
    Array(&'a mut Vec<Value>),
}

impl<'a> Place<'a> {
    /// The value of `key`, an empty table where there is none yet; `seen` is the path that leads to it.
    fn entry(self, key: &str, seen: &str) -> Result<&'a mut Value, String> {
        match self {
            Self::Table(table) => Ok(table
                .entry(key)
                .or_insert_with(|| Value::Table(Table::new()))),
            Self::Array(array) => {
                let count = array.len();
                let index: Option<usize> = key.parse().ok();
                let element = index.and_then(|index| array.get_mut(index));
                element.ok_or_else(|| {
                    format!(
                        "there is no `{seen}`: the array has elements 0 to {}",
                        count - 1
                    )
                })
            }
        }
    }
}

/// What the parser says of a key or a value at `path`, in words; of a key that it does not know, which one may have been meant.
fn problem(error: &toml::de::Error, path: &[&str]) -> String {
    let message = in_words(error.message());
    let mut quoted = message.split('`').skip(1).step_by(2);
    match (message.starts_with("unknown key"), quoted.next()) {
        (true, Some(seen)) => {
            let at = path.iter().position(|part| *part == seen);
            let before = at.map_or(String::new(), |at| {
                path[..at].iter().map(|part| format!("{part}.")).collect()
            });
            let known: Vec<String> = quoted.map(|name| format!("{before}{name}")).collect();
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let seen = format!("{before}{seen}");
            format!("unknown key `{seen}`; {}", suggestion(&seen, &known))
        }
        _ => message,
    }
}
