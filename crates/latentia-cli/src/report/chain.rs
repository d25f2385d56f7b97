//! What a model is made of and how it came to be.

use latentia_models::{Autoencoder, Provenance, StoppedBy};
use serde::Serialize;
use serde_json::Value;

use crate::terminal::{count, counted};

/// A layer, or an end of the chain.
#[derive(Serialize)]
pub(super) struct Link {
    part: String,
    name: String,
    /// The shape of its output, in words.
    shape: String,
    /// Elements of its output.
    elements: usize,
    /// Elements that it learns.
    parameters: usize,
}

/// A fact: what it is called, and what it is.
pub(super) type Fact = (&'static str, String);

/// The chain from an example to its reconstruction.
pub(super) fn chain(model: &Autoencoder) -> Vec<Link> {
    let example = |part: &str, name: &str| Link {
        part: part.into(),
        name: name.into(),
        shape: model.shape().to_string(),
        elements: model.width(),
        parameters: 0,
    };
    let mut links = vec![example("input", model.preprocessing().name())];
    for (number, layer) in model.chain().layers().iter().enumerate() {
        let (part, _) = model.sections().place(number);
        let own = &model.chain().parameters()[model.chain().owned(number)];
        let learned = own.iter().filter(|parameter| parameter.is_learned());
        links.push(Link {
            part: part.into(),
            name: layer.name(),
            shape: layer.output().to_string(),
            elements: layer.outputs(),
            parameters: learned.map(|own| own.value.as_slice().len()).sum(),
        });
        let sections = model.sections();
        if sections.code.is_empty() && number + 1 == sections.decoder.start {
            links.push(Link {
                part: "code".into(),
                name: model.latent().name().into(),
                shape: model.code_width().to_string(),
                elements: model.code_width(),
                parameters: 0,
            });
        }
    }
    links.push(example("output", model.likelihood().name()));
    links
}

/// How the model came to be.
pub(super) fn history(model: &Autoencoder, provenance: &Provenance) -> Vec<Fact> {
    let training = &provenance.training;
    let epochs = provenance.history.len();
    let which = match provenance.weights_epoch(model) {
        Some(shown) if shown.epoch as usize != epochs => format!(", weights of {}", shown.epoch),
        _ => String::new(),
    };
    let why = match provenance.stopped_by {
        StoppedBy::Epochs => "",
        StoppedBy::Patience => ", out of patience",
        StoppedBy::StopAtLoss => ", loss threshold reached",
        StoppedBy::Interrupt => ", interrupted",
        StoppedBy::Error => ", ended by an error",
    };
    let kind = |spec: Result<Value, serde_json::Error>| {
        let spec = spec.unwrap_or_default();
        let kind = spec["kind"].as_str().or(spec.as_str());
        kind.unwrap_or("its own").to_owned()
    };
    let mut facts = vec![
        ("Preset", provenance.preset.clone()),
        ("Data", provenance.data.clone()),
        (
            "Fingerprint",
            provenance.fingerprint.chars().take(16).collect(),
        ),
        ("Seed", provenance.seed.to_string()),
        ("Epochs", format!("{}{why}{which}", count(epochs))),
        ("Batch size", count(training.batch_size)),
        ("Learning rate", training.learning_rate.to_string()),
        ("Optimiser", kind(serde_json::to_value(training.optimizer))),
        ("Schedule", kind(serde_json::to_value(training.schedule))),
        ("Parameters", count(model.chain().parameter_count())),
    ];
    if let Some(target) = &provenance.target {
        facts.insert(2, ("Target", target.clone()));
    }
    if let Some(schema) = model.schema() {
        let learned = schema.learned().count();
        facts.insert(2, ("Columns", counted(learned, "column")));
    }
    let warnings = provenance.warnings.iter();
    facts.extend(warnings.map(|warning| ("Warning", warning.clone())));
    facts
}
