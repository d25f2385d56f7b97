//! Rows of a table that is being written.

use std::io::Read;

use csv::ByteRecord;
use latentia_tensor::{Column, Schema};

use super::super::table::{Records, RowParser};
use super::dialect::{DELIMITERS, Dialect};
use super::line_records::{LineRecords, Step};
use super::rows::{Rows, has_names};
use crate::error::DataError;
use crate::input::Input;
use crate::table::TableRow;
use crate::table_options::TableOptions;

/// Reads the rows of a table, a CSV, as they come: each is given as soon as its line has ended. Memory is bounded, however many come.
///
/// A field is read as in a file of a table that a schema is given for, but for levels that it does not know: a row with such a
/// one is refused, as one that cannot be read is. Columns are matched by the names that the first line has, or by their position where
/// it or the schema has none. The delimiter follows from the first line, where the options do not say it, and the byte before
/// decimals from the first row that only one of both can read.
///
/// ```
/// use latentia_data::{Carry, Column, ColumnKind, RowReader, Schema, TableOptions};
///
/// let kinds = [("part", ColumnKind::Id), ("width", ColumnKind::Number), ("height", ColumnKind::Number)];
/// let columns = kinds.map(|(name, kind)| Column::new(name, kind)).to_vec();
/// let schema = Schema { header: true, columns, ..Schema::default() };
/// let options = TableOptions { carry: Carry::Names, ..TableOptions::default() };
///
/// let input = "height;part;width\n0,5;bolt;1,25\n7;nut;wide\n3;rod;\n";
/// let mut reader = RowReader::new(input.as_bytes(), "parts", &schema, &options)?;
/// let bolt = reader.next_row()?.expect("a row")?;
/// assert_eq!((bolt.id.as_deref(), bolt.elements), (Some("bolt"), vec![1.25, 0.5]));
///
/// // A row that cannot be read is not the end.
/// let refused = reader.next_row()?.expect("a row").expect_err("no number");
/// assert_eq!(refused.to_string(), "`parts`: line 3, column `width`: found `wide`, expected a number");
/// let rod = reader.next_row()?.expect("a row")?;
/// assert!(rod.elements[0].is_nan());
/// assert!(reader.next_row()?.is_none());
/// # Ok::<(), latentia_data::DataError>(())
/// ```
pub struct RowReader<R> {
    subject: String,
    records: LineRecords<R>,
    parser: RowParser,
    dialect: Dialect,
    /// Whether it is known what stands before decimals.
    is_decimal_known: bool,
    record: ByteRecord,
    /// In a table of one column: how many empty lines are yet to come before `record`, each a gap.
    gaps: u64,
    /// Whether `record` is yet to come.
    is_held: bool,
    /// Whether there was a record before, header or row: empty lines before the first mean nothing.
    has_first: bool,
}

impl<R: Read> RowReader<R> {
    /// Rows of `input`, which messages call `subject`, by what `schema` says; of the options those are followed that say how a table is
    /// written, what is missing and what is carried along. Waits for the first line.
    ///
    /// # Errors
    /// When the input cannot be read or is empty, a column that is learned from is not there, or numbers of columns differ where they
    /// are matched by position.
    pub fn new(
        input: R,
        subject: &str,
        schema: &Schema,
        options: &TableOptions,
    ) -> Result<Self, DataError> {
        let mut records = LineRecords::new(input, subject);
        let line = records.first_line()?;
        let refuse =
            |place, seen, expected| Err(DataError::invalid(subject, place, seen, expected));
        if line.is_empty() {
            return refuse("rows", "nothing", "a header, or one row of values or more");
        }
        if line.starts_with(b"\x1f\x8b") {
            return refuse("text", "gzip", "lines of text, as `gunzip` gives them");
        }
        let mut options = TableOptions {
            schema: Some(schema.clone()),
            ..options.clone()
        };
        let delimiter = delimiter(subject, line, schema, &options);
        options.delimiter = Some(delimiter);
        records.part_by(delimiter);
        let mut first = ByteRecord::new();
        if !next_record(&mut records, &mut first)? {
            return Err(unclosed(subject, records.last_line()));
        }
        let (parser, dialect, has_header) = begin(subject, records.last_text(), schema, &options)?;
        if !has_header {
            records.unread();
        }
        // Spaces before a field are fields to who parts them.
        if delimiter != b' ' {
            records.let_span(parser.may_span().to_vec());
        }
        Ok(Self {
            subject: subject.to_owned(),
            records,
            parser,
            dialect,
            is_decimal_known: options.decimal.is_some() || delimiter == b',',
            record: ByteRecord::new(),
            gaps: 0,
            is_held: false,
            has_first: has_header,
        })
    }

    /// What was guessed of how the table is written, and how its columns were matched, a sentence each.
    pub fn notes(&self) -> &[String] {
        self.parser.notes()
    }

    /// The next row, once it has come, or why it cannot be read; nothing behind the last.
    ///
    /// # Errors
    /// When the input cannot be read any more, or a line is longer than 64 MB.
    pub fn next_row(&mut self) -> Result<Option<Result<TableRow, DataError>>, DataError> {
        loop {
            if let Some(row) = self.row() {
                return Ok(Some(row));
            }
            if !self.records.fill()? {
                // That was the end of a quote that is open, too.
                return Ok(self.row());
            }
        }
    }

    /// The next row where it has come already: this does not wait for one.
    pub fn next_buffered(&mut self) -> Option<Result<TableRow, DataError>> {
        loop {
            if let Some(row) = self.row() {
                return Some(row);
            }
            if !(self.records.has_line() && self.records.fill().ok()?) {
                return None;
            }
        }
    }

