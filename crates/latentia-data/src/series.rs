//! What can be cut into windows.

use latentia_tensor::{ElementKind, ExampleShape, Schema, Windows};

use crate::error::{DataError, grouped};

/// Refuses what is no series: rows of plain numbers, none of them missing.
///
/// # Errors
/// Names the set `name`, and what is no number in it.
pub(crate) fn check_series(
    name: &str,
    shape: &ExampleShape,
    schema: Option<&Schema>,
) -> Result<(), DataError> {
    let refused = |place: &str, seen: &str, expected: &str| {
        Err(DataError::invalid(name, place, seen, expected))
    };
    if shape.len() > 1 {
        let expected = "numbers alone, a row a time step";
        return refused("examples of a series", &shape.to_string(), expected);
    }
    for column in schema.iter().flat_map(|schema| schema.learned()) {
        if column.element() != Some(ElementKind::Number) || column.gaps {
            let seen = if column.gaps {
                "values missing"
            } else {
                "no number"
            };
            let place = format!("column `{}` of a series", column.name);
            return refused(&place, seen, "a number in each row");
        }
    }
    Ok(())
}

/// How many windows a series of so many rows has, and what there is to say of rows that are in none.
///
/// # Errors
/// When there are fewer rows than a window has.
pub(crate) fn count_windows(
    name: &str,
    windows: &Windows,
    rows: usize,
) -> Result<(usize, Option<String>), DataError> {
    let count = windows.count(rows);
    if count == 0 {
        let expected = format!("{} or more, as many as a window has", windows.length);
        return Err(DataError::invalid(
            name,
            "time steps",
            rows.to_string(),
            expected,
        ));
    }
    let uncovered = rows - (count - 1) * windows.stride - windows.length;
    let note = (uncovered > 0).then(|| match uncovered {
        1 => "the last time step is in no window".into(),
        _ => format!(
            "the last {} time steps are in no window",
            grouped(uncovered as u64)
        ),
    });
    Ok((count, note))
}
