//! What a run trains: a preset or a file, and what arguments change of it.

use latentia_data::{Dataset, Pictures};
use latentia_models::{Autoencoder, ModelError, ModelSpec, Preset, TrainingSpec};
use latentia_tensor::Rows;

use super::config::read;
use super::overrides::with_settings;
use crate::args::TrainArgs;
use crate::inputs::open;
use crate::terminal::{UsageError, number, suggestion, tell};

/// The preset or the file asked for; without either, what suits the data, where that was read. All with what the arguments make of it.
///
/// # Errors
/// When there is none of the name, the file is no experiment, or a key or a value is not possible.
pub fn experiment(args: &TrainArgs, data: Option<&Dataset>) -> anyhow::Result<(String, Preset)> {
    let (name, preset) = chosen(args, data)?;
    let mut preset = with_settings(preset, &args.set)?;
    let refuse = |error: ModelError| UsageError(error.to_string());
    if let Some(width) = args.latent {
        preset.model.set_code_width(width).map_err(refuse)?;
    }
    preset.training = overridden(preset.training, args);
    preset.training.check().map_err(refuse)?;
    preset.detection.check().map_err(refuse)?;
    preset.detection.members = args.members.unwrap_or(preset.detection.members);
    Ok((name, preset))
}

fn chosen(args: &TrainArgs, data: Option<&Dataset>) -> anyhow::Result<(String, Preset)> {
    if let Some(path) = &args.config {
        let preset = read(path)?;
        let name = path.file_stem().map_or_else(
            || "model".into(),
            |stem| stem.to_string_lossy().into_owned(),
        );
        return Ok((name, preset));
    }
    let of_model = args
        .set
        .iter()
        .find(|setting| setting.starts_with("model."));
    if let (Some(path), Some(setting)) = (&args.from, of_model) {
        let path = path.display();
        return Err(UsageError(format!(
            "`--set {setting}` beside --from: the model is that of `{path}`; keys of `training` and `detection` can be set"
        ))
        .into());
    }
    if let (Some(path), None) = (&args.from, &args.preset) {
        let provenance = open(path)?.provenance;
        let known = Preset::text(&provenance.preset).map(|_| provenance.preset.as_str());
        if known.is_none() {
            tell(&format!(
                "`{}` is of no preset that is known here: it is trained as `digits` says; --preset or --config says otherwise",
                path.display()
            ));
        }
        let (name, mut preset) = preset_for(known.unwrap_or("digits"))?;
        preset.data = Some(provenance.data);
        return Ok((name, preset));
    }
    let name = match (&args.preset, data) {
        (Some(name), _) => name.as_str(),
        (None, Some(data)) => return default_for(data),
        (None, None) => "digits",
    };
    preset_for(name)
}

/// What suits the data.
fn default_for(data: &Dataset) -> anyhow::Result<(String, Preset)> {
    let (low, high) = data.range();
    let is_beyond = low < 0.0 || high > data.full_scale();
    let (name, preset) = Preset::suiting(data.shape(), data.table().is_some(), is_beyond)?;
    if name == "photos" && is_beyond {
        tell(&format!(
            "`{}`: values from {} to {} are no pixels: they are standardised",
            data.name(),
            number(low.into()),
            number(high.into())
        ));
    }
    Ok((name.to_string(), preset))
}

/// The preset of this name, with its name.
///
/// # Errors
/// When there is none.
pub fn preset_for(name: &str) -> anyhow::Result<(String, Preset)> {
    let Some(text) = Preset::text(name) else {
        let names: Vec<&str> = Preset::names().collect();
        return Err(UsageError(format!(
            "no preset is called `{name}`; {}",
            suggestion(name, &names)
        ))
        .into());
    };
    Ok((name.to_string(), Preset::parse(text)?))
}

/// The model of `spec` for these examples, with its initial weights.
///
/// # Errors
/// When the specification does not fit itself or the examples.
pub fn build(spec: &ModelSpec, examples: &Dataset, seed: u64) -> Result<Autoencoder, UsageError> {
    let built = match examples.table() {
        Some(table) => spec.build_table(&table.schema, seed),
        None => spec.build(examples.shape(), seed),
    };
    let mut model = built.map_err(|error| UsageError(error.to_string()))?;
    model.set_windows(examples.cut().map(|(windows, ..)| windows.clone()));
    model.set_preparation(examples.pictures().map(Pictures::preparation));
    Ok(model)
}

/// What the arguments make of a preset's training.
fn overridden(training: TrainingSpec, args: &TrainArgs) -> TrainingSpec {
    TrainingSpec {
        epochs: args.epochs.unwrap_or(training.epochs),
        test: args.test.unwrap_or(training.test),
        steps: training.steps.filter(|_| args.epochs.is_none()),
        batch_size: args.batch_size.unwrap_or(training.batch_size),
        learning_rate: args.learning_rate.unwrap_or(training.learning_rate),
        ..training
    }
}
