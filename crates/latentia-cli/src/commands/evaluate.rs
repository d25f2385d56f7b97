//! `latentia evaluate`

use latentia_data::{Locations, load};
use latentia_models::ModelFile;
use latentia_tensor::Rows;
use serde_json::json;

use crate::args::EvaluateArgs;
use crate::evaluation::Evaluation;
use crate::examples::pick;
use crate::print;

pub(super) fn run(args: &EvaluateArgs, locations: &Locations) -> anyhow::Result<()> {
    let ModelFile { model, provenance } = ModelFile::load(&args.model)?;
    let data = args.data.as_ref().unwrap_or(&provenance.data);
    let examples = pick(data, locations)?;
    // PCA is held to the same rule: it learns from the training part, where the data has one.
    let training = match examples.part {
        "test" => Some(load(data.trim_end_matches(":test"), locations)?.train),
        _ => None,
    };
    let training = training.as_ref().map(|dataset| dataset as &dyn Rows);
    let evaluation =
        Evaluation::measure(&model, (data, examples.part), &examples.dataset, training)?;
    if args.json {
        let mut report = json!({ "model": args.model });
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
