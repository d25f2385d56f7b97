//! `latentia inspect`

use latentia_data::{ColumnKind, Schema};
use latentia_models::{Autoencoder, Detector, FittedPrior, ModelFile, Provenance};
use serde_json::{Map, Value, json};

use crate::args::InspectArgs;
use crate::inputs::open;
use crate::terminal::{count, counted, number, print, table, tell};

/// Columns of a kind that are named.
const MOST_NAMED: usize = 4;

pub(super) fn run(args: &InspectArgs) -> anyhow::Result<()> {
    let ModelFile {
        model,
        provenance,
        attachments,
        ..
    } = open(&args.model)?;
    let detector = Detector::of(&model, &attachments).unwrap_or_else(|error| {
        tell(&format!("warning: `{}`: {error}", args.model.display()));
        None
    });
    let prior = FittedPrior::of(&model, &attachments).unwrap_or_else(|error| {
        tell(&format!("warning: `{}`: {error}", args.model.display()));
        None
    });
    if args.json {
        let report = json!({
            "model": args.model.to_string_lossy(),
            "shape": model.shape().to_vec(),
            "axes": model.shape().axes().name(),
            "code_width": model.code_width(),
            "parameters": model.chain().parameter_count(),
            "objective": model.spec().map(|spec| spec.objective),
            "weights_of_epoch": provenance.weights_epoch(&model).map(|epoch| epoch.epoch),
            "spec": model.spec(),
            "provenance": provenance,
            "detector": detector.as_ref().map(|detector| json!({
                "parts": detector.parts(),
                "members": detector.members(),
                "reference_codes": detector.references(),
                "calibration": detector.calibration().source().name(),
                "calibrating_scores": detector.calibration().scores().len(),
            })),
            "prior": prior.as_ref().map(|prior| json!({
                "kind": prior.name(),
                "bits_per_index": prior.autoregressive().and_then(|own| own.bits_per_index()),
                "uniform_bits_per_index": prior.autoregressive().map(|own| own.uniform_bits()),
            })),
        });
        return print(&format!("{}\n", serde_json::to_string_pretty(&report)?));
    }
    print(&format!(
        "{}\n{}{}{}{}",
        chain(&model),
        objective(&model)?,
        history(&model, &provenance),
        detector.map_or_else(String::new, |detector| of_detector(&detector)),
        prior.map_or_else(String::new, |prior| of_prior(&prior)),
    ))
}

/// The chain, a line a layer.
fn chain(model: &Autoencoder) -> String {
    let layers = model.chain().layers();
    let shape: Vec<String> = model.shape().iter().map(usize::to_string).collect();
    let line = |cells: [String; 4]| cells.to_vec();
    let mut rows = vec![
        line([
            "part".into(),
            "layer".into(),
            "output".into(),
            "parameters".into(),
        ]),
        line([
            "input".into(),
            String::new(),
            shape.join("x"),
            String::new(),
        ]),
    ];
    for (number, layer) in layers.iter().enumerate() {
        let (part, place) = model.sections().place(number);
        let own = &model.chain().parameters()[model.chain().owned(number)];
        // As the total and the library count them; a codebook is no parameter, but a statistic.
        let learned = own.iter().filter(|p| p.is_learned());
        let parameters: usize = learned.map(|p| p.value.as_slice().len()).sum();
        rows.push(line([
            format!("{part}.{place}"),
            layer.name(),
            layer.output().to_string(),
            count(parameters),
        ]));
        if number + 1 == model.sections().decoder.start {
            rows.push(line([
                "code".into(),
                String::new(),
                model.code_width().to_string(),
                String::new(),
            ]));
        }
    }
    let likelihood = model.likelihood();
    rows.push(line([
        "likelihood".into(),
        likelihood.name().into(),
        model.width().to_string(),
        String::new(),
    ]));
    rows.push(line([
        "total".into(),
        String::new(),
        String::new(),
        count(model.chain().parameter_count()),
    ]));
    table(&rows)
}

