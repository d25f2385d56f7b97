//! What a model makes of one row of a table, column by column.

use latentia_data::{Column, ColumnKind, Dataset, cell};
use latentia_models::Autoencoder;
use latentia_tensor::{Matrix, Rows, Subset};
use serde::Serialize;
use serde_json::Value;

use crate::figures::{BarLine, Picture, bars};
use crate::terminal::{count, number, table};

/// Columns that are shown.
const SHOWN: usize = 15;

/// Length of the longest bar, in characters.
const LONGEST: usize = 20;

/// Blocks of an eighth of a character's width and more.
const EIGHTHS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

const HEADS: [&str; 4] = ["column", "value", "expected", "score"];

/// What a model makes of one row of a table, in the unit that it scores rows in.
#[derive(Clone, Debug, Serialize)]
pub struct RowExplanation {
    /// Number of the row, from 0.
    pub example: usize,
    /// What names the row, where the table has that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The row's loss: the parts of its columns add up to it.
    pub score: f64,
    /// The unit of the score.
    pub unit: &'static str,
    /// The columns, first that which adds most above the least that it could.
    pub columns: Vec<ColumnPart>,
}

/// One column's part.
#[derive(Clone, Debug, Serialize)]
pub struct ColumnPart {
    /// Its name, or its number from 1.
    pub name: String,
    /// What the row has: a number, or the text of a level or a date; nothing where it is missing.
    pub value: Value,
    /// What the model makes of it.
    pub expected: Value,
    /// What it adds to the row's score.
    pub score: f64,
    /// How much more that is than a value that is as expected would add.
    pub above_least: f64,
    #[serde(skip)]
    texts: [String; 2],
}

impl RowExplanation {
    /// What `model` makes of example `index` of `examples`, which is one of theirs.
    ///
    /// # Errors
    /// When the examples do not fit the model or cannot be read.
    pub fn of(model: &Autoencoder, examples: &Dataset, index: usize) -> anyhow::Result<Self> {
        let one = Subset::new(examples, vec![index as u32]);
        let mut raw = Matrix::zeros(1, examples.cols());
        one.read(&[0], raw.view_mut())?;
        let expected = model.reconstruct(&one)?;
        let (parts, score) = (model.element_scores(&one)?, model.score(&one)?);
        let least = model.least_element_scores(&one)?;
        let schema = model.schema();
        let own = schema.map(|schema| schema.learned().collect::<Vec<_>>());
        let column = |element: usize| {
            let own = own.as_ref().and_then(|columns| columns.get(element));
            let unknown = || Column::new((element + 1).to_string(), ColumnKind::Number);
            own.map_or_else(unknown, |&column| column.clone())
        };
        let parts = parts.row(0).iter().zip(least.row(0));
        let elements = raw.row(0).iter().zip(expected.row(0)).zip(parts);
        let columns = elements
            .enumerate()
            .map(|(element, ((&x, &y), (&part, &least)))| {
                let column = column(element);
                let texts = [x / examples.full_scale(), y].map(|x| cell(&column, x));
                let [value, expected] = texts.each_ref().map(|text| json_value(&column, text));
                ColumnPart {
                    name: column.name,
                    value,
                    expected,
                    score: part.into(),
                    above_least: f64::from(part) - f64::from(least),
                    texts,
                }
            });
        let mut columns: Vec<ColumnPart> = columns.collect();
        columns.sort_by(|a, b| b.above_least.total_cmp(&a.above_least));
        let ids = examples.table().and_then(|table| table.ids());
        Ok(Self {
            example: index,
            id: ids.map(|ids| ids.text(index).to_owned()),
            score: score.first().copied().unwrap_or_default(),
            unit: model.likelihood().unit().name(),
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

    /// What a column adds above the least that it could, as a share of the largest.
    fn share(&self, column: &ColumnPart) -> f64 {
        let largest = self.columns.first().map_or(0.0, |first| first.above_least);
        match largest > 0.0 {
            true => (column.above_least / largest).max(0.0),
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
        let [value, expected] = &self.texts;
        let value = match value.is_empty() {
            true => "missing",
            false => value,
        };
        let texts = [&self.name, value, expected].map(str::to_owned);
        [&texts[..], &[number(self.score)]].concat()
    }
}

/// A cell of `column` as JSON: a number, a text, or nothing where it is missing.
fn json_value(column: &Column, text: &str) -> Value {
    let number = match column.kind {
        ColumnKind::Number => text.parse::<f64>().ok(),
        _ => None,
    };
    match number {
        _ if text.is_empty() => Value::Null,
        Some(number) => number.into(),
        None => text.into(),
    }
}
