//! What the elements of an example are called, and how their values are written.

use latentia_data::{Column, ColumnKind, cell};
use latentia_models::Autoencoder;
use serde_json::Value;

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
