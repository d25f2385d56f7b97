//! A table that is read row by row.

use std::path::Path;

use csv::{ByteRecord, ErrorKind, Reader};

use super::dialect::Dialect;
use super::first_row::{is_header, is_index};
use super::head::Text;
use crate::dataset::Dataset;
use crate::error::{DataError, counted, quoted};
use crate::input::Input;
use crate::table_options::TableOptions;

/// A table that is read row by row.
pub(super) struct Table<'a> {
    subject: &'a str,
    dialect: Dialect,
    reader: Reader<Text<'a>>,
    /// The last that was read.
    record: ByteRecord,
    /// Fields of the first record, and so of all.
    cols: Option<usize>,
    header: Option<ByteRecord>,
    /// Which fields become values, and in which order; all, where nothing says otherwise.
    chosen: Option<Vec<usize>>,
    /// What was guessed and left out.
    notes: Vec<String>,
}

impl<'a> Table<'a> {
    /// Looks at the first rows, and reads the header where there is one.
    pub(super) fn new(input: Input<'a>, options: &TableOptions) -> Result<Self, DataError> {
        let subject = input.subject;
        let (text, lines) = Text::new(input)?;
        let dialect = Dialect::of(&lines, options);
        let rows = dialect.rows(&lines);
        let has_header = match options.header {
            Some(has_header) => has_header,
            None => is_header(dialect, &rows, subject)?,
        };
        let mut table = Self {
            subject,
            dialect,
            reader: dialect.reader().from_reader(text),
            record: ByteRecord::new(),
            cols: None,
            header: None,
            chosen: None,
            notes: dialect.note().into_iter().collect(),
        };
        if has_header && table.read_record()? {
            let header = table.record.clone();
            let index = is_index(dialect, &header, &rows[1.min(rows.len())..]);
            if index {
                table.notes.push("the first column has no name and counts the rows: it is an index, and not learned from".into());
                table.chosen = Some((1..header.len()).collect());
            }
            table.header = Some(header);
        }
        if let Some(wanted) = &options.columns {
            table.choose(wanted)?;
        }
        Ok(table)
    }

    pub(super) fn subject(&self) -> &'a str {
        self.subject
    }

    /// Chooses columns by their names.
    fn choose(&mut self, wanted: &[String]) -> Result<(), DataError> {
        let Some(names) = self.names() else {
            let why = match self.header {
                Some(_) => "not every column has a name of its own",
                None => "it has no names of columns",
            };
            self.notes
                .push(format!("{why}: they are matched by their position"));
            return Ok(());
        };
        let fields = self.fields();
        let place = |name: &String| names.iter().position(|own| own == name);
        let missing: Vec<String> = wanted
            .iter()
            .filter(|name| place(name).is_none())
            .cloned()
            .collect();
        if !missing.is_empty() {
            return Err(DataError::MissingColumns {
                subject: self.subject.to_owned(),
                missing,
                names,
            });
        }
        let chosen: Vec<usize> = wanted
            .iter()
            .filter_map(place)
            .map(|at| fields[at])
            .collect();
        let extra: Vec<String> = names
            .iter()
            .filter(|name| !wanted.contains(name))
            .map(|name| format!("`{name}`"))
            .collect();
        if !extra.is_empty() {
            self.notes.push(format!(
                "left out, as the model does not know them: {}",
                extra.join(", ")
            ));
        }
        if !chosen.is_sorted() {
            self.notes
                .push("its columns are put into the model's order".into());
        }
        self.chosen = Some(chosen);
        Ok(())
    }

    /// The numbers of the fields that become values.
    fn fields(&self) -> Vec<usize> {
        match &self.chosen {
            Some(chosen) => chosen.clone(),
            None => (0..self.cols.unwrap_or(0)).collect(),
        }
    }

    /// The names of the columns, where each has one of its own.
    fn names(&self) -> Option<Vec<String>> {
        let header = self.header.as_ref()?;
        let name = |&field: &usize| {
            Some(String::from_utf8_lossy(header.get(field)?.trim_ascii()).into_owned())
        };
        let names: Vec<String> = self.fields().iter().map(name).collect::<Option<_>>()?;
        let mut sorted: Vec<&String> = names.iter().collect();
        sorted.sort_unstable();
        let distinct = sorted.windows(2).all(|pair| pair[0] != pair[1]);
        (distinct && !names.iter().any(String::is_empty)).then_some(names)
    }

    /// Reads the next row of values, or gives `false` behind the last.
    pub(super) fn read_row(&mut self, row: &mut Vec<f32>) -> Result<bool, DataError> {
        if !self.read_record()? {
            return Ok(false);
        }
        row.clear();
        match &self.chosen {
            None => {
                for (column, field) in self.record.iter().enumerate() {
                    row.push(self.value(column, field.trim_ascii())?);
                }
            }
            Some(chosen) => {
                for &column in chosen {
                    let field = self.record.get(column).unwrap_or_default();
                    row.push(self.value(column, field.trim_ascii())?);
                }
            }
        }
        Ok(true)
    }

    /// `dataset` with what is known of its columns.
    pub(super) fn describe(self, dataset: Dataset) -> Dataset {
        let names = self.names();
        dataset.with_columns(names, self.notes)
    }

    /// That there is nothing to learn from.
    pub(super) fn without_rows(&self) -> DataError {
        let seen = self.header.as_ref().map_or("nothing", |_| "only a header");
        self.refused("rows", seen, "one row of numbers or more")
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
        if self.dialect.delimiter == b' ' {
            let position = self.record.position().cloned();
            self.record = self.dialect.fields(&self.record);
            self.record.set_position(position);
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
        let expected = match self.dialect.number(field) {
            Some(value) if value.is_finite() => return Ok(value),
            Some(_) => "a finite number within the range of f32",
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
