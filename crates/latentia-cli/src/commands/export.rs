//! `latentia export`

use anyhow::Context;
use latentia_models::write_atomically;
use latentia_onnx::{Part, export};

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
    let file = open(&args.model)?;
    let part = match args.part {
        ExportPart::Reconstruct => Part::Reconstruct,
        ExportPart::Encode => Part::Encode,
        ExportPart::Decode => Part::Decode,
    };
    let bytes = export(&file, part);
    let bytes = bytes.with_context(|| format!("`{}`", args.model.display()))?;
    write_atomically(output, |out| out.write_all(&bytes))?;
    if file.model.preprocessing().binarises() {
        tell("the model draws pixels as 0 or 1: the file takes pixels that are drawn already");
    }
    tell(&format!("wrote {}: {}", output.display(), part.name()));
    Ok(())
}
