//! `latentia report`

use anyhow::anyhow;
use latentia_models::{Detector, Rule, write_atomically};
use latentia_tensor::Rows;

use super::detect::FALSE_ALARM;
use crate::args::{EVALUATION_SEED, ReportArgs};
use crate::inputs::{Loader, check_fit, open};
use crate::outputs::Format;
use crate::report::{Report, Subject};
use crate::terminal::{counted, describe, tell};

/// Samples for each example behind a likelihood: an ELBO of ten thousand examples needs no more.
const IMPORTANCE_SAMPLES: u32 = 1;

pub(super) fn run(args: &ReportArgs, loader: &Loader) -> anyhow::Result<()> {
    Format::of(&args.output, &[Format::Html])?;
    let file = open(&args.model)?;
    let model = &file.model;
    let target = match &args.data {
        None => file.provenance.target.as_deref(),
        Some(_) => None,
    };
    let loader = loader.carrying(true).with_target(target);
    let loader = loader.with_test_part_of(&file);
    let data = args.data.as_ref().unwrap_or(&file.provenance.data);
    let examples = loader.pick(data, model).map_err(|error| match &args.data {
        Some(_) => error,
        None => {
            let error = describe(&error);
            anyhow!("{error}; the model was trained on it, DATA names other data")
        }
    })?;
    check_fit(model, data, &examples.dataset)?;
    let name = args.model.to_string_lossy();
    let detector = Detector::of(model, &file.attachments).unwrap_or_else(|error| {
        tell(&format!("warning: `{name}`: {error}"));
        None
    });
    let detector = detector.unwrap_or_else(|| Detector::plain(model));
    let report = Report::of(Subject {
        name: &name,
        file: &file,
        detector: &detector,
        rule: Rule::FalseAlarm(FALSE_ALARM),
        data,
        part: examples.part,
        examples: &examples.dataset,
        training: (examples.training.as_ref()).map(|dataset| dataset as &dyn Rows),
        importance_samples: (IMPORTANCE_SAMPLES, EVALUATION_SEED),
    });
    let page = report?.page(args.max_size)?;
    write_atomically(&args.output, |out| out.write_all(page.html.as_bytes()))?;
    for what in &page.left_out {
        tell(&format!("left out: {what}"));
    }
    tell(&format!(
        "wrote {}: {}, {}",
        args.output.display(),
        counted(page.examples, "example"),
        counted(page.html.len(), "byte")
    ));
    Ok(())
}
