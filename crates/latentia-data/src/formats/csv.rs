//! CSV, a table of numbers as text.

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
    let mut table = Table::new(input)?;
    let mut floats = FloatBuffer::new(table.subject, options.memory);
    let mut row = Vec::new();
    while table.read_row(&mut row)? {
        floats.push(&row)?;
    }
    match (table.cols, &table.header) {
        (Some(cols), _) if floats.count() > 0 => floats.into_dataset(vec![cols]),
        (_, header) => {
            let seen = header.as_ref().map_or("nothing", |_| "only a header");
            Err(table.refused("rows", seen, "one row of numbers or more"))
        }
    }
}

/// A table that is read row by row.
struct Table<'a> {
    subject: &'a str,
    reader: Reader<Text<'a>>,
    /// The last that was read.
    record: ByteRecord,
    /// Fields of the first record, and so of all.
    cols: Option<usize>,
    header: Option<ByteRecord>,
}

impl<'a> Table<'a> {
    fn new(input: Input<'a>) -> Result<Self, DataError> {
        let subject = input.subject;
        let text = Text::new(input).map_err(|error| DataError::read(Path::new(subject), error))?;
        let reader = ReaderBuilder::new()
            .has_headers(false)
            // Rows of unequal length are refused here, with a clearer message.
            .flexible(true)
            .buffer_capacity(1 << 16)
            .from_reader(text);
        Ok(Self {
            subject,
            reader,
            record: ByteRecord::new(),
            cols: None,
            header: None,
        })
    }

    /// Reads the next row of values, or gives `false` behind the last.
    fn read_row(&mut self, row: &mut Vec<f32>) -> Result<bool, DataError> {
        let is_first = self.cols.is_none();
        if !self.read_record()? {
            return Ok(false);
        }
        let is_text = |field: &[u8]| !field.trim_ascii().is_empty() && number(field).is_none();
        if is_first && self.record.iter().any(is_text) {
            self.header = Some(self.record.clone());
            if !self.read_record()? {
                return Ok(false);
            }
        }
        row.clear();
        for (column, field) in self.record.iter().enumerate() {
            row.push(self.value(column, field.trim_ascii())?);
        }
        Ok(true)
    }

    /// Reads the next record, which has as many fields as the first.
    fn read_record(&mut self) -> Result<bool, DataError> {
        match self.reader.read_byte_record(&mut self.record) {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(error) => {
                return Err(match error.into_kind() {
                    ErrorKind::Io(error) => DataError::read(Path::new(self.subject), error),
                    // None that rows of bytes, of any length, can have today.
                    kind => self.refused("text", format!("{kind:?}"), "rows of numbers"),
                });
            }
        }
        let fields = |count: usize| counted(count as u64, "field");
        let expected = *self.cols.get_or_insert(self.record.len());
        if self.record.len() != expected {
            return Err(self.refused(
                format!("line {}", self.line()),
                fields(self.record.len()),
                format!("{}, as in the first row", fields(expected)),
            ));
        }
        Ok(true)
    }

    fn value(&self, column: usize, field: &[u8]) -> Result<f32, DataError> {
        let expected = match number(field) {
            Some(value) if value.is_finite() => return Ok(value),
            Some(_) => "a finite number within the range of f32",
            None if self.cols == Some(1) && field.iter().any(|byte| b";\t".contains(byte)) => {
                "a number; columns are parted by commas"
            }
            None => "a number",
        };
        let seen = match field {
            [] => "nothing".to_owned(),
            _ => quoted(field),
        };
        let place = format!("line {}, column {}", self.line(), self.column_name(column));
        Err(self.refused(place, seen, expected))
    }

    /// A column by its name where it has one, else by its number from 1.
    fn column_name(&self, column: usize) -> String {
        let header = self.header.as_ref();
        match header.and_then(|header| Some(header.get(column)?.trim_ascii())) {
            Some(name) if !name.is_empty() => quoted(name),
            _ => (column + 1).to_string(),
        }
    }

    /// The line, from 1, of the record just read.
    ///
    /// The reader counts the lines that it has gone through: with the end of the record's line, where that is `\n`, and
    /// with those within quotes.
    fn line(&self) -> u64 {
        let position = self.reader.position();
        let is_newline = |&&byte: &&u8| byte == b'\n';
        let within = self.record.as_slice().iter().filter(is_newline).count() as u64;
        let text = self.reader.get_ref();
        let ended = text.byte_before(position.byte()) == Some(b'\n');
        position.line() - within - u64::from(ended)
    }

    fn refused(
        &self,
        place: impl Into<String>,
        seen: impl Into<String>,
        expected: impl Into<String>,
    ) -> DataError {
        DataError::invalid(self.subject, place, seen, expected)
    }
}

fn number(field: &[u8]) -> Option<f32> {
    std::str::from_utf8(field.trim_ascii()).ok()?.parse().ok()
}

/// The text of a file without its byte order mark; it remembers the bytes that it gave last.
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
