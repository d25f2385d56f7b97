//! Data from which little or nothing can be learned.

use std::io;

use latentia_tensor::{Matrix, Rows, Schema};

use crate::error::counted;

/// Columns that are named.
const MOST_NAMED: usize = 5;
/// As many times more columns than rows are too many.
const TOO_WIDE: usize = 100;
/// Elements that are compared at once.
const AT_ONCE: usize = 1 << 16;

/// What there is to warn of examples from which little can be learned, a line each: all are equal, columns of a table of `schema` never
/// change, there are a hundred times more columns than rows. `example` is what one is called, a `row` or an `example`.
///
/// ```
/// use latentia_data::little_to_learn;
/// use latentia_tensor::Matrix;
///
/// let rows = Matrix::from_vec(3, 2, vec![1.0, 2.0, 1.0, 2.0, 1.0, 2.0]);
/// let warnings = little_to_learn(&rows, "row", None)?;
/// assert_eq!(warnings, ["all 3 rows are equal: there is nothing to tell apart"]);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// When examples cannot be read.
pub fn little_to_learn(
    examples: &dyn Rows,
    example: &str,
    schema: Option<&Schema>,
) -> io::Result<Vec<String>> {
    let (rows, cols) = (examples.rows(), examples.cols());
    let mut warnings = Vec::new();
    let changes = Changes::of(examples, schema.is_some())?;
    if !changes.any {
        let all = counted(rows as u64, example);
        warnings.push(format!(
            "all {all} are equal: there is nothing to tell apart"
        ));
    } else if let Some(schema) = schema {
        let columns = schema.learned().zip(&changes.columns);
        let constant = columns.filter(|(_, changes)| !**changes);
        let names: Vec<&str> = constant.map(|(column, _)| column.name.as_str()).collect();
        if !names.is_empty() {
            let (are, them) = match names.len() {
                1 => ("is", "it"),
                _ => ("are", "them"),
            };
            warnings.push(format!(
                "{} {are} the same in every row: nothing can be learned from {them}",
                named(&names)
            ));
        }
    }
    if example == "row" && cols >= TOO_WIDE * rows {
        let (rows, columns) = (counted(rows as u64, "row"), counted(cols as u64, "column"));
        warnings.push(format!(
            "{rows} of {columns}: a model learns so few by heart"
        ));
    }
    Ok(warnings)
}

/// What is not the same in every example.
struct Changes {
    /// Whether anything is, what is missing among it.
    any: bool,
    /// Whether there are two values, a column each.
    columns: Vec<bool>,
}

impl Changes {
    /// Those of `examples`: as far as the first, or to the last column of them where `all_columns` says so.
    fn of(examples: &dyn Rows, all_columns: bool) -> io::Result<Self> {
        let (rows, cols) = (examples.rows(), examples.cols());
        let at_once = (AT_ONCE / cols).clamp(1, rows);
        let mut first = Matrix::zeros(1, cols);
        examples.read(&[0], first.view_mut())?;
        let first = first.row(0);
        // The first value of each column that is not missing.
        let mut values = first.to_vec();
        let mut changes = Self {
            any: false,
            columns: vec![false; cols],
        };
        let mut block = Matrix::zeros(at_once, cols);
        for start in (0..rows).step_by(at_once) {
            let indices: Vec<u32> = (start as u32..rows.min(start + at_once) as u32).collect();
            examples.read(&indices, block.top_mut(indices.len()))?;
            for row in block.top(indices.len()).iter_rows() {
                // What is missing in both is equal too.
                let mut pairs = row.iter().zip(first);
                changes.any |= !pairs.all(|(x, y)| x == y || x.is_nan() && y.is_nan());
                if all_columns {
                    changes.see(row, &mut values);
                }
            }
            if changes.any && !(all_columns && changes.columns.contains(&false)) {
                break;
            }
        }
        Ok(changes)
    }

    fn see(&mut self, row: &[f32], values: &mut [f32]) {
        for ((changes, value), &x) in self.columns.iter_mut().zip(values).zip(row) {
            if value.is_nan() {
                *value = x;
            }
            *changes |= x != *value && !x.is_nan();
        }
    }
}

/// The first of these names, and how many more there are.
fn named(names: &[&str]) -> String {
    let shown = names.iter().take(MOST_NAMED);
    let shown: Vec<String> = shown.map(|name| format!("`{name}`")).collect();
    let more = match names.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    shown.join(", ") + &more
}
