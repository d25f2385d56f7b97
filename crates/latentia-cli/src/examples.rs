//! What a user means by DATA.

use latentia_data::{Dataset, Locations, load};

use crate::table::count;
use crate::{UsageError, tell};
use latentia_tensor::Rows;

/// One part of a data set, with what to call it.
#[derive(Debug)]
pub struct Examples {
    /// The examples.
    pub dataset: Dataset,
    /// `test`, `train`, or `all` where the data has no parts.
    pub part: &'static str,
}

/// The name or path in DATA, and the part that it asks for with `:train` or `:test`.
pub fn split_part(data: &str) -> (&str, Option<&str>) {
    match data.rsplit_once(':') {
        Some((name, part @ ("train" | "test"))) => (name, Some(part)),
        _ => (data, None),
    }
}

pub(crate) fn no_parts(name: &str, part: &str) -> UsageError {
    UsageError(format!("`{name}` has no parts; leave out `:{part}`"))
}

/// Loads DATA for use: the part it asks for with `:train` or `:test`, else the test part, else all.
///
/// # Errors
/// When the data cannot be loaded or has no such part.
pub fn pick(data: &str, locations: &Locations) -> anyhow::Result<Examples> {
    let examples = part_of(data, "test", locations)?;
    let (name, wanted) = split_part(data);
    if wanted.is_none() && examples.part == "test" {
        let rows = count(examples.dataset.rows());
        tell(&format!(
            "using the {rows} test examples of `{name}` (`{name}:train` for the others)"
        ));
    }
    Ok(examples)
}

/// Loads DATA to learn from: the part it asks for with `:train` or `:test`, else the training part, else all.
///
/// # Errors
/// When the data cannot be loaded or has no such part.
pub fn pick_training(data: &str, locations: &Locations) -> anyhow::Result<Examples> {
    part_of(data, "train", locations)
}

/// The part that DATA asks for, else `otherwise`, else all.
fn part_of(data: &str, otherwise: &str, locations: &Locations) -> anyhow::Result<Examples> {
    let (name, wanted) = split_part(data);
    let source = load(name, locations)?;
    let (dataset, part) = match (source.test, wanted) {
        (Some(test), wanted) => match wanted.unwrap_or(otherwise) {
            "train" => (source.train, "train"),
            _ => (test, "test"),
        },
        (None, None) => (source.train, "all"),
        (None, Some(part)) => return Err(no_parts(name, part).into()),
    };
    Ok(Examples { dataset, part })
}
