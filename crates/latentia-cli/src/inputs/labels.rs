//! The classes of codes, for a model that is conditioned on them.

use latentia_data::{Column, ColumnKind};
use latentia_models::{Autoencoder, Labelled};
use latentia_tensor::Rows;

use crate::figures::COLUMNS;
use crate::terminal::UsageError;

/// Levels that are named.
const MOST_NAMED: usize = 20;

/// The column that says the class of a row, in the table that `model` learned from.
pub fn label_column(model: &Autoencoder) -> Option<&Column> {
    let mut columns = model.schema()?.columns.iter();
    columns.find(|column| column.kind == ColumnKind::Label && !column.levels.is_empty())
}

/// The class that `--label` names: the text of a level of the table that `model` learned from, or a number.
///
/// # Errors
/// When the model knows no such class, or no classes; names those that there are.
pub fn class_of(model: &Autoencoder, label: &str) -> Result<u32, UsageError> {
    let Some(classes) = model.classes() else {
        return Err(UsageError(
            "`--label` goes with a model that is conditioned on classes, as of `--preset conditional-vae`".into(),
        ));
    };
    let levels = label_column(model).map_or(&[][..], |column| &column.levels);
    let level = levels.iter().position(|level| level == label);
    let class = level.or_else(|| label.parse().ok());
    match class {
        Some(class) if class < classes => Ok(class as u32),
        _ if levels.is_empty() => {
            let last = classes - 1;
            Err(UsageError(format!(
                "`--label` is {label}; the model knows the classes from 0 to {last}"
            )))
        }
        _ => {
            let named = levels.iter().take(MOST_NAMED.min(classes));
            let mut named: Vec<String> = named.map(|level| format!("`{level}`")).collect();
            if levels.len() > named.len() {
                named.push("…".into());
            }
            let named = named.join(", ");
            Err(UsageError(format!(
                "`--label` is {label}; the model knows {named}"
            )))
        }
    }
}

/// The class of each of ten columns of examples whose classes are those of `model` in turn; none where columns have several.
pub fn classes_above(model: &Autoencoder, in_turn: bool) -> Vec<String> {
    match model.classes() {
        Some(classes) if in_turn && COLUMNS.is_multiple_of(classes) => {
            let column = |column: usize| format!("class {}", column % classes);
            (0..COLUMNS).map(column).collect()
        }
        _ => Vec::new(),
    }
}

/// `codes` as `model` takes them: all of class `class`, or, where none is asked for, of each class in turn.
pub fn with_labels<'a>(
    model: &Autoencoder,
    codes: &'a dyn Rows,
    class: Option<u32>,
) -> Labelled<'a> {
    let classes = model.classes().unwrap_or(1);
    let labels = (0..codes.rows()).map(|row| class.unwrap_or((row % classes) as u32));
    Labelled::new(codes, labels.collect())
}
