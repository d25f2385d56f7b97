//! `latentia import`

use std::fs;

use anyhow::Context;
use latentia_models::{ModelFile, Preprocessing, Provenance, StoppedBy, TorchNames};
use latentia_tensor::ExampleShape;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::args::ImportArgs;
use crate::terminal::{UsageError, print, table, tell};
use crate::training::config;

/// What initial values are drawn from that nothing replaces.
const SEED: u64 = 0;

pub(super) fn run(args: &ImportArgs) -> anyhow::Result<()> {
    let preset = config::read(&args.config)?;
    let names = names(args)?;
    let preprocessing = preset.model.preprocessing;
    if let Preprocessing::Standardise | Preprocessing::MinMax | Preprocessing::Robust =
        preprocessing
    {
        let what = format!(
            "`{}`: preprocessing is `{}`, whose constants come from training examples; an imported model takes `unit-range`: scale \
             the data yourself",
            args.config.display(),
            preprocessing.name()
        );
        return Err(UsageError(what).into());
    }
    let shape = match args.axes {
        Some(axes) => ExampleShape::new(args.shape.0.clone(), axes),
        None => Some(ExampleShape::from(&args.shape.0)),
    };
    let Some(shape) = shape else {
        let what = "--axes and --shape have different numbers of dimensions";
        return Err(UsageError(what.into()).into());
    };
    let built = preset.model.build(&shape, SEED);
    let mut model =
        built.map_err(|error| UsageError(format!("`{}`: {error}", args.config.display())))?;
    let shown = args.weights.display().to_string();
    let bytes = fs::read(&args.weights).with_context(|| format!("cannot read `{shown}`"))?;
    let sources = model.import_torch(&bytes, &names);
    let sources = sources.with_context(|| format!("`{shown}`"))?;
    let provenance = Provenance {
        preset: args.config.display().to_string(),
        data: shown,
        target: None,
        fingerprint: hex::encode(Sha256::digest(&bytes)),
        seed: SEED,
        warm_start: true,
        training: preset.training,
        stopped_by: StoppedBy::Epochs,
        history: Vec::new(),
        warnings: Vec::new(),
    };
    ModelFile::save(&model, &provenance, &[], &args.output)?;
    tell(&format!("wrote {}", args.output.display()));
    if args.json {
        let sources: Map<String, Value> = sources
            .into_iter()
            .map(|(name, sources)| (name, sources.into()))
            .collect();
        let report = json!({ "model": args.output.to_string_lossy(), "sources": sources });
        return print(&format!("{}\n", serde_json::to_string_pretty(&report)?));
    }
    let rows = sources.into_iter().map(|(name, sources)| {
        let source = match &sources[..] {
            [] => "0".into(),
            _ => sources.join(", "),
        };
        vec![name, source]
    });
    print(&table(&rows.collect::<Vec<_>>()))
}

/// The names that a user gives.
fn names(args: &ImportArgs) -> anyhow::Result<TorchNames> {
    let Some(path) = &args.names else {
        return Ok(TorchNames::new());
    };
    let shown = path.display();
    let text = fs::read_to_string(path).with_context(|| format!("cannot read `{shown}`"))?;
    let names = toml::from_str(&text);
    names.map_err(|error| {
        let what = format!(
            "`{shown}`: {}; lines are `\"encoder.0\" = \"fc1\"`, or `[\"fc1\", \"fc2\"]`",
            error.message()
        );
        UsageError(what).into()
    })
}
