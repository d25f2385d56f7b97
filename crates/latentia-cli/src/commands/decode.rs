//! `latentia decode`

use anyhow::bail;
use latentia_models::ModelFile;
use latentia_tensor::{Rows, Subset};

use crate::args::DecodeArgs;
use crate::figures::{COLUMNS, Sheet};
use crate::inputs::{Loader, class_of, open, with_labels};
use crate::outputs::{Format, write_decoded};
use crate::terminal::tell;

pub(super) fn run(args: &DecodeArgs, loader: &Loader) -> anyhow::Result<()> {
    let format = Format::of(&args.output, &Format::ALL)?;
    let ModelFile { model, .. } = open(&args.model)?;
    format.check_fits(&model, &args.output)?;
    let codes = loader.pick_codes(&args.codes, model.code_width())?.dataset;
    let (seen, expected) = (codes.cols(), model.code_width());
    if seen != expected {
        bail!(
            "`{}` has {seen} values a code, the model takes {expected}; `latentia encode` writes codes",
            args.codes
        );
    }
    let wanted = match format {
        Format::Png => codes.rows().min(args.count.into()),
        _ => codes.rows(),
    };
    let first = Subset::new(&codes, (0..wanted as u32).collect());
    let class = args.label.as_deref();
    let class = class.map(|label| class_of(&model, label)).transpose()?;
    let first = with_labels(&model, &first, class);
    if let (Some(classes), None) = (model.classes(), class) {
        let last = classes - 1;
        tell(&format!(
            "codes do not say their class: they take those from 0 to {last} in turn; --label gives all the same"
        ));
    }
    let title = format!("codes of {}, decoded", args.codes);
    let sheet = Sheet {
        title: &title,
        ..Sheet::default()
    };
    write_decoded(&model, &first, format, (&sheet, COLUMNS), &args.output)
}
