//! The rows of a table of text.

use std::collections::HashSet;
use std::path::Path;

use csv::{ByteRecord, ErrorKind, Reader};

use super::super::table::{INDEX, NOT_UTF8, Records};
use super::dialect::Dialect;
use super::first_row::{has_decimal_commas, is_header, is_index};
use super::head::Text;
use crate::error::{DataError, grouped, quoted};
use crate::input::Input;
use crate::table_options::TableOptions;

/// Columns of a table.
const MOST_COLUMNS: usize = 1 << 20;

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
    /// Lines that the reader has gone through, and where the row just read begins, if its last field goes on in other lines.
    lines: u64,
    open: Option<u64>,
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
            None if has_names(&rows, options) => true,
            None => is_header(dialect, &rows, subject)?,
        };
        let is_free = options.delimiter.is_none() && options.decimal.is_none();
        if is_free && !has_header && has_decimal_commas(dialect, &rows) {
            let subject = subject.to_owned();
            return Err(DataError::AmbiguousComma { subject });
        }
        let fields = rows.first().map_or(0, ByteRecord::len);
        let header_row = rows.first().filter(|_| has_header);
        check_first_row(subject, fields, header_row)?;
        let header = (has_header && !rows.is_empty()).then(|| rows.remove(0));
        let mut table = Self {
            subject,
            dialect,
            reader: dialect.reader().from_reader(text),
            fields,
            has_index: header.as_ref().is_some_and(|header| {
                is_index(dialect, header, &rows) && (!rows.is_empty() || knows_index(options))
            }),
            first_rows: rows,
            last_line: 0,
            lines: 0,
            open: None,
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
            Ok(false) => return self.check_end().map(|()| false),
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
        let lines = self.reader.position().line();
        self.open = match lines > self.lines + 1 {
            true => {
                let last = record.iter().next_back().unwrap_or_default();
                last.contains(&b'\n').then(|| lines - newlines(record))
            }
            false => None,
        };
        self.lines = lines;
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

    /// Refuses a last row that goes on to the end of the file within quotes.
    fn check_end(&self) -> Result<(), DataError> {
        match self.open {
            Some(line) if self.reader.get_ref().last_byte() != Some(b'"') => {
                Err(DataError::invalid(
                    self.subject,
                    format!("line {line}"),
                    "a quote that opens a field and is not closed",
                    "one that closes it",
                ))
            }
            _ => Ok(()),
        }
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

/// Refuses more columns than there may be, and names that are not in UTF-8.
fn check_first_row(
    subject: &str,
    fields: usize,
    header: Option<&ByteRecord>,
) -> Result<(), DataError> {
    let refuse = |place, seen, expected| Err(DataError::invalid(subject, place, seen, expected));
    if fields > MOST_COLUMNS {
        let expected = format!("at most {}", grouped(MOST_COLUMNS as u64));
        return refuse("columns", grouped(fields as u64), expected);
    }
    let mut names = header.into_iter().flatten();
    match names.find(|name| std::str::from_utf8(name).is_err()) {
        Some(name) => refuse("names of columns", quoted(name), NOT_UTF8.into()),
        None => Ok(()),
    }
}

/// Whether a schema has the index of a data frame.
fn knows_index(options: &TableOptions) -> bool {
    let mut columns = options.schema.iter().flat_map(|schema| &schema.columns);
    columns.any(|column| column.name == INDEX)
}

/// Whether the first of `rows` has the names of all columns that a schema learns from.
pub(super) fn has_names(rows: &[ByteRecord], options: &TableOptions) -> bool {
    let Some((schema, first)) = options.schema.as_ref().zip(rows.first()) else {
        return false;
    };
    let names: HashSet<&[u8]> = first.iter().map(<[u8]>::trim_ascii).collect();
    let mut learned = schema.learned();
    schema.header && learned.all(|column| names.contains(column.name.as_bytes()))
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
        let mut names: Vec<String> = header.iter().map(name).collect();
        // So a header is a comment to many programs.
        if let Some(name) = names.first().and_then(|name| name.strip_prefix('#')) {
            names[0] = name.trim().to_owned();
        }
        Some(names)
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
        self.dialect.note(self.fields).into_iter().collect()
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
