//! The model that a user names, and whether examples fit it.

use std::path::Path;

use anyhow::{Context, anyhow, bail};
use latentia_data::Dataset;
use latentia_models::{Autoencoder, ModelFile, Preprocessing};
use latentia_tensor::Rows;

use super::schema::elements_in_words;
use crate::terminal::tell;

/// Reads a model file.
///
/// # Errors
/// When it cannot be read or is none.
pub fn open(path: &Path) -> anyhow::Result<ModelFile> {
    if path.is_dir() {
        let inside = path.join("model.safetensors");
        let hint = match inside.exists() {
            true => format!("its model is `{}`", inside.display()),
            false => "a model is a file that `latentia train` writes".into(),
        };
        bail!("`{}` is a folder; {hint}", path.display());
    }
    Ok(ModelFile::load(path)?)
}

/// Refuses examples of another width or without the labels that the model takes, and warns of values on another scale than the model's.
///
/// # Errors
/// Names the data, and both widths or the label.
pub fn check_fit(model: &Autoencoder, data: &str, examples: &Dataset) -> anyhow::Result<()> {
    let (seen, expected) = (examples.cols(), model.width());
    if seen != expected {
        let shape = match model.shape().len() {
            1 => String::new(),
            _ => format!(" ({})", model.shape()),
        };
        bail!("`{data}` has {seen} values an example, the model takes {expected}{shape}");
    }
    let (seen, expected) = (examples.shape(), model.shape());
    if seen.len() > 1 && expected.len() > 1 && seen[..] != expected[..] {
        let words = expected.axes().in_words();
        bail!("`{data}` has examples of {seen}, the model takes {expected}, {words}");
    }
    if let (Some(schema), None) = (model.schema(), examples.table()) {
        let how = elements_in_words(schema);
        let how = how.map_or_else(String::new, |how| format!(", and must have {how}"));
        tell(&format!(
            "`{data}` has no names of columns: they are matched by their position{how}"
        ));
    }
    // Refuses labels that are missing, before anything is written.
    model
        .scaled(examples)
        .map_err(|error| anyhow!("`{data}`: {error}"))?;
    if model.likelihood().is_discrete() || model.likelihood().is_of_counts() {
        let fits = model.check_values(examples);
        fits.with_context(|| format!("`{data}` does not fit the model"))?;
    }
    let (low, high) = examples.range();
    let unit = 0.0..=examples.full_scale();
    let preprocessing = model.preprocessing();
    let takes_unit_range = preprocessing == Preprocessing::UnitRange || preprocessing.binarises();
    if takes_unit_range
        && (model.likelihood().is_binary() || model.likelihood().is_discrete())
        && !(unit.contains(&low) && unit.contains(&high))
    {
        tell(&format!(
            "warning: `{data}` ranges from {low} to {high}, the model learned from values in [0, 1]; scale it likewise"
        ));
    }
    Ok(())
}
