//! `latentia export`

use anyhow::Context;
use latentia_models::write_atomically;
use latentia_onnx::{GraphRows, Part, Rule, export};

use super::detect::FALSE_ALARM;
use crate::args::{ExportArgs, ExportPart};
use crate::inputs::open;
use crate::terminal::{UsageError, tell};

pub(super) fn run(args: &ExportArgs) -> anyhow::Result<()> {
    let output = &args.output;
    if output.extension().is_none_or(|ending| ending != "onnx") {
        let what = format!(
            "cannot tell the format of `{}`; end it in .onnx",
            output.display()
        );
        return Err(UsageError(what).into());
    }
    let rule = args.false_alarm.map(Rule::FalseAlarm);
    let rule = rule.or(args.threshold.map(Rule::Threshold));
    if let (Some(rule), ExportPart::Score) = (rule, args.part) {
        rule.check()
            .map_err(|error| UsageError(error.to_string()))?;
    } else if rule.is_some() {
        let what = "--false-alarm and --threshold go with --part score";
        return Err(UsageError(what.into()).into());
    }
    let file = open(&args.model)?;
    let part = match args.part {
        ExportPart::Reconstruct => Part::Reconstruct,
        ExportPart::Encode => Part::Encode,
        ExportPart::Decode => Part::Decode,
        ExportPart::Score => Part::Score(rule.unwrap_or(Rule::FalseAlarm(FALSE_ALARM))),
    };
    let rows = match args.columns {
        true => GraphRows::Columns,
        false => GraphRows::Whole,
    };
    let bytes = export(&file, part, rows);
    let bytes = bytes.with_context(|| format!("`{}`", args.model.display()))?;
    write_atomically(output, |out| out.write_all(&bytes))?;
    if file.model.preprocessing().binarises() {
        tell("the model draws pixels as 0 or 1: the file takes pixels that are drawn already");
    }
    tell(&format!("wrote {}: {}", output.display(), part.name()));
    Ok(())
}
