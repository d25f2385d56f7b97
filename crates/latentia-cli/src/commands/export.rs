//! `latentia export`

use anyhow::Context;
use latentia_models::{Detector, FittedPrior, ModelFile, write_atomically};
use latentia_onnx::{GraphRows, Part, Rule, export};

use super::detect::FALSE_ALARM;
use crate::args::{ExportArgs, ExportLayout, ExportPart};
use crate::inputs::open;
use crate::measures::calibration_warnings;
use crate::terminal::{UsageError, print, tell};

pub(super) fn run(args: &ExportArgs) -> anyhow::Result<()> {
    let output = &args.output;
    let (ending, otherwise) = match args.layout {
        Some(ExportLayout::Torch) => ("safetensors", ""),
        None => ("onnx", ", or in .safetensors with --layout torch"),
    };
    if output.extension().is_none_or(|own| own != ending) {
        let what = format!(
            "cannot tell the format of `{}`; end it in .{ending}{otherwise}",
            output.display()
        );
        return Err(UsageError(what).into());
    }
    if let Some(ExportLayout::Torch) = args.layout {
        return to_torch(args);
    }
    let rule = args.false_alarm.map(Rule::FalseAlarm);
    let rule = rule.or(args.threshold.map(Rule::Threshold));
    if rule.is_some() && args.part != ExportPart::Score {
        let what = "--false-alarm and --threshold go with --part score";
        return Err(UsageError(what.into()).into());
    }
    let rule = rule.unwrap_or(Rule::FalseAlarm(FALSE_ALARM));
    rule.check()
        .map_err(|error| UsageError(error.to_string()))?;
    let file = open(&args.model)?;
    let (part, what) = match args.part {
        ExportPart::Reconstruct => (Part::Reconstruct, "examples to reconstructions"),
        ExportPart::Encode => (Part::Encode, "examples to codes"),
        ExportPart::Decode => (Part::Decode, "codes to examples"),
        ExportPart::Score => (Part::Score(rule), "examples to scores"),
    };
    let rows = match (args.columns, args.bytes) {
        (true, _) => GraphRows::Columns,
        (_, true) => GraphRows::Bytes,
        _ => GraphRows::Whole,
    };
    let bytes = export(&file, part, rows);
    let bytes = bytes.with_context(|| format!("`{}`", args.model.display()))?;
    write_atomically(output, |out| out.write_all(&bytes))?;
    let flagged = match args.part {
        ExportPart::Score => flagged(&file, rule)?,
        _ => String::new(),
    };
    if file.model.preprocessing().binarises() {
        tell("the model draws pixels as 0 or 1: the file takes pixels that are drawn already");
    }
    tell(&format!("wrote {}: {what}{flagged}", output.display()));
    if args.part == ExportPart::Decode {
        tell_of_prior(&file);
    }
    Ok(())
}

/// Writes a state dict, and prints the module that takes it.
fn to_torch(args: &ExportArgs) -> anyhow::Result<()> {
    let file = open(&args.model)?;
    let module = file.model.torch_module(&args.output);
    let module = module.with_context(|| format!("`{}`", args.model.display()))?;
    write_atomically(&args.output, |out| out.write_all(&module.weights))?;
    tell(&format!("wrote {}", args.output.display()));
    tell_of_prior(&file);
    print(&module.program)
}

/// Says that a prior other than the standard normal is left out.
fn tell_of_prior(file: &ModelFile) {
    let distribution = file.model.latent().distribution();
    let learned = distribution.and_then(|own| own.learned_prior().map(|prior| prior.name()));
    let fitted = (file.attachments.iter()).any(FittedPrior::owns);
    let which = match (learned, fitted) {
        (Some(name), _) => format!("learned prior of kind {name}"),
        (None, true) => "fitted prior".into(),
        (None, false) => return,
    };
    tell(&format!(
        "the {which} is left out: codes to decode are not standard normal, `latentia sample` draws them"
    ));
}

/// From which score on examples are flagged; warns where it says less than it was asked for.
fn flagged(file: &ModelFile, rule: Rule) -> anyhow::Result<String> {
    let Some(detector) = Detector::of(&file.model, &file.attachments)? else {
        return Ok(String::new());
    };
    let decision = detector.calibration().decide(&[], rule)?;
    for warning in calibration_warnings(detector.calibration(), &decision) {
        tell(&format!("warning: {warning}"));
    }
    Ok(format!(", flagged from {:.4} on", decision.threshold))
}
