//! `latentia detect`

use latentia_models::ModelFile;
use latentia_tensor::Subset;
use serde_json::json;

use crate::args::DetectArgs;
use crate::figures::reconstruction_pairs;
use crate::inputs::{Loader, check_fit, open};
use crate::outputs::{Format, OutputColumns, write_column};
use crate::terminal::{counted, number, print, table, tell};

pub(super) fn run(args: &DetectArgs, loader: &Loader) -> anyhow::Result<()> {
    let formats = [Format::Npy, Format::Csv, Format::Png];
    let format = args
        .output
        .as_ref()
        .map(|path| Format::of(path, &formats))
        .transpose()?;
    let ModelFile { model, .. } = open(&args.model)?;
    if let (Some(format), Some(output)) = (format, &args.output) {
        format.check_fits(&model, output)?;
    }
    let loader = loader.carrying(!args.no_ids);
    let examples = loader.pick(&args.data, &model)?.dataset;
    check_fit(&model, &args.data, &examples)?;
    let scores = model.score(&examples)?;

    let mut order: Vec<u32> = (0..scores.len() as u32).collect();
    order.sort_by(|&a, &b| scores[b as usize].total_cmp(&scores[a as usize]));
    let worst = &order[..order.len().min(args.count.into())];
    let score = |index: u32| scores[index as usize];
    let median = score(order[order.len() / 2]);
    if args.json {
        let worst: Vec<_> = worst
            .iter()
            .map(|&i| json!({ "example": i, "score": score(i) }))
            .collect();
        let report = json!({
            "examples": scores.len(),
            "unit": model.likelihood().unit().name(),
            "median": median,
            "worst": worst,
        });
        print(&format!("{}\n", serde_json::to_string_pretty(&report)?))?;
    } else {
        // No multiple of nothing says anything.
        let above = model.likelihood().is_density() || median == 0.0;
        let compared = match above {
            true => "above median",
            false => "times median",
        };
        let head = ["example", "score", compared].map(String::from).to_vec();
        let line = |&i: &u32| {
            let compared = match above {
                true => score(i) - median,
                false => score(i) / median,
            };
            vec![i.to_string(), number(score(i)), number(compared)]
        };
        let rows: Vec<_> = [head].into_iter().chain(worst.iter().map(line)).collect();
        let unit = model.likelihood().unit().name();
        let all = counted(scores.len(), "example");
        print(&format!(
            "{}median of {all}: {} ({unit})\n",
            table(&rows),
            number(median)
        ))?;
    }
    match (&args.output, format) {
        (Some(output), Some(Format::Png)) => {
            let shown = Subset::new(&examples, worst.to_vec());
            reconstruction_pairs(&model, &shown, worst.len())?.write(output)?;
            tell(&format!(
                "wrote {}: the worst above their reconstructions",
                output.display()
            ));
        }
        (Some(output), Some(format)) => {
            let column: Vec<f32> = scores.iter().map(|&score| score as f32).collect();
            let columns = OutputColumns::named(["score".into()]).beside(&examples);
            write_column(output, format, &columns, &column)?;
            tell(&format!(
                "wrote {}: {}",
                output.display(),
                counted(scores.len(), "score")
            ));
        }
        _ => {}
    }
    Ok(())
}
