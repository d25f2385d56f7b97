//! `latentia evaluate`

use anyhow::{Context, anyhow};
use latentia_models::{Autoencoder, Detector, Evaluation, EvaluationOptions, ModelFile};
use latentia_tensor::Rows;
use serde_json::json;

use crate::args::EvaluateArgs;
use crate::inputs::{Examples, KnownAnomalies, Loader, check_fit, open};
use crate::measures::{Detection, evaluation_table};
use crate::terminal::{StageBar, describe, print, tell};

/// Rate of false alarms where nobody names one.
const FALSE_ALARM: f64 = 0.01;

pub(super) fn run(args: &EvaluateArgs, loader: &Loader) -> anyhow::Result<()> {
    let file = open(&args.model)?;
    let loader = loader.with_test_part_of(&file);
    let ModelFile {
        model,
        provenance,
        attachments,
        ..
    } = file;
    let loader = loader.with_extra(args.anomalies.as_deref());
    let target = match (&args.target, &args.data) {
        (None, None) => provenance.target.as_ref(),
        (given, _) => given.as_ref(),
    };
    if let (None, Some(learned)) = (target, &provenance.target) {
        tell(&format!(
            "the model learned to reconstruct examples as those of `{learned}`; without --target it is measured by the examples themselves"
        ));
    }
    let loader = loader.with_target(target.map(String::as_str));
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
    if let Some(named) = &args.anomalies {
        let detector = Detector::of(&model, &attachments)
            .with_context(|| format!("`{}`", args.model.display()))?;
        return anomalies(args, &loader, (&model, detector), (data, examples, named));
    }
    // PCA is held to the same rule: it learns from the training part, where the data has one.
    let training = examples.training.as_ref();
    let training = training.map(|dataset| dataset as &dyn Rows);
    let bar = StageBar::new("measuring", 0);
    let options = EvaluationOptions {
        training,
        probe: true,
        factors: examples.dataset.factors(),
        importance_samples: args.importance_samples,
        seed: args.seed,
        observer: &bar,
    };
    let named = (data.as_str(), examples.part);
    let evaluation = Evaluation::measure(&model, named, &examples.dataset, &options)?;
    drop(bar);
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
    print(&evaluation_table(&evaluation))
}

/// How well `detector`, or the loss of `model` where it has none, tells known anomalies among examples of `data` from others; `named` says
/// which they are.
fn anomalies(
    args: &EvaluateArgs,
    loader: &Loader,
    (model, detector): (&Autoencoder, Option<Detector>),
    (data, examples, named): (&str, Examples, &str),
) -> anyhow::Result<()> {
    let asked = (named, args.anomalous.as_deref());
    let known = KnownAnomalies::of(loader, model, (data, examples), asked)?;
    let detector = detector.unwrap_or_else(|| {
        tell(&format!(
            "warning: `{}` has no detector: scores are its plain loss, in {}, without a threshold",
            args.model.display(),
            model.likelihood().unit().name()
        ));
        Detector::plain(model)
    });
    let rate = args.false_alarm.unwrap_or(FALSE_ALARM);
    let detection = Detection::measure((model, &detector), &known, rate, (args.k, args.seed))?;
    if let Some(warning) = detection.warning() {
        tell(&format!("warning: {warning}"));
    }
    match args.json {
        true => {
            let report = detection.json(&args.model.to_string_lossy())?;
            print(&format!("{}\n", serde_json::to_string_pretty(&report)?))
        }
        false => print(&detection.table()),
    }
}
