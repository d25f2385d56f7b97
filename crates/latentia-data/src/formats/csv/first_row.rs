//! Whether the first row of a table holds the names of its columns.

use csv::ByteRecord;

use super::dialect::Dialect;
use crate::error::DataError;

/// What stands for a value that is missing.
const MISSING: [&str; 8] = ["", "?", "na", "n/a", "nan", "null", "none", "-"];

/// Whether a field is neither a number nor a mark for a missing one.
fn is_text(dialect: Dialect, field: &[u8]) -> bool {
    let field = field.trim_ascii();
    let text = String::from_utf8_lossy(field).to_lowercase();
    dialect.number(field).is_none() && !MISSING.contains(&text.as_str())
}

/// The step between the numbers of a row, where it is everywhere the same and there are at least three.
fn even_step(dialect: Dialect, row: &[&[u8]]) -> Option<f32> {
    let numbers: Option<Vec<f32>> = row.iter().map(|field| dialect.number(field)).collect();
    let numbers = numbers.filter(|numbers| numbers.len() >= 3)?;
    let step = numbers[1] - numbers[0];
    let is_even = numbers
        .windows(2)
        .all(|pair| (pair[1] - pair[0] - step).abs() <= 1e-4 * step.abs());
    (step != 0.0 && is_even).then_some(step)
}

/// Whether the first of `rows` is a header: it has text, or it counts the columns behind a corner without a name.
///
/// # Errors
/// When it is of evenly spaced numbers, as no row behind it is: they may be names, as wavelengths are, or values.
pub(super) fn is_header(
    dialect: Dialect,
    rows: &[ByteRecord],
    subject: &str,
) -> Result<bool, DataError> {
    let Some((first, behind)) = rows.split_first() else {
        return Ok(false);
    };
    if first.iter().any(|field| is_text(dialect, field)) {
        return Ok(true);
    }
    let fields: Vec<&[u8]> = first.iter().collect();
    let Some((corner, names)) = fields.split_first() else {
        return Ok(false);
    };
    let counts = |(number, name): (usize, &&[u8])| dialect.number(name) == Some(number as f32);
    if corner.trim_ascii().is_empty() && !names.is_empty() && names.iter().enumerate().all(counts) {
        return Ok(true);
    }
    let is_even = |row: &ByteRecord| even_step(dialect, &row.iter().collect::<Vec<_>>()).is_some();
    if is_even(first) && !behind.is_empty() && !behind.iter().any(is_even) {
        return Err(DataError::AmbiguousHeader {
            subject: subject.to_owned(),
            first: fields
                .iter()
                .take(3)
                .map(|field| String::from_utf8_lossy(field).trim().to_owned())
                .collect(),
        });
    }
    Ok(false)
}

/// Whether the first column has no name and counts the rows, as data frames write their index.
pub(super) fn is_index(dialect: Dialect, header: &ByteRecord, behind: &[ByteRecord]) -> bool {
    let nameless = header.len() > 1
        && header
            .get(0)
            .is_some_and(|name| name.trim_ascii().is_empty());
    let counts = |(number, row): (usize, &ByteRecord)| {
        row.get(0).and_then(|field| dialect.number(field)) == Some(number as f32)
    };
    nameless && !behind.is_empty() && behind.iter().enumerate().all(counts)
}
