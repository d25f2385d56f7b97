//! Data from which little or nothing can be learned.

use anyhow::bail;
use latentia_data::{Dataset, Profile, Table};
use latentia_tensor::{Matrix, Rows};

use crate::terminal::{count, counted, tell};

/// Columns that are named.
const MOST_NAMED: usize = 5;
/// As many times more columns than rows are too many.
const TOO_WIDE: usize = 100;
/// Elements that are compared at once.
const AT_ONCE: usize = 1 << 16;

/// Warns of examples from which little can be learned, a line each: all are equal, columns never change, there are a hundred times
/// more columns than rows.
///
/// # Errors
/// When there is but one example, or they cannot be read.
pub fn check_examples(data: &str, examples: &Dataset) -> anyhow::Result<()> {
    let (rows, cols) = (examples.rows(), examples.cols());
    let one = match examples.shape().len() {
        1 => "row",
        _ => "example",
    };
    if rows == 1 {
        bail!("`{data}`: nothing to learn from one {one}");
    }
    let warn = |problem: String| tell(&format!("warning: `{data}`: {problem}"));
    if are_equal(examples)? {
        let all = counted(rows, one);
        warn(format!(
            "all {all} are equal: there is nothing to tell apart"
        ));
    } else if let Some(table) = examples.table() {
        let constant = constant_columns(table, rows);
        if !constant.is_empty() {
            let (are, them) = match constant.len() {
                1 => ("is", "it"),
                _ => ("are", "them"),
            };
            let names = named(&constant);
            warn(format!(
                "{names} {are} the same in every row: nothing can be learned from {them}"
            ));
        }
    }
    if one == "row" && cols >= TOO_WIDE * rows {
        let (rows, columns) = (counted(rows, "row"), counted(cols, "column"));
        warn(format!(
            "{rows} of {columns}: a model learns so few by heart"
        ));
    }
    Ok(())
}

/// Whether no example differs from the first.
fn are_equal(examples: &dyn Rows) -> anyhow::Result<bool> {
    let (rows, cols) = (examples.rows(), examples.cols());
    let at_once = (AT_ONCE / cols).clamp(1, rows);
    let mut first = Matrix::zeros(1, cols);
    examples.read(&[0], first.view_mut())?;
    let mut block = Matrix::zeros(at_once, cols);
    for start in (0..rows).step_by(at_once) {
        let indices: Vec<u32> = (start as u32..rows.min(start + at_once) as u32).collect();
        examples.read(&indices, block.top_mut(indices.len()))?;
        // What is missing in both is equal too.
        let is_first = |row: &[f32]| {
            let mut pairs = row.iter().zip(first.row(0));
            pairs.all(|(x, y)| x == y || x.is_nan() && y.is_nan())
        };
        if !block.top(indices.len()).iter_rows().all(is_first) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The columns to learn from that have but one value, or none.
fn constant_columns(table: &Table, rows: usize) -> Vec<&str> {
    let columns = table.schema.columns.iter().zip(&table.profiles);
    let is_constant = |profile: &Profile, levels: usize| {
        levels == 1
            || profile.missing == rows as u64
            || profile.range.is_some_and(|(low, high)| low == high)
    };
    let constant = columns.filter(|(column, profile)| {
        column.kind.is_learned() && is_constant(profile, column.levels.len())
    });
    constant.map(|(column, _)| column.name.as_str()).collect()
}

/// The first of these names, and how many more there are.
fn named(names: &[&str]) -> String {
    let shown = names.iter().take(MOST_NAMED);
    let shown: Vec<String> = shown.map(|name| format!("`{name}`")).collect();
    let more = match names.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(" and {} more", count(more)),
    };
    shown.join(", ") + &more
}
