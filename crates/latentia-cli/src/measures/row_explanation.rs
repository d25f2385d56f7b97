//! What a model makes of one row of a table, column by column.

use latentia_data::Dataset;
use latentia_models::{Autoencoder, Detector};
use latentia_tensor::{Matrix, Rows, Subset};
use serde::Serialize;
use serde_json::Value;

use super::elements::{columns_of, expectation, in_words, json_value};
use super::findings::unit_of;
use crate::figures::{BarLine, Picture, bars};
use crate::terminal::{count, number, table};

/// Columns that are shown.
const SHOWN: usize = 15;

/// Length of the longest bar, in characters.
const LONGEST: usize = 20;

/// Blocks of an eighth of a character's width and more.
const EIGHTHS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

const HEADS: [&str; 4] = ["column", "value", "expected", "score falls by"];

/// What a detector makes of one row of a table: why it has its score.
#[derive(Clone, Debug, Serialize)]
pub struct RowExplanation {
    /// Number of the row, from 0.
    pub example: usize,
    /// What names the row, where the table has that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The row's score, as `detect` gives it.
    pub score: f64,
    /// The unit of the score.
    pub unit: &'static str,
    /// The row's loss: those of its columns add up to it.
    pub loss: f64,
    /// The unit of the loss.
    pub loss_unit: &'static str,
    /// The columns, first that which makes the row strangest.
    pub columns: Vec<ColumnPart>,
}

/// One column's part.
#[derive(Clone, Debug, Serialize)]
pub struct ColumnPart {
    /// Its name, or its number from 1.
    pub name: String,
    /// What the row has: a number, or the text of a level or a date; nothing where it is missing.
    pub value: Value,
    /// What the model makes of it by the other columns, or of those that are no reason, by all.
    pub expected: Value,
    /// How much lower the row's score were with the expected value; 0 where it were no lower.
    pub score: f64,
    /// The same as a share of those of all columns.
    pub share: f64,
    /// What it adds to the row's loss.
    pub loss: f64,
    /// How much more that is than a value that is as expected would add.
    pub above_least: f64,
    #[serde(skip)]
    texts: [String; 2],
}

impl RowExplanation {
    /// What `detector` makes of example `index` of `examples`, which is one of theirs.
    ///
    /// # Errors
    /// When the examples do not fit the model or cannot be read.
    pub fn of(
        (model, detector): (&Autoencoder, &Detector),
        examples: &Dataset,
        index: usize,
    ) -> anyhow::Result<Self> {
        let one = Subset::new(examples, vec![index as u32]);
        let mut raw = Matrix::zeros(1, examples.cols());
        one.read(&[0], raw.view_mut())?;
        let reconstruction = model.reconstruct(&one)?;
        let losses = model.element_scores(&one)?;
        let least = model.least_element_scores(&one)?;
        let explanations = detector.explain(&one)?;
        let (score, reasons) = match explanations.first() {
            Some(own) => (own.score, &own.reasons[..]),
            None => (0.0, &[][..]),
        };
        let columns = columns_of(model).into_iter().enumerate();
        let columns = columns.map(|(element, column)| {
            let reason = reasons.iter().find(|reason| reason.element == element);
            let value = raw.row(0)[element] / examples.full_scale();
            let expected = reason.map_or(reconstruction.row(0)[element], |own| own.expected);
            let deviation = reason.and_then(|own| own.deviation);
            let (loss, least) = (losses.row(0)[element], least.row(0)[element]);
            ColumnPart {
                value: json_value(&column, value),
                expected: json_value(&column, expected),
                score: reason.map_or(0.0, |own| own.drop),
                share: reason.map_or(0.0, |own| own.share),
                loss: loss.into(),
                above_least: f64::from(loss) - f64::from(least),
                texts: [
                    in_words(&column, value),
                    expectation(&column, expected, deviation),
                ],
                name: column.name,
            }
        });
        let mut columns: Vec<ColumnPart> = columns.collect();
        columns.sort_by(|a, b| {
            let by_loss = b.above_least.total_cmp(&a.above_least);
            b.score.total_cmp(&a.score).then(by_loss)
        });
        let ids = examples.ids();
        Ok(Self {
            example: index,
            id: ids.map(|ids| ids.text(index).to_owned()),
            score,
            unit: unit_of(model, detector),
            loss: model.score(&one)?.first().copied().unwrap_or_default(),
            loss_unit: model.likelihood().unit().name(),
            columns,
        })
    }

    /// A line for the row and one for each of the columns that add the most to its score.
    pub fn text(&self) -> String {
        let head = HEADS.map(String::from).to_vec();
        let shown = self.shown().iter();
        let lines = shown.map(|column| [column.cells(), vec![self.bar(column)]].concat());
        let rows: Vec<Vec<String>> = [head].into_iter().chain(lines).collect();
        let last = match self.more() {
            more if more.is_empty() => more,
            more => format!("{more}\n"),
        };
        format!("{}\n{}{last}", self.title(), table(&rows))
    }

    /// The same as a picture.
    pub fn picture(&self) -> Picture {
        let line = |column: &ColumnPart| BarLine {
            cells: column.cells(),
            share: self.share(column),
        };
        let lines: Vec<BarLine> = self.shown().iter().map(line).collect();
        bars(&self.title(), &HEADS, &lines, &self.more())
    }

    fn title(&self) -> String {
        let id = self.id.as_ref();
        let id = id.map_or_else(String::new, |id| format!(" ({id})"));
        let (example, score, unit) = (self.example, number(self.score), self.unit);
        format!("example {example}{id}: score {score} ({unit})")
    }

    fn shown(&self) -> &[ColumnPart] {
        &self.columns[..self.columns.len().min(SHOWN)]
    }

    /// How many columns are not shown, in words.
    fn more(&self) -> String {
        match self.columns.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!("… and {} more", count(more)),
        }
    }

    /// What the score would fall by, as a share of the largest.
    fn share(&self, column: &ColumnPart) -> f64 {
        let largest = self.columns.first().map_or(0.0, |first| first.score);
        match largest > 0.0 {
            true => column.score / largest,
            false => 0.0,
        }
    }

    fn bar(&self, column: &ColumnPart) -> String {
        let eighths = (self.share(column) * 8.0 * LONGEST as f64).round() as usize;
        let last = (eighths % 8).checked_sub(1).map(|last| EIGHTHS[last]);
        let blocks = (0..eighths / 8).map(|_| EIGHTHS[7]).chain(last);
        format!("{:<LONGEST$}", blocks.collect::<String>())
    }
}

impl ColumnPart {
    fn cells(&self) -> Vec<String> {
        let [value, expected] = self.texts.each_ref().map(String::as_str);
        let texts = [self.name.as_str(), value, expected].map(str::to_owned);
        [&texts[..], &[number(self.score)]].concat()
    }
}
