//! Tables of numbers in CSV.

use csv::{ByteRecord, ReaderBuilder, Trim};

use crate::error::{counted, quoted};
use crate::reading::Input;
use crate::{DataError, Dataset};

/// Reads a table, one example a row, with or without a header.
///
/// The first row is a header when one of its fields is text, that is neither empty nor a number. Empty lines are
/// skipped.
pub(crate) fn read(mut input: Input<'_>) -> Result<Dataset, DataError> {
    let subject = input.subject;
    let text = input.rest()?;
    // The reader would skip the mark too, but then its positions would not count it.
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    let refused = |place: String, seen: String, expected: &str| {
        Err(DataError::invalid(subject, place, seen, expected))
    };
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        // Rows of unequal length are refused here, with better words.
        .flexible(true)
        .trim(Trim::All)
        .from_reader(text);
    let mut record = ByteRecord::new();
    let mut header: Option<ByteRecord> = None;
    let mut cols = None;
    let mut values = Vec::new();
    loop {
        let start = reader.position().byte();
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            // Bytes in memory, of rows of any length, can be read; this is for errors yet to be invented.
            Err(error) => return refused("text".into(), error.to_string(), "rows of numbers"),
        }
        let is_first = cols.is_none();
        let expected = *cols.get_or_insert(record.len());
        if record.len() != expected {
            return refused(
                format!("line {}", line(text, start)),
                counted(record.len() as u64, "field"),
                &format!("{}, as in the first row", counted(expected as u64, "field")),
            );
        }
        if is_first
            && record
                .iter()
                .any(|field| !field.is_empty() && number(field).is_none())
        {
            header = Some(record.clone());
            continue;
        }
        for (column, field) in record.iter().enumerate() {
            let expected = match number(field) {
                Some(value) if value.is_finite() => {
                    values.push(value);
                    continue;
                }
                Some(_) => "a finite number within the range of f32",
                None if cols == Some(1) && field.iter().any(|byte| b";\t".contains(byte)) => {
                    "a number; columns are parted by commas"
                }
                None => "a number",
            };
            let column = column_name(header.as_ref(), column);
            let seen = match field {
                [] => "nothing".to_owned(),
                _ => quoted(field),
            };
            return refused(
                format!("line {}, column {column}", line(text, start)),
                seen,
                expected,
            );
        }
    }
    let Some(cols) = cols.filter(|_| !values.is_empty()) else {
        let seen = if header.is_some() {
            "only a header"
        } else {
            "nothing"
        };
        return refused("rows".into(), seen.into(), "one row of numbers or more");
    };
    Dataset::from_floats(subject, vec![cols], values)
}

fn number(field: &[u8]) -> Option<f32> {
    std::str::from_utf8(field).ok()?.parse().ok()
}

/// A column by its name where it has one, else by its number from 1.
fn column_name(header: Option<&ByteRecord>, column: usize) -> String {
    match header.and_then(|header| header.get(column)) {
        Some(name) if !name.is_empty() => quoted(name),
        _ => (column + 1).to_string(),
    }
}

/// The line, from 1, of the row that the reader found from byte `start` on.
///
/// The reader's own line is where it began to look: before empty lines, and before the second half of `\r\n`.
fn line(text: &[u8], start: u64) -> usize {
    let (before, after) = text.split_at(start as usize);
    let skipped = after
        .iter()
        .take_while(|byte| matches!(byte, b'\r' | b'\n'));
    1 + before
        .iter()
        .chain(skipped)
        .filter(|&&byte| byte == b'\n')
        .count()
}
