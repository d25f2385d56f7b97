//! The rows of a table of text.

use std::path::Path;

use csv::{ByteRecord, ErrorKind, Reader};

use super::super::table::Records;
use super::dialect::Dialect;
use super::first_row::{is_header, is_index};
use super::head::Text;
use crate::error::DataError;
use crate::input::Input;
use crate::table_options::TableOptions;

/// The rows of a table of text.
pub(super) struct Rows<'a> {
    subject: &'a str,
    dialect: Dialect,
    reader: Reader<Text<'a>>,
    /// Fields of the first row.
    fields: usize,
    header: Option<ByteRecord>,
    has_index: bool,
    first_rows: Vec<ByteRecord>,
    /// The line that the last row ends on.
    last_line: u64,
    /// In a table of one column: a row that was read, and how many empty lines before it are yet to come, each a gap.
    pending: Option<(ByteRecord, u64)>,
}

impl<'a> Rows<'a> {
    /// Looks at the first rows, and reads the header where there is one.
    pub(super) fn new(input: Input<'a>, options: &TableOptions) -> Result<Self, DataError> {
        let subject = input.subject;
        let (text, lines) = Text::new(input)?;
        let dialect = Dialect::of(&lines, options);
        let mut rows = dialect.rows(&lines);
        let has_header = match options.header {
            Some(has_header) => has_header,
            None => is_header(dialect, &rows, subject)?,
        };
        let fields = rows.first().map_or(0, ByteRecord::len);
        let header = (has_header && !rows.is_empty()).then(|| rows.remove(0));
        let mut table = Self {
            subject,
            dialect,
            reader: dialect.reader().from_reader(text),
            fields,
            has_index: header
                .as_ref()
                .is_some_and(|header| is_index(dialect, header, &rows)),
            first_rows: rows,
            last_line: 0,
            pending: None,
            header: None,
        };
        if header.is_some() {
            table.read_record(&mut ByteRecord::new())?;
        }
        table.header = header;
        Ok(table)
    }

    /// Reads the next record, without the empty lines before it.
    fn read_record(&mut self, record: &mut ByteRecord) -> Result<bool, DataError> {
        match self.reader.read_byte_record(record) {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(error) => {
                return Err(match error.into_kind() {
                    ErrorKind::Io(error) => DataError::read(Path::new(self.subject), error),
                    // None that rows of bytes, of any length, can have today.
                    kind => {
                        let seen = format!("{kind:?}");
                        DataError::invalid(self.subject, "text", seen, "rows of fields")
                    }
                });
            }
        }
        if self.dialect.delimiter == b' ' {
            let position = record.position().cloned();
            *record = self.dialect.fields(record);
            record.set_position(position);
        }
        if self.fields == 0 {
            self.fields = record.len();
        }
        if self.fields == 1 {
            let line = self.line(record);
            let gaps = line.saturating_sub(self.last_line + 1);
            self.last_line = line + newlines(record);
            // What is before the first row separates nothing.
            if gaps > 0 && (self.header.is_some() || self.last_line > gaps + 1) {
                self.pending = Some((record.clone(), gaps));
            }
        }
        Ok(true)
    }

    /// The line, from 1, of the record just read.
    ///
    /// The reader counts the lines that it has gone through: with the end of the record's line, where that is `\n`, and
    /// with those within quotes.
    fn line(&self, record: &ByteRecord) -> u64 {
        let position = self.reader.position();
        let text = self.reader.get_ref();
        let ended = text.byte_before(position.byte()) == Some(b'\n');
        position.line() - newlines(record) - u64::from(ended)
    }
}

/// Ends of lines within a record.
fn newlines(record: &ByteRecord) -> u64 {
    let is_newline = |&&byte: &&u8| byte == b'\n';
    record.as_slice().iter().filter(is_newline).count() as u64
}

impl Records for Rows<'_> {
    fn subject(&self) -> &str {
        self.subject
    }

    fn names(&self) -> Option<Vec<String>> {
        let name = |name: &[u8]| String::from_utf8_lossy(name.trim_ascii()).into_owned();
        let header = self.header.as_ref()?;
        Some(header.iter().map(name).collect())
    }

    fn fields(&self) -> usize {
        self.fields
    }

    fn has_index(&self) -> bool {
        self.has_index
    }

    fn first_rows(&self) -> &[ByteRecord] {
        &self.first_rows
    }

    fn decimal(&self) -> u8 {
        self.dialect.decimal
    }

    fn notes(&self) -> Vec<String> {
        self.dialect.note().into_iter().collect()
    }

    fn next(&mut self, record: &mut ByteRecord) -> Result<bool, DataError> {
        if self.pending.is_none() && !self.read_record(record)? {
            return Ok(false);
        }
        match self.pending.take() {
            Some((held, 0)) => *record = held,
            Some((held, gaps)) => {
                *record = ByteRecord::from(vec![""]);
                self.pending = Some((held, gaps - 1));
            }
            None => {}
        }
        Ok(true)
    }

    fn place(&self, record: &ByteRecord) -> String {
        format!("line {}", self.line(record))
    }
}
