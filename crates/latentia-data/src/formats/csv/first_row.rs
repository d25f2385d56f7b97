//! Whether the first row of a table holds the names of its columns.

use csv::ByteRecord;

use super::dialect::Dialect;
use crate::error::DataError;
use crate::table::is_usual_mark;

/// What a field is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    Number,
    Text,
    Missing,
}

fn field(dialect: Dialect, field: &[u8]) -> Field {
    let field = field.trim_ascii();
    match dialect.number(field) {
        _ if is_usual_mark(field) => Field::Missing,
        Some(_) => Field::Number,
        None => Field::Text,
    }
}

/// The step between the numbers of a row, where it is everywhere the same and there are at least three.
fn even_step(dialect: Dialect, row: &[&[u8]]) -> Option<f64> {
    let numbers: Option<Vec<f64>> = row.iter().map(|field| dialect.number(field)).collect();
    let numbers = numbers.filter(|numbers| numbers.len() >= 3)?;
    let step = numbers[1] - numbers[0];
    let is_even = numbers
        .windows(2)
        .all(|pair| (pair[1] - pair[0] - step).abs() <= 1e-4 * step.abs());
    (step != 0.0 && is_even).then_some(step)
}

/// Whether the first of `rows` is a header: it has text above numbers, or only text that is not there again, or it counts the
/// columns behind a corner without a name.
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
    let kinds: Vec<Field> = first.iter().map(|text| field(dialect, text)).collect();
    if kinds.contains(&Field::Text) {
        return Ok(text_is_header(dialect, &kinds, first, behind));
    }
    let fields: Vec<&[u8]> = first.iter().collect();
    let Some((corner, names)) = fields.split_first() else {
        return Ok(false);
    };
    let counts = |(number, name): (usize, &&[u8])| dialect.number(name) == Some(number as f64);
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

/// Whether a first row with text holds names.
fn text_is_header(
    dialect: Dialect,
    kinds: &[Field],
    first: &ByteRecord,
    behind: &[ByteRecord],
) -> bool {
    // Text above numbers is a name; a number above numbers is a value like them, where there is no such name.
    let is_numeric = |column: usize| {
        let fields = behind.iter().filter_map(|row| row.get(column));
        let kinds = fields.map(|text| field(dialect, text));
        let (mut numbers, mut texts) = (0, 0);
        kinds.for_each(|kind| match kind {
            Field::Number => numbers += 1,
            Field::Text => texts += 1,
            Field::Missing => {}
        });
        numbers > texts
    };
    let numeric: Vec<bool> = (0..kinds.len()).map(is_numeric).collect();
    let above = |kind: Field| {
        let mut pairs = kinds.iter().zip(&numeric);
        pairs.any(|(&own, &numeric)| numeric && own == kind)
    };
    if above(Field::Text) || behind.is_empty() {
        return true;
    }
    if above(Field::Number) {
        return false;
    }
    // All is text: names are there once, values again and again.
    let mut names: Vec<&[u8]> = first.iter().map(<[u8]>::trim_ascii).collect();
    let is_there_again = names.iter().enumerate().any(|(column, name)| {
        let mut below = behind.iter().filter_map(|row| row.get(column));
        below.any(|text| text.trim_ascii() == *name)
    });
    names.sort_unstable();
    let is_repeated = names.windows(2).any(|pair| pair[0] == pair[1]);
    !is_there_again && !is_repeated
}

/// Whether the first column has no name and counts the rows, as data frames write their index.
pub(super) fn is_index(dialect: Dialect, header: &ByteRecord, behind: &[ByteRecord]) -> bool {
    let nameless = header.len() > 1
        && header
            .get(0)
            .is_some_and(|name| name.trim_ascii().is_empty());
    let counts = |(number, row): (usize, &ByteRecord)| {
        row.get(0).and_then(|field| dialect.number(field)) == Some(number as f64)
    };
    nameless && !behind.is_empty() && behind.iter().enumerate().all(counts)
}
