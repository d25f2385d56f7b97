//! `latentia evaluate`

use anyhow::anyhow;
use latentia_models::ModelFile;
use latentia_tensor::Rows;
use serde_json::json;

use crate::args::EvaluateArgs;
use crate::inputs::{Loader, check_fit, open};
use crate::measures::Evaluation;
use crate::terminal::{describe, print};

pub(super) fn run(args: &EvaluateArgs, loader: &Loader) -> anyhow::Result<()> {
    let ModelFile {
        model, provenance, ..
    } = open(&args.model)?;
    let data = args.data.as_ref().unwrap_or(&provenance.data);
    let examples = loader
        .pick(data, &model)
        .map_err(|error| match &args.data {
            Some(_) => error,
            None => {
                let error = describe(&error);
                anyhow!("{error}; the model was trained on it, --data names other data")
            }
        })?;
    check_fit(&model, data, &examples.dataset)?;
    // PCA is held to the same rule: it learns from the training part, where the data has one.
    let training = match examples.part {
        "test" => Some(loader.load(data.trim_end_matches(":test"))?.train),
        _ => None,
    };
    let training = training.as_ref().map(|dataset| dataset as &dyn Rows);
    let evaluation = Evaluation::measure(
        &model,
        (data, examples.part),
        &examples.dataset,
        training,
        true,
        (args.importance_samples, args.seed),
    )?;
    if args.json {
        let mut report = json!({ "model": args.model.to_string_lossy(), "seed": args.seed });
        let (Some(report), serde_json::Value::Object(measures)) =
            (report.as_object_mut(), serde_json::to_value(&evaluation)?)
        else {
            anyhow::bail!("an evaluation is an object");
        };
        report.extend(measures);
        return print(&format!("{}\n", serde_json::to_string_pretty(report)?));
    }
    print(&evaluation.table())
}
