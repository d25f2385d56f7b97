//! What examples are called in a picture.

use latentia_data::{ColumnKind, Dataset};
use latentia_tensor::Rows;

/// The class of an example.
pub fn class_name(dataset: &Dataset, row: u32) -> Option<String> {
    let mut carried = dataset.carried().iter();
    match carried.find(|column| column.kind == ColumnKind::Label) {
        Some(column) => Some(column.text(row as usize).into()),
        None => dataset.label(row).map(|label| label.to_string()),
    }
}

/// The lines below an example: its class and its name without folders, as far as it has them, else its number.
pub fn caption(dataset: &Dataset, row: u32) -> String {
    let id = dataset.ids().map(|ids| ids.text(row as usize));
    let name = id.map(|id| id.rsplit('/').next().unwrap_or(id).to_owned());
    let lines: Vec<String> = class_name(dataset, row).into_iter().chain(name).collect();
    match lines.is_empty() {
        true => row.to_string(),
        false => lines.join("\n"),
    }
}