    /// The next row of the lines that are here.
    fn row(&mut self) -> Option<Result<TableRow, DataError>> {
        if self.gaps == 0 && !self.is_held {
            match self.records.step(&mut self.record) {
                Step::Record => {}
                Step::Unclosed => {
                    return Some(Err(unclosed(&self.subject, self.records.last_line())));
                }
                Step::Line => return None,
            }
            if self.parser.fields() == 1 && self.has_first {
                self.gaps = self.records.last_empty_lines();
                self.is_held = self.gaps > 0;
            }
            self.has_first = true;
        }
        if self.gaps > 0 {
            self.gaps -= 1;
            let gap = ByteRecord::from(vec![""]);
            return Some(self.parser.read(&gap, &String::new));
        }
        self.is_held = false;
        Some(self.parse())
    }

    /// The row that the record just read is.
    fn parse(&mut self) -> Result<TableRow, DataError> {
        if self.dialect.delimiter == b' ' {
            self.record = self.dialect.fields(&self.record);
        }
        let line = self.records.last_line();
        let place = || format!("line {line}");
        if self.is_decimal_known {
            return self.parser.read(&self.record, &place);
        }
        let rows = [b',', b'.'].map(|decimal| {
            self.parser.set_decimal(decimal);
            self.parser.read(&self.record, &place)
        });
        let [comma, point] = rows;
        self.is_decimal_known = comma.is_ok() != point.is_ok();
        match point.is_ok() || comma.is_err() {
            true => point,
            false => {
                self.parser.set_decimal(b',');
                comma
            }
        }
    }
}

/// What parts the fields of a table whose first line is `line`: what the options say, or what gives all names that the schema has, or a
/// row of its values, of several what it looks like.
fn delimiter(subject: &str, line: &[u8], schema: &Schema, options: &TableOptions) -> u8 {
    let with = |delimiter| TableOptions {
        delimiter: Some(delimiter),
        ..options.clone()
    };
    // How many of all names it gives, where it gives those of the columns that are learned from.
    let names = |delimiter| {
        let decimal = b'.';
        let rows = Dialect { delimiter, decimal }.rows(line);
        let found = |column: &&Column| {
            let mut fields = rows.iter().take(1).flatten().map(<[u8]>::trim_ascii);
            fields.any(|field| field == column.name.as_bytes())
        };
        has_names(&rows, options).then(|| schema.columns.iter().filter(found).count())
    };
    let has_values = |delimiter| by_values(subject, line, schema, &with(delimiter)).is_some();
    let by_names = DELIMITERS.into_iter().rev();
    let by_names = by_names.max_by_key(|&delimiter| names(delimiter));
    let by_names = by_names.filter(|&delimiter| names(delimiter).is_some());
    if let Some(delimiter) = options.delimiter.or(by_names) {
        return delimiter;
    }
    let by_looks = Dialect::of(line, options).delimiter;
    let mut delimiters = [by_looks].into_iter().chain(DELIMITERS);
    let by_values = delimiters.find(|&delimiter| has_values(delimiter));
    by_values.unwrap_or(by_looks)
}

/// What reads the rows of a table, how it is written, and whether its first record has the columns' names.
type Begun = (RowParser, Dialect, bool);

/// Begins to read a table whose first record is `text`, which has names as `header` says, or by its looks.
fn begin_with(
    header: Option<bool>,
    subject: &str,
    text: &[u8],
    schema: &Schema,
    options: &TableOptions,
) -> Result<Begun, DataError> {
    let options = TableOptions {
        header,
        ..options.clone()
    };
    let records = Rows::new(Input::from_reader(text, subject), &options)?;
    let parser = RowParser::new(&records, schema, &options)?;
    Ok((
        parser,
        Dialect::of(text, &options),
        records.names().is_some(),
    ))
}

/// The same, where the first record can be a row of values, and is one then.
fn by_values(subject: &str, text: &[u8], schema: &Schema, options: &TableOptions) -> Option<Begun> {
    let mut begun = begin_with(Some(false), subject, text, schema, options).ok()?;
    let first = begun.1.rows(text).into_iter().next()?;
    let is_row = begun.0.read(&first, &String::new).is_ok();
    (is_row && options.header != Some(true)).then_some(begun)
}

/// The same: where nothing is said, the first record has names if it has all of the schema's, or can be no row of values and looks
/// like names.
fn begin(
    subject: &str,
    text: &[u8],
    schema: &Schema,
    options: &TableOptions,
) -> Result<Begun, DataError> {
    let has_names = has_names(&Dialect::of(text, options).rows(text), options);
    let by_values = match has_names {
        true => None,
        false => by_values(subject, text, schema, options),
    };
    match by_values {
        Some(begun) => Ok(begun),
        None => begin_with(options.header, subject, text, schema, options),
    }
}

/// Waits for the next record, and gives `false` where a quote is not closed.
fn next_record<R: Read>(
    records: &mut LineRecords<R>,
    record: &mut ByteRecord,
) -> Result<bool, DataError> {
    loop {
        match records.step(record) {
            Step::Record => return Ok(true),
            Step::Unclosed => return Ok(false),
            // The end makes an open quote one that is not closed.
            Step::Line => records.fill()?,
        };
    }
}

fn unclosed(subject: &str, line: u64) -> DataError {
    DataError::invalid(
        subject,
        format!("line {line}"),
        "a quote that opens a field and is not closed",
        "one that closes it",
    )
}
