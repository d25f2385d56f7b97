//! What the elements of an example are called, and how their values are written.

use latentia_data::{Column, ColumnKind, cell};
use latentia_models::Autoencoder;
use serde_json::Value;

use crate::terminal::number;

/// The column of each element of `model`'s examples: a table's own, else one called by its number, from 1.
pub fn columns_of(model: &Autoencoder) -> Vec<Column> {
    match model.schema() {
        Some(schema) => schema.learned().cloned().collect(),
        None => {
            let numbers = 1..=model.width();
            let column = |number: usize| Column::new(number.to_string(), ColumnKind::Number);
            numbers.map(column).collect()
        }
    }
}

/// How `column` writes `x`, or that it is missing.
pub fn in_words(column: &Column, x: f32) -> String {
    let text = cell(column, x);
    match text.is_empty() {
        true => "missing".into(),
        false => text,
    }
}

/// `x` as JSON: a number, the text of a level or a date, or nothing where it is missing.
pub fn json_value(column: &Column, x: f32) -> Value {
    let text = cell(column, x);
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

/// What is expected of `column`, in words: `690 ± 110`, where the deviation of a number is known, both to two digits of it.
pub fn expectation(column: &Column, expected: f32, deviation: Option<f32>) -> String {
    let deviation = deviation.filter(|x| x.is_finite() && *x > 0.0);
    match (column.kind, deviation) {
        (ColumnKind::Date, Some(deviation)) => {
            let expected = in_words(column, expected);
            format!("{expected} ± {} days", number(deviation.into()))
        }
        (ColumnKind::Number, Some(deviation)) => {
            let (expected, deviation) = (f64::from(expected) + column.offset, f64::from(deviation));
            let digits = 1 - deviation.log10().floor() as i32;
            let rounded = |x: f64| match digits {
                0.. => format!("{x:.*}", digits.min(12) as usize),
                _ => {
                    let unit = 10f64.powi(-digits);
                    format!("{:.0}", (x / unit).round() * unit)
                }
            };
            format!("{} ± {}", rounded(expected), rounded(deviation))
        }
        _ => in_words(column, expected),
    }
}