/// What was minimised beside the likelihood's loss, where that is other than usual.
fn objective(model: &Autoencoder) -> anyhow::Result<String> {
    let objective = model.spec().map(|spec| spec.objective);
    let weights = match serde_json::to_value(objective)? {
        Value::Object(weights) => weights,
        _ => Map::new(),
    };
    let weights: Vec<String> = weights
        .iter()
        // As they were written, not as the nearest f64.
        .map(|(name, weight)| match weight.as_f64() {
            Some(weight) => format!("{name} {}", weight as f32),
            None => format!("{name} {weight}"),
        })
        .collect();
    match weights.is_empty() {
        true => Ok(String::new()),
        false => Ok(format!("{:<16}{}\n", "objective", weights.join(", "))),
    }
}

/// How the model came to be; losses are those of the epoch whose weights it has.
fn history(model: &Autoencoder, provenance: &Provenance) -> String {
    let shown = provenance.weights_epoch(model);
    let epochs = provenance.history.len();
    let which = match shown {
        Some(shown) if shown.epoch as usize != epochs => {
            format!(", the model is that of {}", shown.epoch)
        }
        _ => String::new(),
    };
    let loss = |loss: Option<f64>| loss.map_or_else(|| "none".into(), number);
    let rows = vec![
        ("preset", provenance.preset.clone()),
        (
            "data",
            format!(
                "{} ({}…)",
                provenance.data,
                &provenance.fingerprint[..12.min(provenance.fingerprint.len())]
            ),
        ),
        ("seed", provenance.seed.to_string()),
        ("epochs", format!("{epochs}{which}")),
        ("training loss", loss(shown.map(|epoch| epoch.train_loss))),
        (
            "validation loss",
            loss(shown.and_then(|epoch| epoch.validation_loss)),
        ),
    ];
    let columns = model.schema().map(|schema| ("columns", columns(schema)));
    let warnings = provenance.warnings.iter();
    let warnings = warnings.map(|warning| ("warning", warning.clone()));
    let rows = rows.into_iter().chain(columns).chain(warnings);
    rows.map(|(name, value)| format!("{name:<16}{value}\n"))
        .collect()
}

/// What scores examples, in a line.
fn of_detector(detector: &Detector) -> String {
    let members = match detector.members() {
        1 => String::new(),
        members => format!("{}, ", counted(members, "member")),
    };
    let references = match detector.references() {
        0 => String::new(),
        references => format!("{}, ", counted(references, "reference code")),
    };
    let calibration = detector.calibration();
    let (parts, scores) = (detector.parts().join(" and "), calibration.scores().len());
    let whose = calibration.source().name();
    format!(
        "{:<16}by {parts}, {members}{references}{} {whose} scores\n",
        "detector",
        count(scores)
    )
}

/// The prior that is kept with the model, in a line.
fn of_prior(prior: &FittedPrior) -> String {
    let own = prior.autoregressive();
    let bits = own.and_then(|own| Some((own.bits_per_index()?, own.uniform_bits())));
    let bits = bits.map_or_else(String::new, |(bits, uniform)| {
        format!(", {} bits an index of {}", number(bits), number(uniform))
    });
    format!("{:<16}{}{bits}\n", "prior", prior.name())
}

/// How many columns of each kind a table has.
fn columns(schema: &Schema) -> String {
    let of = |kind: ColumnKind| {
        let columns = schema.columns.iter().filter(|column| column.kind == kind);
        let names: Vec<String> = columns.map(|column| column.name.clone()).collect();
        (!names.is_empty()).then(|| format!("{} ({})", kind.name(), shortened(&names)))
    };
    let kinds: Vec<String> = ColumnKind::ALL.into_iter().filter_map(of).collect();
    kinds.join(", ")
}

/// The first few names of many.
fn shortened(names: &[String]) -> String {
    match names.len().checked_sub(MOST_NAMED + 1) {
        None => names.join(", "),
        Some(more) => format!("{} and {} more", names[..MOST_NAMED].join(", "), more + 1),
    }
}
