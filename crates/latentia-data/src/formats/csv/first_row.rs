//! Whether the first row of a table holds the names of its columns.

use csv::ByteRecord;

use super::dialect::Dialect;
use crate::error::DataError;
use crate::table::{days, format_of, is_usual_mark};

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

/// Rows that tell the range of a column.
const MANY: usize = 5;

/// Whether numbers of the first row are names rather than values, by their looks: evenly spaced as those of no row behind, from
/// 0 on above decimals, or in order and each beyond all others of its column.
fn are_like_names(dialect: Dialect, first: &[(usize, f64)], behind: &[ByteRecord]) -> bool {
    let numbers = |row: &ByteRecord| {
        let of =
            |&(column, _): &(usize, f64)| row.get(column).and_then(|field| dialect.number(field));
        first.iter().map(of).collect::<Option<Vec<f64>>>()
    };
    let own: Vec<f64> = first.iter().map(|(_, number)| *number).collect();
    let is_even = |row: &[f64]| {
        let step = row[1] - row[0];
        let mut pairs = row.windows(2);
        step != 0.0 && pairs.all(|pair| (pair[1] - pair[0] - step).abs() <= 1e-4 * step.abs())
    };
    if own.len() < 2 || behind.is_empty() {
        return false;
    }
    let counts = own
        .iter()
        .zip(0u32..)
        .all(|(own, number)| *own == f64::from(number));
    let is_fraction = |row: &ByteRecord, column: usize| {
        row.get(column)
            .and_then(|field| dialect.number(field))
            .is_some_and(|number| number.fract() != 0.0)
    };
    let has_fractions =
        |&(column, _): &(usize, f64)| behind.iter().any(|row| is_fraction(row, column));
    if counts && first.iter().all(has_fractions) {
        return true;
    }
    if own.len() < 3 {
        return false;
    }
    let others: Vec<Vec<f64>> = behind.iter().filter_map(numbers).collect();
    if is_even(&own) && !others.iter().any(|row| is_even(row)) {
        return true;
    }
    let is_beyond = |(place, number): (usize, &f64)| {
        let column = || others.iter().map(|row| row[place]);
        column().all(|other| other < *number) || column().all(|other| other > *number)
    };
    let is_rising = own.windows(2).all(|pair| pair[0] < pair[1]);
    is_rising && others.len() >= MANY && own.iter().enumerate().all(is_beyond)
}

/// Whether the first of `rows` is a header: it has text above numbers, or only text that is not there again, or it counts the
/// columns behind a corner without a name.
///
/// # Errors
/// When it has numbers unlike those behind it: they may be names, as wavelengths are, or values.
pub(super) fn is_header(
    dialect: Dialect,
    rows: &[ByteRecord],
    subject: &str,
) -> Result<bool, DataError> {
    let Some((first, behind)) = rows.split_first() else {
        return Ok(false);
    };
    let kinds: Vec<Field> = first.iter().map(|text| field(dialect, text)).collect();
    let fields: Vec<&[u8]> = first.iter().collect();
    let numbers = fields.iter().enumerate();
    let numbers: Vec<(usize, f64)> = numbers
        .filter_map(|(column, field)| Some((column, dialect.number(field)?)))
        .collect();
    let like_names = are_like_names(dialect, &numbers, behind);
    if kinds.contains(&Field::Text) {
        return Ok(text_is_header(dialect, &kinds, first, behind, like_names));
    }
    let Some((corner, names)) = fields.split_first() else {
        return Ok(false);
    };
    let counts = |(number, name): (usize, &&[u8])| dialect.number(name) == Some(number as f64);
    if corner.trim_ascii().is_empty() && !names.is_empty() && names.iter().enumerate().all(counts) {
        return Ok(true);
    }
    if like_names {
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

/// Whether a first row with text holds names; with `like_names`, its numbers look like some.
fn text_is_header(
    dialect: Dialect,
    kinds: &[Field],
    first: &ByteRecord,
    behind: &[ByteRecord],
    like_names: bool,
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
    // So is text above dates, and a date above dates is a value.
    let is_date = |column: usize| {
        let fields = behind
            .iter()
            .filter_map(|row| row.get(column))
            .map(<[u8]>::trim_ascii);
        let dates = || fields.clone().filter(|field| !is_usual_mark(field));
        let own = first.get(column).unwrap_or_default().trim_ascii();
        let format = format_of(dates())?;
        Some(days(own, &format).is_some() || format_of(dates().chain([own])).is_some())
    };
    let texts = kinds
        .iter()
        .enumerate()
        .filter(|(_, kind)| **kind == Field::Text);
    let dates: Vec<bool> = texts.filter_map(|(column, _)| is_date(column)).collect();
    if above(Field::Text) || dates.contains(&false) || behind.is_empty() {
        return true;
    }
    if dates.contains(&true) {
        return false;
    }
    if above(Field::Number) && !like_names {
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

/// Whether each row of a table without header may be one number with a decimal comma: `20,05`, and not 20 and 5.
pub(super) fn has_decimal_commas(dialect: Dialect, rows: &[ByteRecord]) -> bool {
    let decimals = |row: &ByteRecord| match (row.len(), row.get(0), row.get(1)) {
        (2, Some(whole), Some(decimals)) => {
            let whole = whole.strip_prefix(b"-").unwrap_or(whole);
            let is_digits = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
            (is_digits(whole) && is_digits(decimals)).then(|| decimals.to_vec())
        }
        _ => None,
    };
    let Some(decimals) = rows.iter().map(decimals).collect::<Option<Vec<_>>>() else {
        return false;
    };
    let has_zero = |decimals: &Vec<u8>| decimals.len() > 1 && decimals[0] == b'0';
    dialect.delimiter == b',' && dialect.decimal == b'.' && decimals.iter().any(has_zero)
}

/// Whether the first column has no name and nothing but different whole numbers, as data frames write their index.
pub(super) fn is_index(dialect: Dialect, header: &ByteRecord, behind: &[ByteRecord]) -> bool {
    let nameless = header.len() > 1
        && header
            .get(0)
            .is_some_and(|name| name.trim_ascii().is_empty());
    let numbers = behind
        .iter()
        .map(|row| row.get(0).and_then(|field| dialect.number(field)));
    let numbers =
        numbers.map(|number| number.filter(|number| *number >= 0.0 && number.fract() == 0.0));
    let Some(mut numbers) = numbers.collect::<Option<Vec<f64>>>() else {
        return false;
    };
    numbers.sort_by(f64::total_cmp);
    nameless && numbers.windows(2).all(|pair| pair[0] != pair[1])
}
