//! What examples are called in a picture.

use latentia_data::{ColumnKind, Dataset};
use latentia_tensor::Rows;

/// The class of an example.
pub fn class_name(dataset: &Dataset, row: u32) -> Option<String> {
    let mut carried = dataset.carried().iter();
    if let Some(column) = carried.find(|column| column.kind == ColumnKind::Label) {
        return Some(column.text(row as usize).into());
    }
    let label = dataset.label(row)?;
    // The first folder of a picture.
    let folder = path(dataset, row).and_then(|path| path.split_once('/'));
    Some(folder.map_or_else(|| label.to_string(), |(folder, _)| folder.into()))
}

/// The path of a picture within its folder.
fn path(dataset: &Dataset, row: u32) -> Option<&str> {
    Some(&dataset.pictures()?.names()[row as usize])
}

/// The lines below an example: its class and its name without folders, as far as it has them, else its number.
pub fn caption(dataset: &Dataset, row: u32) -> String {
    let id = dataset.ids().map(|ids| ids.text(row as usize));
    let id = id.or_else(|| path(dataset, row));
    let name = id.map(|id| id.rsplit('/').next().unwrap_or(id).to_owned());
    let lines: Vec<String> = class_name(dataset, row).into_iter().chain(name).collect();
    match lines.is_empty() {
        true => row.to_string(),
        false => lines.join("\n"),
    }
}
