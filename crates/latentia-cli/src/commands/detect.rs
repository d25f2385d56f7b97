//! `latentia detect`

use std::path::Path;

use latentia_data::{Carried, Dataset, Table};
use latentia_models::{Autoencoder, ScoreQuantiles};
use latentia_tensor::{Matrix, Rows, Subset};
use serde_json::json;

use crate::args::DetectArgs;
use crate::figures::reconstruction_pairs;
use crate::inputs::{Loader, check_fit, open};
use crate::outputs::{Format, OutputColumns, write, write_column};
use crate::terminal::{counted, number, print, table, tell};

pub(super) fn run(args: &DetectArgs, loader: &Loader) -> anyhow::Result<()> {
    let formats = Format::ALL;
    let format = args
        .output
        .as_ref()
        .map(|path| Format::of(path, &formats))
        .transpose()?;
    let file = open(&args.model)?;
    let model = &file.model;
    if let (Some(format), Some(output)) = (format, &args.output) {
        format.check_fits(model, output)?;
    }
    let loader = loader.carrying(!args.no_ids);
    let examples = loader.pick(&args.data, model)?.dataset;
    check_fit(model, &args.data, &examples)?;
    let scores = match latentia_models::Detector::of(model, &file.attachments) {
        Some(detector) => detector.score(&examples)?,
        None => model.score(&examples)?,
    };

    let mut order: Vec<u32> = (0..scores.len() as u32).collect();
    order.sort_by(|&a, &b| scores[b as usize].total_cmp(&scores[a as usize]));
    let report = Report {
        model,
        quantiles: ScoreQuantiles::of(&file.attachments),
        ids: examples.table().and_then(Table::ids),
        median: scores[order[order.len() / 2] as usize],
        scores: &scores,
        worst: &order[..order.len().min(args.count.into())],
    };
    match args.json {
        true => report.print_json()?,
        false => report.print_text()?,
    }
    let (Some(output), Some(format)) = (&args.output, format) else {
        return Ok(());
    };
    if format == Format::Png {
        let shown = Subset::new(&examples, report.worst.to_vec());
        reconstruction_pairs(model, &shown, shown.rows())?.write(output)?;
        tell(&format!(
            "wrote {}: the worst above their reconstructions",
            output.display()
        ));
        return Ok(());
    }
    report.write(output, format, &examples)?;
    tell(&format!(
        "wrote {}: {}",
        output.display(),
        counted(scores.len(), "score")
    ));
    Ok(())
}

/// The scores of examples, and what there is to say of the worst of them.
struct Report<'a> {
    model: &'a Autoencoder,
    /// Of the scores of training examples, where the model has them.
    quantiles: Option<ScoreQuantiles>,
    /// What names the examples, where they are rows of a table that says it.
    ids: Option<&'a Carried>,
    median: f64,
    scores: &'a [f64],
    /// Numbers of the worst, in order.
    worst: &'a [u32],
}

impl Report<'_> {
    fn score(&self, index: u32) -> f64 {
        self.scores[index as usize]
    }

    fn print_json(&self) -> anyhow::Result<()> {
        let line = |&index: &u32| {
            let score = self.score(index);
            let mut line = json!({ "example": index, "score": score });
            if let Some(ids) = self.ids {
                line["id"] = ids.text(index as usize).into();
            }
            if let Some(quantiles) = &self.quantiles {
                line["training_share"] = quantiles.share_below(score).into();
                line["beyond_training"] = quantiles.is_beyond(score).into();
            }
            line
        };
        let report = json!({
            "examples": self.scores.len(),
            "unit": self.model.likelihood().unit().name(),
            "median": self.median,
            "worst": self.worst.iter().map(line).collect::<Vec<_>>(),
        });
        print(&format!("{}\n", serde_json::to_string_pretty(&report)?))
    }

    fn print_text(&self) -> anyhow::Result<()> {
        // No multiple of nothing says anything.
        let above = self.model.likelihood().is_density() || self.median == 0.0;
        let compared = match (&self.quantiles, above) {
            (Some(_), _) => "training",
            (None, true) => "above median",
            (None, false) => "times median",
        };
        let id = self.ids.map(|_| "id");
        let head = [Some("example"), id, Some("score"), Some(compared)];
        let head = head.into_iter().flatten().map(String::from).collect();
        let line = |&index: &u32| {
            let score = self.score(index);
            let compared = match &self.quantiles {
                Some(quantiles) if quantiles.is_beyond(score) => "beyond all".into(),
                Some(quantiles) => format!("{:.1} %", 100.0 * quantiles.share_below(score)),
                None if above => number(score - self.median),
                None => number(score / self.median),
            };
            let id = self.ids.map(|ids| ids.text(index as usize).to_owned());
            let cells = [
                Some(index.to_string()),
                id,
                Some(number(score)),
                Some(compared),
            ];
            cells.into_iter().flatten().collect()
        };
        let rows: Vec<Vec<String>> = [head]
            .into_iter()
            .chain(self.worst.iter().map(line))
            .collect();
        let unit = self.model.likelihood().unit().name();
        let (all, median) = (counted(self.scores.len(), "example"), number(self.median));
        print(&format!(
            "{}median of {all}: {median} ({unit})\n",
            table(&rows)
        ))
    }

    /// Writes the scores; as a table, with the shares of training examples that score lower.
    fn write(&self, output: &Path, format: Format, examples: &Dataset) -> anyhow::Result<()> {
        let scores = self.scores.iter().map(|&score| score as f32);
        if let (Some(quantiles), Format::Csv | Format::Parquet) = (&self.quantiles, format) {
            let shares = self
                .scores
                .iter()
                .map(|&score| quantiles.share_below(score) as f32);
            let both: Vec<f32> = scores.zip(shares).flat_map(|(x, y)| [x, y]).collect();
            let both = Matrix::from_vec(self.scores.len(), 2, both);
            let columns = ["score", "training_share"].map(String::from);
            return write(
                output,
                format,
                &OutputColumns::named(columns).beside(examples),
                &both,
            );
        }
        let columns = OutputColumns::named(["score".into()]).beside(examples);
        write_column(output, format, &columns, &scores.collect::<Vec<_>>())
    }
}
