//! Tables of numbers in CSV.

use std::io::{self, Chain, Cursor, Read};
use std::path::Path;

use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};

use super::format::Format;
use crate::dataset::Dataset;
use crate::error::{DataError, counted, quoted};
use crate::float_buffer::FloatBuffer;
use crate::input::Input;
use crate::load_options::LoadOptions;

/// One example a row.
pub(crate) static CSV: Format = Format {
    name: "CSV",
    endings: &[".csv"],
    other_endings: &[],
    signatures: &[],
    read: |path, subject, options| read(Input::open(path, subject)?, options),
};

/// Reads a table, one example a row, with or without a header.
///
/// The first row is a header when one of its fields is text, that is neither empty nor a number. Empty lines are
/// skipped.
fn read(input: Input<'_>, options: &LoadOptions) -> Result<Dataset, DataError> {
    let subject = input.subject;
    let refused = |place: String, seen: String, expected: &str| {
        Err(DataError::invalid(subject, place, seen, expected))
    };
    let text = Text::new(input).map_err(|error| DataError::read(Path::new(subject), error))?;
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        // Rows of unequal length are refused here, with better words.
        .flexible(true)
        .buffer_capacity(1 << 16)
        .from_reader(text);
    let mut record = ByteRecord::new();
    let mut header: Option<ByteRecord> = None;
    let mut cols = None;
    let mut floats = FloatBuffer::new(subject, options.memory);
    let mut row = Vec::new();
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                return match error.into_kind() {
                    ErrorKind::Io(error) => Err(DataError::read(Path::new(subject), error)),
                    // Rows of bytes, of any length, can be read; this is for errors yet to be invented.
                    kind => refused("text".into(), format!("{kind:?}"), "rows of numbers"),
                };
            }
        }
        let is_first = cols.is_none();
        let expected = *cols.get_or_insert(record.len());
        if record.len() != expected {
            return refused(
                format!("line {}", line(&reader, &record)),
                counted(record.len() as u64, "field"),
                &format!("{}, as in the first row", counted(expected as u64, "field")),
            );
        }
        if is_first
            && record
                .iter()
                .any(|field| !field.trim_ascii().is_empty() && number(field).is_none())
        {
            header = Some(record.clone());
            continue;
        }
        row.clear();
        for (column, field) in record.iter().enumerate() {
            let field = field.trim_ascii();
            let expected = match number(field) {
                Some(value) if value.is_finite() => {
                    row.push(value);
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
                format!("line {}, column {column}", line(&reader, &record)),
                seen,
                expected,
            );
        }
        floats.push(&row)?;
    }
    let Some(cols) = cols.filter(|_| floats.count() > 0) else {
        let seen = if header.is_some() {
            "only a header"
        } else {
            "nothing"
        };
        return refused("rows".into(), seen.into(), "one row of numbers or more");
    };
    floats.into_dataset(vec![cols])
}

fn number(field: &[u8]) -> Option<f32> {
    std::str::from_utf8(field.trim_ascii()).ok()?.parse().ok()
}

/// A column by its name where it has one, else by its number from 1.
fn column_name(header: Option<&ByteRecord>, column: usize) -> String {
    match header.and_then(|header| Some(header.get(column)?.trim_ascii())) {
        Some(name) if !name.is_empty() => quoted(name),
        _ => (column + 1).to_string(),
    }
}

/// The line, from 1, of the record just read.
///
/// The reader counts the lines that it has gone through: with the end of the record's line, where that is `\n`, and with
/// those within quotes.
fn line(reader: &Reader<Text<'_>>, record: &ByteRecord) -> u64 {
    let position = reader.position();
    let is_newline = |&&byte: &&u8| byte == b'\n';
    let within = record.as_slice().iter().filter(is_newline).count() as u64;
    let ended = reader.get_ref().byte_before(position.byte()) == Some(b'\n');
    position.line() - within - u64::from(ended)
}

/// The text of a file without its byte order mark, that knows what it gave last.
struct Text<'a> {
    input: Chain<Cursor<Vec<u8>>, Box<dyn Read + 'a>>,
    last: Vec<u8>,
    /// Bytes before `last`.
    before: u64,
}

impl<'a> Text<'a> {
    fn new(input: Input<'a>) -> io::Result<Self> {
        let mut input = input.into_reader();
        let mut start = Vec::new();
        input.by_ref().take(3).read_to_end(&mut start)?;
        // The reader would skip the mark too, but then its positions would not count it.
        if start == b"\xef\xbb\xbf" {
            start.clear();
        }
        Ok(Self {
            input: Cursor::new(start).chain(input),
            last: Vec::new(),
            before: 0,
        })
    }

    fn byte_before(&self, position: u64) -> Option<u8> {
        let at = position.checked_sub(self.before + 1)?;
        self.last.get(at as usize).copied()
    }
}

impl Read for Text<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        if count > 0 {
            self.before += self.last.len() as u64;
            self.last.clear();
            self.last.extend_from_slice(&buffer[..count]);
        }
        Ok(count)
    }
}
