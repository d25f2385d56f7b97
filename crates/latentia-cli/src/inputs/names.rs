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
    let pictures = dataset.pictures()?;
    Some(&pictures.names()[dataset.number(row) as usize])
}

/// An example by its number, and its class where it has one.
pub fn title(dataset: &Dataset, row: u32) -> String {
    let class = class_name(dataset, row).map(in_words);
    let class = class.map_or_else(String::new, |class| format!(", {class}"));
    format!("example {}{class}", dataset.number(row))
}

/// A class that is a number would be taken for another's.
fn in_words(class: String) -> String {
    match class.parse::<f64>() {
        Ok(_) => format!("class {class}"),
        Err(_) => class,
    }
}

/// The lines below an example: its class, where it has one, and its name without folders, else its number.
pub fn caption(dataset: &Dataset, row: u32) -> String {
    let id = dataset.ids().map(|ids| ids.text(row as usize));
    let id = id.or_else(|| path(dataset, row));
    let name = id.map(|id| id.rsplit('/').next().unwrap_or(id).to_owned());
    let name = name.unwrap_or_else(|| dataset.number(row).to_string());
    let class = class_name(dataset, row).map(in_words);
    class.map_or_else(|| name.clone(), |class| format!("{class}\n{name}"))
}
