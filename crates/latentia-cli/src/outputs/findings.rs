//! What was found among examples, as a file.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use latentia_data::{Column, ColumnKind, Dataset, Schema};
use latentia_models::write_atomically;
use latentia_tensor::MatrixRef;

use super::arrays::{Element, write_blocks, write_column};
use super::columns::OutputColumns;
use super::format::Format;
use crate::measures::Findings;

/// Rows that are written at once.
const ROWS: usize = 4096;

/// Writes scores, p-values, flags and reasons of all examples in their order, beside the ids and labels of `examples`: as a table, or as a JSON object a
/// line; an array has the scores alone.
///
/// # Errors
/// When the file cannot be written; nothing is then left under its name.
pub fn write_findings(
    output: &Path,
    format: Format,
    findings: &Findings<'_>,
    examples: &Dataset,
) -> anyhow::Result<()> {
    let scores = findings.scores();
    let rows = 0..scores.len() as u32;
    match format {
        Format::Jsonl => Ok(write_atomically(output, |out| {
            for row in rows {
                serde_json::to_writer(&mut *out, &findings.json_of(row))?;
                out.write_all(b"\n")?;
            }
            Ok(())
        })?),
        Format::Csv | Format::Parquet => {
            let (schema, reasons) = schema(rows.map(|row| findings.reasons_in_words(row)));
            let columns = OutputColumns {
                schema: Cow::Owned(schema),
                carried: Cow::default(),
            };
            let columns = columns.beside(examples);
            let shape = [scores.len(), columns.schema.columns.len()];
            write_blocks(output, (format, Element::Float), &shape, &columns, |sink| {
                let mut block = Vec::new();
                for first in (0..scores.len()).step_by(ROWS) {
                    block.clear();
                    let rows = first..scores.len().min(first + ROWS);
                    for row in rows.clone() {
                        let number = row as u32;
                        let flag = f32::from(u8::from(findings.is_flagged(number)));
                        block.extend([
                            scores[row] as f32,
                            findings.training_share(number) as f32,
                            findings.p_value(number) as f32,
                            flag,
                            reasons[row],
                        ]);
                    }
                    sink(MatrixRef::new(&block, rows.len(), shape[1]))?;
                }
                Ok(())
            })
        }
        _ => {
            let scores: Vec<f32> = scores.iter().map(|&score| score as f32).collect();
            let columns = OutputColumns::named(["score".into()]);
            write_column(output, format, &columns, &scores)
        }
    }
}

/// The columns, in which every different text of reasons is a level, and the element that stands for each text.
fn schema(texts: impl Iterator<Item = String>) -> (Schema, Vec<f32>) {
    let mut known: HashMap<String, usize> = HashMap::new();
    let elements = texts.map(|text| {
        let next = known.len();
        match text.is_empty() {
            true => f32::NAN,
            false => *known.entry(text).or_insert(next) as f32,
        }
    });
    let elements = elements.collect();
    let mut levels = vec![String::new(); known.len()];
    for (text, level) in known {
        levels[level] = text;
    }
    let numbers = ["score", "training_share", "p_value"];
    let numbers = numbers.map(|name| Column::new(name, ColumnKind::Number));
    let flag = Column {
        levels: vec!["false".into(), "true".into()],
        ..Column::new("flag", ColumnKind::Boolean)
    };
    let reasons = Column {
        levels,
        gaps: true,
        ..Column::new("reasons", ColumnKind::Category)
    };
    let schema = Schema {
        header: true,
        columns: numbers.into_iter().chain([flag, reasons]).collect(),
        ..Schema::default()
    };
    (schema, elements)
}
